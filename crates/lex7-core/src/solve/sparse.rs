//! Few changes rather than many tiny ones: which columns may stay where they are at little extra cost.
use super::dual_active_set::Relaxation;
use super::problem::Problem;

/// A correction with fewer levers may cost this many times the cheapest one; 1.25 in the squared objective is
/// 12 % in reluctance.
const COST_RATIO_MAX: f64 = 1.25;

/// Choose columns to leave alone, the ones that matter least first; ascending.
///
/// The choice is made in floats, in a fixed order; what is proven later is the problem without these columns.
pub fn choose_idle(problem: &Problem) -> Vec<usize> {
    let mut relaxation = Relaxation::new(problem);
    let Some(full) = relaxation.solve() else {
        return Vec::new();
    };
    let limit = COST_RATIO_MAX * full.cost;
    let is_idle = |j: &usize| problem.lo[*j] <= 0 && problem.hi[*j] >= 0;
    let mut open: Vec<usize> = (0..problem.columns).filter(is_idle).collect();
    open.sort_by(|&a, &b| full.changes[a].abs().total_cmp(&full.changes[b].abs()).then(a.cmp(&b)));
    let mut idle: Vec<usize> = Vec::new();
    let mut count = open.len() / 2;
    while !open.is_empty() {
        count = count.clamp(1, open.len());
        let held: Vec<Vec<f64>> = open[..count].iter().map(|&j| relaxation.hold(j)).collect();
        if relaxation.solve().is_some_and(|found| found.cost <= limit) {
            idle.extend(open.drain(..count));
            count = open.len() / 2;
            continue;
        }
        for (&j, values) in open[..count].iter().zip(&held) {
            relaxation.release(j, values);
        }
        if count == 1 {
            open.remove(0);
        } else {
            count /= 2;
        }
    }
    idle.sort_unstable();
    idle
}
