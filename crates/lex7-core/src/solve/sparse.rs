//! Few changes rather than many tiny ones: which columns may stay where they are at little extra cost.
use super::dual_active_set::Relaxation;
use super::problem::Problem;

/// A correction with fewer levers may cost this many times the cheapest one; 1.25 in the squared objective is
/// 12 % in reluctance.
const COST_RATIO_MAX: f64 = 1.25;

/// Choose columns to leave alone, the ones that matter least first; ascending.
///
/// `group_of_column` numbers the change that a column belongs to: columns of one group move or rest together, so
/// that a lever in monthly parts, or several that are one decision, count as one. A group matters as much as the
/// column of it that changes most. The choice is made in floats, in a fixed order; what is proven later is the problem without these columns.
pub fn choose_idle(problem: &Problem, group_of_column: &[usize]) -> Vec<usize> {
    let mut relaxation = Relaxation::new(problem);
    let Some(full) = relaxation.solve() else {
        return Vec::new();
    };
    let limit = COST_RATIO_MAX * full.cost;
    let mut open = groups(problem, group_of_column);
    let size = |group: &[usize]| group.iter().map(|&j| full.changes[j].abs()).fold(0.0, f64::max);
    open.sort_by(|a, b| size(a).total_cmp(&size(b)).then(a.cmp(b)));
    let mut idle: Vec<usize> = Vec::new();
    let mut count = open.len() / 2;
    while !open.is_empty() {
        count = count.clamp(1, open.len());
        let chosen: Vec<usize> = open[..count].iter().flatten().copied().collect();
        let held: Vec<Vec<f64>> = chosen.iter().map(|&j| relaxation.hold(j)).collect();
        if relaxation.solve().is_some_and(|found| found.cost <= limit) {
            idle.extend(chosen);
            open.drain(..count);
            count = open.len() / 2;
            continue;
        }
        for (&j, values) in chosen.iter().zip(&held) {
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

/// The groups that may rest as a whole, each with its columns ascending.
fn groups(problem: &Problem, group_of_column: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..problem.columns).collect();
    order.sort_by_key(|&j| (group_of_column[j], j));
    let is_idle = |j: &usize| problem.lo[*j] <= 0 && problem.hi[*j] >= 0;
    let grouped = order.chunk_by(|&a, &b| group_of_column[a] == group_of_column[b]);
    grouped.filter(|group| group.iter().all(is_idle)).map(<[usize]>::to_vec).collect()
}
