//! Checks of a finished correction, by the certificate's own rules and without a solver.
use super::point::Point;
use super::problem::Problem;
use super::ratio::Ratio;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// Multipliers with their denominator, and whole steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Row and positive numerator.
    pub multipliers: Vec<(usize, BigInt)>,
    /// Of all multipliers.
    pub denominator: BigInt,
    /// Whole steps of each column.
    pub steps: Vec<i64>,
}

/// Check a claim of smallest steps; the millionths by which they cost more than the least cost.
///
/// None unless the multipliers prove their point to be the cheapest, the steps satisfy every row, and no
/// moved column can take one step back.
pub fn is_smallest(problem: &Problem, claim: &Claim) -> Option<BigInt> {
    let optimum = cheapest(problem, claim)?;
    let steps = Point::new(
        claim.steps.iter().zip(&problem.exponents).map(|(&n, &exponent)| dyadic(n, exponent)).collect(),
    );
    let is_inside = |j: usize| (problem.lo[j]..=problem.hi[j]).contains(&claim.steps[j]);
    let holds = (0..problem.rows).all(|row| steps.compare_row(problem, row) != Ordering::Greater);
    if !(0..problem.columns).all(is_inside) || !holds {
        return None;
    }
    blocking_rows(problem, &claim.steps)?;
    Some(gap_ppm(problem, &optimum, &claim.steps))
}

/// For each column that moved, the first row that one step less breaks; None if one step less breaks none.
pub fn blocking_rows(problem: &Problem, steps: &[i64]) -> Option<Vec<(usize, usize)>> {
    let exponent = problem.exponent_max();
    let weigh = |a: i64, n: i64, own: u32| (i128::from(a) * i128::from(n)) << (exponent - own);
    let mut slack: Vec<i128> = problem.bounds.iter().map(|&bound| i128::from(bound) << exponent).collect();
    for (row, room) in slack.iter_mut().enumerate() {
        for ((&a, &n), &own) in problem.row(row).iter().zip(steps).zip(&problem.exponents) {
            if n != 0 {
                *room -= weigh(a, n, own);
            }
        }
    }
    let mut found = Vec::new();
    for (column, &n) in steps.iter().enumerate() {
        let rest = 0i64.max(problem.lo[column]).min(problem.hi[column]);
        if n == rest {
            continue;
        }
        let toward = if n < rest { 1 } else { -1 };
        let breaks =
            |row: &usize| weigh(problem.row(*row)[column], toward, problem.exponents[column]) > slack[*row];
        found.push((column, (0..problem.rows).find(breaks)?));
    }
    Some(found)
}

/// The point that multipliers prove to be the cheapest, or None if they prove nothing.
fn cheapest(problem: &Problem, claim: &Claim) -> Option<Vec<Ratio>> {
    if !claim.denominator.is_positive()
        || claim.steps.len() != problem.columns
        || claim.multipliers.iter().any(|(row, value)| *row >= problem.rows || !value.is_positive())
    {
        return None;
    }
    let coordinate = |column: usize| {
        let mut pull = BigInt::zero();
        for (row, value) in &claim.multipliers {
            pull -= value * problem.row(*row)[column];
        }
        let ease = BigInt::from(problem.eases[column]);
        let free = Ratio { num: pull * &ease * ease, den: claim.denominator.clone() };
        let low = dyadic(problem.lo[column], problem.exponents[column]);
        let high = dyadic(problem.hi[column], problem.exponents[column]);
        if free.compare(&low) == Ordering::Less {
            low
        } else if free.compare(&high) == Ordering::Greater {
            high
        } else {
            free
        }
    };
    let coordinates: Vec<Ratio> = (0..problem.columns).map(coordinate).collect();
    let point = Point::new(coordinates.clone());
    let mut is_multiplied = vec![false; problem.rows];
    for (row, _) in &claim.multipliers {
        is_multiplied[*row] = true;
    }
    let holds = (0..problem.rows).all(|row| match point.compare_row(problem, row) {
        Ordering::Greater => false,
        Ordering::Equal => true,
        Ordering::Less => !is_multiplied[row],
    });
    holds.then_some(coordinates)
}

fn gap_ppm(problem: &Problem, optimum: &[Ratio], steps: &[i64]) -> BigInt {
    let mut least = Ratio::whole(BigInt::zero());
    let mut cost = Ratio::whole(BigInt::zero());
    for (column, x) in optimum.iter().enumerate() {
        let square = BigInt::from(problem.eases[column]) * problem.eases[column];
        if !x.num.is_zero() {
            least = least.plus(&Ratio::new(&x.num * &x.num, &x.den * &x.den * &square));
        }
        if steps[column] != 0 {
            let n = BigInt::from(steps[column]);
            let den = square << (2 * problem.exponents[column]);
            cost = cost.plus(&Ratio::new(&n * &n, den));
        }
    }
    if least.num.is_zero() {
        return BigInt::zero();
    }
    let excess = cost.minus(&least).over(&least);
    (excess.num * BigInt::from(1_000_000)).div_ceil(&excess.den).max(BigInt::zero())
}

fn dyadic(steps: i64, exponent: u32) -> Ratio {
    Ratio { num: BigInt::from(steps), den: BigInt::one() << exponent }
}
