//! One set of multipliers for each optimum, whatever solver proposed the active rows.
//!
//! The optimum is unique. Its tight rows are a property of the problem. Where they are independent on the
//! columns strictly inside their bounds, the multipliers are unique too. Otherwise the method runs once more from
//! nothing on the tight rows alone, always admitting the first violated row in order (priority, id, time): its
//! path depends on the problem only (ADR 0060).
use super::dual_active_set::Proposal;
use super::exact::{Found, GaveUp, Pick, Settled, Side, improve};
use super::point::Point;
use super::problem::Problem;
use super::working::Working;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;
use std::cmp::Ordering;

/// The optimum: multipliers of the rows that bind, in lowest terms over one denominator, and the point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Optimum {
    /// Row and positive numerator, ascending by row.
    pub multipliers: Vec<(usize, BigInt)>,
    /// The shared denominator, positive.
    pub denominator: BigInt,
    /// The optimum, in column units.
    pub point: Point,
}

pub(super) fn multipliers(problem: &Problem, settled: &Settled) -> Result<Optimum, GaveUp> {
    let point = &settled.point;
    let tight: Vec<usize> =
        (0..problem.rows).filter(|&row| point.compare_row(problem, row) == Ordering::Equal).collect();
    if are_unique(problem, settled, &tight) {
        let pairs = settled.rows.iter().copied().zip(settled.multipliers.iter().cloned()).collect();
        return Ok(lowest_terms(pairs, settled.denominator.clone(), point.clone()));
    }
    Ok(match improve(&problem.with_rows(&tight), &Proposal::default(), Pick::First)? {
        Found::Optimum(again) => {
            let named = again.rows.iter().map(|&row| tight[row]);
            lowest_terms(named.zip(again.multipliers).collect(), again.denominator, point.clone())
        }
        Found::Infeasible(_) => unreachable!("the optimum satisfies its tight rows"),
    })
}

/// Answer whether the tight rows are independent on the columns strictly between their bounds.
///
/// On these columns Aᵀλ is given by the point, so independent rows leave one λ.
fn are_unique(problem: &Problem, settled: &Settled, tight: &[usize]) -> bool {
    let side = |column: usize| {
        let point = &settled.point;
        if point.compare_steps(problem, column, problem.lo[column]) == Ordering::Equal {
            Side::Low
        } else if point.compare_steps(problem, column, problem.hi[column]) == Ordering::Equal {
            Side::High
        } else {
            Side::Free
        }
    };
    Working::holding(problem, tight.to_vec(), (0..problem.columns).map(side).collect()).is_independent()
}

fn lowest_terms(mut pairs: Vec<(usize, BigInt)>, mut denominator: BigInt, point: Point) -> Optimum {
    pairs.retain(|(_, value)| !value.is_zero());
    pairs.sort_unstable_by_key(|(row, _)| *row);
    let shared = pairs.iter().fold(denominator.clone(), |shared, (_, value)| shared.gcd(value));
    for (_, value) in &mut pairs {
        *value /= &shared;
    }
    denominator /= &shared;
    Optimum { multipliers: pairs, denominator, point }
}
