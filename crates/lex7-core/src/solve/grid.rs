//! From the exact optimum to whole steps: back off, round, search if needed, then polish.
use super::dual_active_set::propose;
use super::exact::{Found, Pick, improve};
use super::point::Point;
use super::problem::Problem;

/// A point of whole steps that satisfies every row, or the admission that none was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rounded {
    /// Steps per column: one step less on any single column breaks a row.
    Steps(Vec<i64>),
    /// The bounded search ended without a point; that is no proof that there is none.
    GaveUp,
}

/// Work of the search: columns visited times rows looked at. A second of it would be 10^9.
const SEARCH_WORK_MAX: usize = 40_000_000;
/// Passes of the polish; each pass moves at least one column towards zero. Two are usual.
const POLISH_PASSES_MAX: usize = 1_000;

/// Round the optimum of a feasible problem to whole steps.
pub fn round_to_grid(problem: &Problem, optimum: &Point) -> Rounded {
    let backed = backed_off(problem);
    let started = match improve(&backed, &propose(&backed), Pick::Steepest) {
        Ok(Found::Optimum(settled)) => Some(nearest(problem, &settled.point)),
        Ok(Found::Infeasible(_)) | Err(_) => Search::new(problem, optimum).run(),
    };
    match started {
        Some(steps) => polish(problem, steps),
        None => Rounded::GaveUp,
    }
}

/// Tighten each row by what rounding every column by half a step can do to it.
fn backed_off(problem: &Problem) -> Problem {
    let exponent = problem.exponent_max();
    let mut backed = problem.clone();
    for (row, bound) in backed.bounds.iter_mut().enumerate() {
        let mut most = 0i128;
        for (&a, &own) in problem.row(row).iter().zip(&problem.exponents) {
            most += i128::from(a.unsigned_abs()) << (exponent - own);
        }
        let half_steps = (most + (2i128 << exponent) - 1) >> (exponent + 1);
        *bound -= i64::try_from(half_steps).expect("a sum of 2^10 coefficients below 2^31 fits");
    }
    backed
}

fn nearest(problem: &Problem, point: &Point) -> Vec<i64> {
    (0..problem.columns)
        .map(|j| point.nearest_steps(problem, j).clamp(problem.lo[j], problem.hi[j]))
        .collect()
}

/// Slack of every row at a point of steps, over 2^exponent_max.
fn slacks(problem: &Problem, steps: &[i64]) -> Vec<i128> {
    let exponent = problem.exponent_max();
    (0..problem.rows)
        .map(|row| {
            let mut slack = i128::from(problem.bounds[row]) << exponent;
            for ((&a, &count), &own) in problem.row(row).iter().zip(steps).zip(&problem.exponents) {
                if count != 0 {
                    slack -= (i128::from(a) * i128::from(count)) << (exponent - own);
                }
            }
            slack
        })
        .collect()
}

/// Move each column towards zero as far as the rows allow, in column order, until none can move.
fn polish(problem: &Problem, mut steps: Vec<i64>) -> Rounded {
    let exponent = problem.exponent_max();
    let mut slack = slacks(problem, &steps);
    debug_assert!(slack.iter().all(|&value| value >= 0), "the rounded point satisfies every row");
    for _ in 0..POLISH_PASSES_MAX {
        let mut has_moved = false;
        for (j, own) in steps.iter_mut().enumerate() {
            let toward = -own.signum();
            let nearest_zero = 0i64.clamp(problem.lo[j], problem.hi[j]);
            let mut count = i128::from((*own - nearest_zero).unsigned_abs());
            if toward == 0 || count == 0 {
                continue;
            }
            let shift = exponent - problem.exponents[j];
            let cost = |row: usize| i128::from(problem.row(row)[j] * toward) << shift;
            for (row, &room) in slack.iter().enumerate() {
                let cost = cost(row);
                if cost > 0 {
                    count = count.min(room / cost);
                }
            }
            if count > 0 {
                has_moved = true;
                *own += toward * i64::try_from(count).expect("at most the steps of the column");
                for (row, room) in slack.iter_mut().enumerate() {
                    *room -= cost(row) * count;
                }
            }
        }
        if !has_moved {
            return Rounded::Steps(steps);
        }
    }
    Rounded::GaveUp
}

/// Depth-first search over the whole steps around the optimum, pruned by what is still possible.
struct Search<'a> {
    problem: &'a Problem,
    candidates: Vec<Vec<i64>>,
    /// Least activity that columns from j on can still add to each row.
    least_after: Vec<Vec<i128>>,
    work: usize,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem, optimum: &Point) -> Self {
        let candidates: Vec<Vec<i64>> = nearest(problem, optimum)
            .into_iter()
            .enumerate()
            .map(|(j, near)| {
                let around = [near, near - 1, near + 1, near - 2, near + 2];
                around.into_iter().filter(|n| (problem.lo[j]..=problem.hi[j]).contains(n)).collect()
            })
            .collect();
        let mut least_after = vec![vec![0i128; problem.rows]];
        for (j, choices) in candidates.iter().enumerate().rev() {
            let after = &least_after[least_after.len() - 1];
            let least = |row: usize| choices.iter().map(|&n| activity(problem, row, j, n)).min().unwrap_or(0);
            let before = after.iter().enumerate().map(|(row, total)| total + least(row)).collect();
            least_after.push(before);
        }
        least_after.reverse();
        Self { problem, candidates, least_after, work: 0 }
    }

    fn run(&mut self) -> Option<Vec<i64>> {
        let room = slacks(self.problem, &vec![0; self.problem.columns]);
        let mut chosen = Vec::with_capacity(self.problem.columns);
        self.descend(&room, &mut chosen).then_some(chosen)
    }

    fn descend(&mut self, room: &[i128], chosen: &mut Vec<i64>) -> bool {
        let depth = chosen.len();
        self.work += self.problem.rows + 1;
        if self.work > SEARCH_WORK_MAX || room.iter().zip(&self.least_after[depth]).any(|(r, l)| l > r) {
            return false;
        }
        if depth == self.problem.columns {
            return true;
        }
        for steps in self.candidates[depth].clone() {
            let left: Vec<i128> = room
                .iter()
                .enumerate()
                .map(|(row, value)| value - activity(self.problem, row, depth, steps))
                .collect();
            chosen.push(steps);
            if self.descend(&left, chosen) {
                return true;
            }
            chosen.pop();
        }
        false
    }
}

/// What `steps` of one column add to a row, over 2^exponent_max.
fn activity(problem: &Problem, row: usize, column: usize, steps: i64) -> i128 {
    let shift = problem.exponent_max() - problem.exponents[column];
    (i128::from(problem.row(row)[column]) * i128::from(steps)) << shift
}
