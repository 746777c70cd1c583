//! Error-state Kalman filters over sums of structural components.
//!
//! A model is a sum of components, each with an exact discretisation for any step of time. The filter
//! is a scalar-observation Kalman filter in Joseph form with an exact diffuse start. Every sum runs in
//! index order, nothing is contracted into fused operations, and exp, log, sin and cos are pure Rust,
//! so the same input gives the same bits everywhere.
mod adaptive;
mod bank;
mod batch;
mod belief;
mod detector;
mod disturbance;
mod engine;
mod factored;
mod factored_rows;
mod fit;
mod fixed_lag;
mod fixed_lag_bytes;
mod forecast;
mod form;
mod gradient;
mod gradient_packed;
mod guard;
mod hindsight;
mod linear;
mod linear_em;
mod manifold;
mod model;
mod motion;
mod optimise;
mod orthogonal;
mod outputs;
mod packed;
mod party;
mod record;
mod rewind;
mod robust;
mod run;
mod seen;
mod simulation;
mod smooth;
mod smooth_run;
mod step;
mod steps;
mod stream;
mod surprise;
mod tails;
mod transition;
mod vector;
mod vector_stream;

pub use adaptive::Adaptive;
pub use bank::{Bank, BankOutcome};
pub use batch::{Batch, run_batch, within};
pub use belief::{Belief, state_hash};
pub use detector::Detector;
pub use disturbance::{Disturbances, Scores, disturbances, scores};
pub use factored::Factor;
pub use fit::{Fitted, Free, fit, scale_of};
pub use fixed_lag::FixedLag;
pub use forecast::{Forecast, combine, forecast};
pub use guard::{Guard, Guarded, Judgement};
pub use linear::{Linear, LinearRows, record_linear, run_linear, through};
pub use linear_em::{LinearFree, LinearRound, linear_round};
pub use manifold::{Coordinate, box_minus, box_plus};
pub use model::{Component, Initial, Kind, Model};
pub use outputs::{Moves, Noises, OutputsRun, Recorded};
pub use rewind::{Row, Timeline};
pub use robust::Robust;
pub use run::{Keep, Run, Series, begin, run};
pub use simulation::simulate_states;
pub use smooth::Smoothed;
pub use smooth_run::{smooth, smooth_signal};
pub use steps::{Stepped, Steps, error_steps};
pub use stream::{Observed, Stream};
pub use surprise::{Surprise, SurpriseSettings, Surprised};
pub use tails::{chi_square_tail, gamma_tail, student_tail};
pub use vector::{VectorModel, VectorSeries, record_vector, run_vector};
pub use vector_stream::{VectorSeen, VectorStream};

/// Nanoseconds in a day: models speak in days, times are nanoseconds.
pub const NS_PER_DAY: f64 = 86_400e9;

/// More states than this are refused: the cost of one step grows with the square.
pub const STATES_MAX: usize = 64;

/// Values and standard deviations beyond this are refused, so that squares stay finite.
pub const MAGNITUDE_MAX: f64 = 1e100;

/// Why a filter cannot go on.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterError {
    /// An argument is not what it must be.
    Argument {
        /// The name of the argument.
        argument: &'static str,
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
    },
    /// The observations so far do not determine every diffuse state.
    Diffuse {
        /// How many directions of the state are still unknown.
        left: usize,
    },
    /// A number left the finite range at one observation of one of many series.
    DivergedIn {
        /// The series in which it happened.
        series: usize,
        /// The row at which it happened.
        row: usize,
    },
    /// A number left the finite range at one observation.
    Diverged {
        /// The row at which it happened.
        row: usize,
    },
}

/// Answer whether a number is within the limit; NaN is not.
pub(crate) fn is_sound(value: f64) -> bool {
    value.abs() <= MAGNITUDE_MAX
}

pub(crate) fn refuse(argument: &'static str, expected: &str, got: impl ToString) -> FilterError {
    FilterError::Argument { argument, expected: expected.to_owned(), got: got.to_string() }
}
