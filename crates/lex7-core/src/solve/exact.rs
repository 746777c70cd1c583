//! The dual active-set method of Goldfarb & Idnani (1983) in integers of any size, started from a proposal.
//!
//! A working set holds rows and columns fixed at a bound. Fixed columns are eliminated, so the systems solved
//! have one unknown per working row. The proposal is first settled: dependent rows and rows with negative
//! multipliers leave until the working set is optimal for itself. From there every step raises the dual
//! objective, so the method ends at the optimum or at a proof that there is none.
use super::admit::Entering;
use super::box_bound;
use super::canonical::Optimum;
use super::dual_active_set::Proposal;
use super::point::Point;
use super::problem::Problem;
use super::working::Working;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// The proven answer to a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The optimum with canonical multipliers.
    Optimal(Optimum),
    /// Rows with positive integer multipliers that no point of the box satisfies together.
    Infeasible(Vec<(usize, BigInt)>),
}

/// The search ended at its limit of steps; nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaveUp;

/// Steps of the exact method: this many, and a few for each constraint. A good proposal needs none.
const STEPS_MIN: usize = 1_000;
const STEPS_PER_CONSTRAINT: usize = 4;

/// Rounds in which all columns outside their bounds are fixed there together; two are usual.
const CLAMPS_MAX: usize = 8;

/// Which violated constraint joins the working set next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The one with the largest scaled excess.
    Steepest,
    /// The first in order; makes the path, and so the multipliers, a function of the order alone.
    First,
}

/// Where a column stands in the working set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Free,
    Low,
    High,
}

/// A working set that is optimal for the whole problem.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) rows: Vec<usize>,
    pub(super) multipliers: Vec<BigInt>,
    pub(super) denominator: BigInt,
    pub(super) point: Point,
}

/// What the method found.
#[derive(Debug)]
pub(super) enum Found {
    Optimum(Settled),
    Infeasible(Vec<(usize, BigInt)>),
}

/// Find the exact optimum or an exact proof that there is none.
///
/// Every step raises the dual objective, so no working set comes back and the method ends; the limit bounds the
/// time it may take.
pub(super) fn improve(problem: &Problem, proposal: &Proposal, pick: Pick) -> Result<Found, GaveUp> {
    let limit = STEPS_MIN + STEPS_PER_CONSTRAINT * (problem.rows + 2 * problem.columns);
    improve_within(problem, proposal, pick, limit)
}

fn improve_within(
    problem: &Problem,
    proposal: &Proposal,
    pick: Pick,
    steps_max: usize,
) -> Result<Found, GaveUp> {
    if let Some(farkas) = proposal.farkas.as_deref().and_then(|found| box_bound::from_floats(problem, found))
    {
        return Ok(Found::Infeasible(farkas));
    }
    let mut working = Working::settle(problem, &proposal.active);
    if pick == Pick::Steepest {
        // Floats overlook columns that leave their bounds by less than a rounding; all at once is faster.
        for _ in 0..CLAMPS_MAX {
            if !working.clamp() {
                break;
            }
        }
    }
    for _ in 0..=steps_max {
        let point = working.point(None);
        let Some(entering) = violated(problem, &point, pick) else {
            return Ok(Found::Optimum(Settled {
                rows: working.rows,
                multipliers: working.numerators,
                denominator: working.denominator,
                point,
            }));
        };
        if let Err(farkas) = working.admit(Entering::new(problem, entering)) {
            debug_assert!(box_bound::proves_infeasible(problem, &farkas), "the dual ray is a proof");
            return Ok(Found::Infeasible(farkas));
        }
    }
    Err(GaveUp)
}

fn violated(problem: &Problem, point: &Point, pick: Pick) -> Option<usize> {
    let (rows, columns) = (problem.rows, problem.columns);
    let mut best = None;
    let mut most = f64::NEG_INFINITY;
    for constraint in 0..rows + 2 * columns {
        let is_violated = if constraint < rows {
            point.compare_row(problem, constraint) == Ordering::Greater
        } else if constraint < rows + columns {
            let column = constraint - rows;
            point.compare_steps(problem, column, problem.hi[column]) == Ordering::Greater
        } else {
            let column = constraint - rows - columns;
            point.compare_steps(problem, column, problem.lo[column]) == Ordering::Less
        };
        if is_violated {
            if pick == Pick::First {
                return Some(constraint);
            }
            // Bounds first: they are cheap and make the systems smaller.
            let score = if constraint >= rows { f64::MAX } else { row_score(problem, point, constraint) };
            if score > most {
                most = score;
                best = Some(constraint);
            }
        }
    }
    best
}

fn row_score(problem: &Problem, point: &Point, row: usize) -> f64 {
    let mut norm = 0.0;
    for (&a, &ease) in problem.row(row).iter().zip(&problem.eases) {
        let g = a as f64 * ease as f64;
        norm += g * g;
    }
    point.excess_estimate(problem, row).unwrap_or(0.0) / libm::sqrt(norm.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns that both must reach their own row.
    fn two_rows() -> Problem {
        Problem {
            rows: 2,
            columns: 2,
            coefficients: vec![-1, 0, 0, -1],
            bounds: vec![-1, -1],
            lo: vec![-4, -4],
            hi: vec![4, 4],
            exponents: vec![2, 2],
            eases: vec![1, 1],
        }
    }

    #[test]
    fn a_search_ends_at_its_limit_and_says_so() {
        let nothing = Proposal::default();
        let within = |steps| improve_within(&two_rows(), &nothing, Pick::First, steps);
        assert_eq!(within(1).err(), Some(GaveUp));
        assert!(matches!(within(2), Ok(Found::Optimum(_))));
    }
}
