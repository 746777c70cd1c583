//! The smallest correction, solved fast in floats and proven in integers (DESIGN §8).
//!
//! The problem is `min ½ Σ (x_j / ease_j)²` subject to `A x ≤ b` and `lo_j ≤ 2^exponent_j x_j ≤ hi_j`, every
//! number an integer. `dual_active_set` proposes the rows that bind; `exact` proves or repairs the proposal with
//! integers of any size, so the answer is a function of the problem alone. `canonical` chooses the multipliers,
//! `grid` rounds to whole steps, `conflict` finds a minimal set of rules that cannot hold together.
//!
//! The optimum is `x_j = clip(-ease_j² (Aᵀλ)_j)`: multipliers λ ≥ 0 alone prove it.
mod admit;
mod box_bound;
mod canonical;
mod check;
mod conflict;
mod dual_active_set;
mod exact;
mod gram;
mod grid;
mod point;
mod problem;
mod ratio;
mod sparse;
mod spelling;
mod working;

pub use canonical::Optimum;
pub use check::{Claim, blocking_rows, is_smallest};
pub use conflict::{Conflict, find_conflict};
pub use dual_active_set::{Proposal, propose};
pub use exact::{Answer, GaveUp};
pub use grid::{Rounded, round_to_grid};
pub use point::Point;
pub use problem::{BadProblem, Problem};
pub use sparse::choose_idle;
pub use spelling::spell_rows;

/// Solve from our own proposal: the optimum with canonical multipliers, or a proof that there is none.
///
/// # Errors
/// The exact search ended at its limit of steps.
pub fn solve(problem: &Problem) -> Result<Answer, GaveUp> {
    prove(problem, &propose(problem))
}

/// Solve exactly, starting from the rows that a solver proposed; the answer does not depend on the proposal.
///
/// # Errors
/// The exact search ended at its limit of steps.
pub fn prove(problem: &Problem, proposal: &Proposal) -> Result<Answer, GaveUp> {
    Ok(match exact::improve(problem, proposal, exact::Pick::Steepest)? {
        exact::Found::Optimum(settled) => Answer::Optimal(canonical::multipliers(problem, &settled)?),
        exact::Found::Infeasible(farkas) => Answer::Infeasible(farkas),
    })
}
