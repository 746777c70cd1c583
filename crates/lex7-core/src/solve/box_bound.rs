//! Farkas proofs over the box of bounds: no point of the box satisfies a positive combination of rows.
use super::problem::Problem;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

/// Answer whether λ ≥ 0 has `min over the box of (λᵀA) x > λᵀ b`, exactly.
pub(super) fn proves_infeasible(problem: &Problem, multipliers: &[(usize, BigInt)]) -> bool {
    if multipliers.iter().any(|(_, value)| value.is_negative()) {
        return false;
    }
    let exponent = problem.exponent_max();
    let mut right = BigInt::zero();
    let mut combined = vec![BigInt::zero(); problem.columns];
    for (row, value) in multipliers {
        right += value * problem.bounds[*row];
        for (total, &a) in combined.iter_mut().zip(problem.row(*row)) {
            if a != 0 {
                *total += value * a;
            }
        }
    }
    let mut least = BigInt::zero();
    for (column, value) in combined.iter().enumerate() {
        let steps = if value.is_negative() { problem.hi[column] } else { problem.lo[column] };
        least += (value * steps) << (exponent - problem.exponents[column]);
    }
    least > right << exponent
}

/// Turn approximate multipliers into integers, if they still prove infeasibility exactly.
pub(super) fn from_floats(problem: &Problem, approximate: &[(usize, f64)]) -> Option<Vec<(usize, BigInt)>> {
    let largest = approximate.iter().map(|(_, value)| value.abs()).fold(0.0, f64::max);
    if !(largest.is_finite() && largest > 0.0) {
        return None;
    }
    // 2^40 keeps twelve digits of the smallest multiplier that matters; the check below is exact.
    let scale = (1u64 << 40) as f64 / largest;
    let multipliers: Vec<(usize, BigInt)> = approximate
        .iter()
        .map(|&(row, value)| (row, BigInt::from((value * scale) as i64)))
        .filter(|(_, value)| value.is_positive())
        .collect();
    proves_infeasible(problem, &multipliers).then_some(multipliers)
}
