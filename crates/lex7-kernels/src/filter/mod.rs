//! The step of a Kalman filter over packed moments, written once for one series and for many.
//!
//! The text is generic over [`Lane`]: an `f64` is one series, a vector register is four or eight series
//! side by side. Every lane goes through the same operations in the same order, so a series has the same
//! bits alone and among neighbours, and at every [`crate::Level`].
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

mod batch;
mod lane;
mod log_sum;
mod step;

pub use batch::{Group, LANES_MAX, Notes, follow, kept_numbers, lanes};
pub use lane::Lane;
pub use log_sum::LogSum;
pub use step::{Look, Moments, Motion, SIZE, is_tame, learn, look, predict};

/// Whether moments of so many pairs and singles have a compiled step.
pub fn has_step(pairs: usize, singles: usize) -> bool {
    pairs + singles > 0 && singles <= 4 && 2 * pairs + singles <= SIZE
}

/// Call a function with the numbers of pairs and singles as constants.
///
/// Only for shapes of which [`has_step`] is true; others are unreachable.
#[macro_export]
macro_rules! shaped {
    ($shape:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $shape {
            (0, 1) => $function::<0, 1>($($argument),*),
            (0, 2) => $function::<0, 2>($($argument),*),
            (0, 3) => $function::<0, 3>($($argument),*),
            (0, 4) => $function::<0, 4>($($argument),*),
            (1, 0) => $function::<1, 0>($($argument),*),
            (1, 1) => $function::<1, 1>($($argument),*),
            (1, 2) => $function::<1, 2>($($argument),*),
            (1, 3) => $function::<1, 3>($($argument),*),
            (1, 4) => $function::<1, 4>($($argument),*),
            (2, 0) => $function::<2, 0>($($argument),*),
            (2, 1) => $function::<2, 1>($($argument),*),
            (2, 2) => $function::<2, 2>($($argument),*),
            (2, 3) => $function::<2, 3>($($argument),*),
            (2, 4) => $function::<2, 4>($($argument),*),
            (3, 0) => $function::<3, 0>($($argument),*),
            (3, 1) => $function::<3, 1>($($argument),*),
            (3, 2) => $function::<3, 2>($($argument),*),
            (4, 0) => $function::<4, 0>($($argument),*),
            _ => unreachable!("only shapes with a compiled step come here"),
        }
    };
}
