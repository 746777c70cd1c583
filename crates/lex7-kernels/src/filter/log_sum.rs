//! The logarithm of a product of variances, with one logarithm at the end.
use super::Lane;

/// A running product of positive normal numbers, kept as mantissa and exponent, and a sum beside it.
///
/// The product loses one unit in the last place per factor at most, so a hundred thousand factors leave
/// its logarithm right to 1e-11, which adding up logarithms does not do better.
#[derive(Debug, Clone, Copy)]
pub struct LogSum<L> {
    mantissa: L,
    exponent: L,
    squares: L,
}

impl<L: Lane> LogSum<L> {
    /// An empty product and an empty sum.
    #[inline(always)]
    pub fn new() -> Self {
        LogSum { mantissa: L::splat(1.0), exponent: L::splat(0.0), squares: L::splat(0.0) }
    }

    /// Multiply by a variance, and add a normalised square.
    #[inline(always)]
    pub fn add(&mut self, variance: L, square: L) {
        let (mantissa, exponent) = (self.mantissa * variance).split();
        self.mantissa = mantissa;
        self.exponent = self.exponent + exponent;
        self.squares = self.squares + square;
    }

    /// Go on from [`LogSum::parts`].
    #[inline(always)]
    pub fn from_parts(mantissa: L, exponent: L, squares: L) -> Self {
        LogSum { mantissa, exponent, squares }
    }

    /// Mantissa in [1, 2), exponent, and the sum of squares.
    #[inline(always)]
    pub fn parts(&self) -> (L, L, L) {
        (self.mantissa, self.exponent, self.squares)
    }

    /// This where `chosen` says so, else the other.
    #[inline(always)]
    pub fn select(chosen: L::Mask, this: &Self, other: &Self) -> Self {
        LogSum {
            mantissa: L::select(chosen, this.mantissa, other.mantissa),
            exponent: L::select(chosen, this.exponent, other.exponent),
            squares: L::select(chosen, this.squares, other.squares),
        }
    }
}

impl<L: Lane> Default for LogSum<L> {
    fn default() -> Self {
        Self::new()
    }
}
