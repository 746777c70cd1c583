//! Points with rational coordinates, and exact row comparisons made cheap by fixed-point intervals.
use super::problem::Problem;
use super::ratio::Ratio;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// One rational coordinate per column, in column units (not in steps).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub(super) coordinates: Vec<Ratio>,
    fixed: Vec<i128>,
    fixed_bits: u64,
}

/// Bits that coordinates may use in fixed point: 2^31 × 2^80 × 2^10 columns stays below 2^127.
const FIXED_BITS_MAX: u64 = 80;

impl Point {
    pub(super) fn new(coordinates: Vec<Ratio>) -> Self {
        let magnitude =
            coordinates.iter().map(|x| (x.num.bits() + 1).saturating_sub(x.den.bits())).max().unwrap_or(0);
        let fixed_bits = FIXED_BITS_MAX.saturating_sub(magnitude).min(62);
        let fixed = if magnitude > FIXED_BITS_MAX {
            Vec::new()
        } else {
            let floor = |x: &Ratio| (&x.num << fixed_bits).div_floor(&x.den).to_i128().unwrap_or(0);
            coordinates.iter().map(floor).collect()
        };
        Self { coordinates, fixed, fixed_bits }
    }

    /// Numerator and denominator of each coordinate, in column units.
    pub fn fractions(&self) -> Vec<(BigInt, BigInt)> {
        self.coordinates.iter().map(|x| (x.num.clone(), x.den.clone())).collect()
    }

    /// Compare the row's activity with its bound: `Greater` is a violation, `Equal` is tight.
    pub(super) fn compare_row(&self, problem: &Problem, row: usize) -> Ordering {
        self.compare_fixed(problem, row).unwrap_or_else(|| {
            let excess = self.excess(problem, row);
            excess.num.cmp(&BigInt::zero())
        })
    }

    /// The exact amount by which a row's activity exceeds its bound.
    pub(super) fn excess(&self, problem: &Problem, row: usize) -> Ratio {
        let mut shared = BigInt::from(1);
        for x in &self.coordinates {
            shared = shared.lcm(&x.den);
        }
        let mut total = -&shared * BigInt::from(problem.bounds[row]);
        for (&a, x) in problem.row(row).iter().zip(&self.coordinates) {
            if a != 0 && !x.num.is_zero() {
                total += BigInt::from(a) * &x.num * (&shared / &x.den);
            }
        }
        Ratio::new(total, shared)
    }

    /// The fixed-point excess of a row, for choosing among violated rows; never used as a proof.
    pub(super) fn excess_estimate(&self, problem: &Problem, row: usize) -> Option<f64> {
        let (excess, _) = self.fixed_excess(problem, row)?;
        Some(excess as f64)
    }

    /// Answer only where rounding down every coordinate cannot change the sign.
    fn compare_fixed(&self, problem: &Problem, row: usize) -> Option<Ordering> {
        let (excess, error) = self.fixed_excess(problem, row)?;
        if excess > error {
            Some(Ordering::Greater)
        } else if excess < -error {
            Some(Ordering::Less)
        } else {
            None
        }
    }

    fn fixed_excess(&self, problem: &Problem, row: usize) -> Option<(i128, i128)> {
        if self.fixed.len() != problem.columns {
            return None;
        }
        let mut total = -(i128::from(problem.bounds[row]) << self.fixed_bits);
        let mut error = 1i128;
        for (&a, &x) in problem.row(row).iter().zip(&self.fixed) {
            total += i128::from(a) * x;
            error += i128::from(a.unsigned_abs());
        }
        Some((total, error))
    }

    /// The sign of a coordinate against a bound in steps: `Less`, `Equal` or `Greater`.
    pub(super) fn compare_steps(&self, problem: &Problem, column: usize, steps: i64) -> Ordering {
        let x = &self.coordinates[column];
        (&x.num << problem.exponents[column]).cmp(&(BigInt::from(steps) * &x.den))
    }

    /// The nearest whole number of steps, halves towards zero.
    pub(super) fn nearest_steps(&self, problem: &Problem, column: usize) -> i64 {
        let x = &self.coordinates[column];
        let doubled: BigInt = (x.num.abs() << (problem.exponents[column] + 1)) + &x.den;
        let nearest = (doubled - BigInt::from(1)).div_floor(&(&x.den * BigInt::from(2)));
        let steps = nearest.to_i64().unwrap_or(i64::MAX);
        if x.is_negative() { -steps } else { steps }
    }
}
