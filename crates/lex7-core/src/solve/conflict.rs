//! A minimal set of rules that cannot hold together, by deletion in a fixed order.
//!
//! Groups of rows (one group per rule) are numbered from the strongest to the weakest. From the weakest on, each
//! group is left out; if the others still conflict it stays out, else it belongs to the set and the point that
//! satisfies the others is its witness. Every single decision is an exact fact, so the set does not depend on
//! how infeasibility was found; a proof that does not touch a group only saves the attempt.
use super::dual_active_set::{Proposal, propose};
use super::exact::{Found, GaveUp, Pick, improve};
use super::point::Point;
use super::problem::Problem;
use num_bigint::BigInt;

/// A minimal conflict and its proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The groups in conflict, strongest first.
    pub groups: Vec<usize>,
    /// Rows with positive multipliers that no point of the box satisfies.
    pub multipliers: Vec<(usize, BigInt)>,
    /// For each group in conflict, a point that satisfies all the others.
    pub witnesses: Vec<Point>,
}

/// Find the minimal conflict of an infeasible problem; None where the problem is feasible.
///
/// `group_of_row` numbers the rule of each row, 0 the strongest.
///
/// # Errors
/// The exact search ended at its limit of steps.
pub fn find_conflict(problem: &Problem, group_of_row: &[usize]) -> Result<Option<Conflict>, GaveUp> {
    let all: Vec<usize> = (0..problem.rows).collect();
    let Some(support) = infeasible_rows(problem, &all)? else {
        return Ok(None);
    };
    let mut groups = delete(problem, all.clone(), support, |row| group_of_row[row])?;
    groups.reverse();
    let rows: Vec<usize> = all.into_iter().filter(|&row| groups.contains(&group_of_row[row])).collect();
    let witnesses = groups
        .iter()
        .map(|group| {
            let others: Vec<usize> =
                rows.iter().copied().filter(|&row| group_of_row[row] != *group).collect();
            witness(problem, &others)
        })
        .collect::<Result<Vec<Point>, GaveUp>>()?;
    let multipliers = canonical_farkas(problem, rows)?;
    Ok(Some(Conflict { groups, multipliers, witnesses }))
}

/// The canonical proof: the first method on a minimal set of rows, which deletion from the last row on leaves.
fn canonical_farkas(problem: &Problem, rows: Vec<usize>) -> Result<Vec<(usize, BigInt)>, GaveUp> {
    let support = rows.clone();
    let mut minimal = delete(problem, rows, support, |row| row)?;
    minimal.reverse();
    match improve(&problem.with_rows(&minimal), &Proposal::default(), Pick::First)? {
        Found::Infeasible(found) => Ok(found.into_iter().map(|(row, value)| (minimal[row], value)).collect()),
        Found::Optimum(_) => unreachable!("deletion keeps the rows in conflict"),
    }
}

/// Leave out group after group, the highest number first, as long as the rest conflicts; the groups that stay.
///
/// `support` are rows among `rows` that conflict already. Where a proof does not touch a group, leaving that
/// group out keeps the proof: the attempt is saved and its outcome is the same. Groups not yet tried stay in,
/// whatever the proof touches, so that the outcome does not depend on which proof was found.
fn delete(
    problem: &Problem,
    mut rows: Vec<usize>,
    mut support: Vec<usize>,
    group: impl Fn(usize) -> usize,
) -> Result<Vec<usize>, GaveUp> {
    let mut order: Vec<usize> = rows.iter().map(|&row| group(row)).collect();
    order.sort_unstable();
    order.dedup();
    let mut members = Vec::new();
    for candidate in order.into_iter().rev() {
        let rest: Vec<usize> = rows.iter().copied().filter(|&row| group(row) != candidate).collect();
        if support.iter().any(|&row| group(row) == candidate) {
            match infeasible_rows(problem, &rest)? {
                Some(smaller) => support = smaller,
                None => {
                    members.push(candidate);
                    continue;
                }
            }
        }
        rows = rest;
    }
    Ok(members)
}

fn infeasible_rows(problem: &Problem, rows: &[usize]) -> Result<Option<Vec<usize>>, GaveUp> {
    let part = problem.with_rows(rows);
    Ok(match improve(&part, &propose(&part), Pick::Steepest)? {
        Found::Infeasible(found) => Some(found.into_iter().map(|(row, _)| rows[row]).collect()),
        Found::Optimum(_) => None,
    })
}

fn witness(problem: &Problem, rows: &[usize]) -> Result<Point, GaveUp> {
    let part = problem.with_rows(rows);
    match improve(&part, &propose(&part), Pick::Steepest)? {
        Found::Optimum(settled) => Ok(settled.point),
        Found::Infeasible(_) => unreachable!("deletion found the others to be satisfiable"),
    }
}
