//! Bounds on the probability that many correlated normal margins are all non-negative.
//!
//! Row i holds when y_i ≥ 0 with y_i ~ N(μ_i, s_i²), z_i = μ_i / s_i and pf_i = Φ(-z_i). The lower bound is
//! Hunter (1976) and Worsley (1982): 1 - Σ pf_i + Σ over a spanning tree of P(fail_i and fail_j). The upper
//! bound uses the largest pair union and Dawson and Sankoff (1967). A slack of 1e-9 per row covers every
//! rounding here, so the bounds stay bounds. Where these leave a gap, `chain` bounds from below once more: by
//! Slepian's inequality, and exactly for margins that wander like a random walk.
//!
//! With a confidence to compare with, the path of neighbours is tried first; it is a tree like any other and
//! costs one pair per row. What it decides is decided.
//!
//! A band |y| ≤ c is two events per row: `z` then holds 2n entries, the second n for the lower edge, with
//! correlations mirrored. A row without uncertainty has z = ±∞ and is settled before any bound.

use crate::special::{bivariate_normal_cdf, normal_cdf, normal_quantile};
use crate::threshold::{bisect, least};

/// Rows up to which all pairs are evaluated.
pub const PAIRS_ROWS_MAX: usize = 64;
/// A margin of more standard deviations is as certain as one of this many, whose square is finite.
const Z_MAX: f64 = 1e3;
/// What rounding may do to a bound, per row.
pub const SLACK_PER_ROW: f64 = 1e-9;

/// Why moments cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JointError {
    /// An argument has the wrong shape or an impossible value: argument, expected, got.
    Argument(&'static str, String, String),
}

/// A lower and an upper bound on one probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Never above the true probability.
    pub low: f64,
    /// Never below the true probability.
    pub high: f64,
}

/// Events with their correlations.
struct Events<'a> {
    z: Vec<f64>,
    event: Vec<usize>,
    sd: Vec<f64>,
    cov: &'a [f64],
    rows: usize,
}

impl<'a> Events<'a> {
    /// Take the events that are uncertain. The covariance is borrowed.
    fn new(z: &[f64], cov: &'a [f64]) -> Result<Self, JointError> {
        let rows = root(cov.len())?;
        if z.len() != rows && z.len() != 2 * rows {
            let expected = format!("{rows} or {} entries", 2 * rows);
            return Err(JointError::Argument("z", expected, format!("{}", z.len())));
        }
        if z.iter().any(|value| value.is_nan()) || cov.iter().any(|value| !value.is_finite()) {
            let expected = "finite moments".to_owned();
            return Err(JointError::Argument("cov", expected, "NaN or infinity".to_owned()));
        }
        let sd = (0..rows).map(|row| libm::sqrt(cov[row * rows + row].max(0.0))).collect();
        let event: Vec<usize> = (0..z.len()).filter(|&i| z[i].is_finite()).collect();
        let z = event.iter().map(|&i| z[i].clamp(-Z_MAX, Z_MAX)).collect();
        Ok(Self { z, event, sd, cov, rows })
    }

    fn count(&self) -> usize {
        self.z.len()
    }

    /// Correlation of y between two events; the lower edge of a band is mirrored.
    fn rho(&self, a: usize, b: usize) -> f64 {
        let (first, second) = (self.event[a], self.event[b]);
        let (i, j) = (first % self.rows, second % self.rows);
        let scale = self.sd[i] * self.sd[j];
        let rho = if scale > 0.0 { self.cov[i * self.rows + j] / scale } else { 0.0 };
        let is_mirrored = (first < self.rows) != (second < self.rows);
        (if is_mirrored { -rho } else { rho }).clamp(-1.0, 1.0)
    }
}

/// Bound P(all rows hold), for rows with the given z and covariance of y.
///
/// With a confidence, bounds that already lie on one side of it are not tightened further.
pub fn bounds(z: &[f64], cov: &[f64], confidence: Option<f64>) -> Result<Bounds, JointError> {
    let events = Events::new(z, cov)?;
    if z.contains(&f64::NEG_INFINITY) {
        return Ok(Bounds { low: 0.0, high: 0.0 });
    }
    if events.count() == 0 {
        return Ok(Bounds { low: 1.0, high: 1.0 });
    }
    let settles = |found: &Bounds| confidence.is_some_and(|asked| found.low >= asked || found.high < asked);
    let mut found = path_bounds(&events);
    if settles(&found) {
        return Ok(found);
    }
    found = tightest(&found, &tree_bounds(&events));
    if !settles(&found) {
        found.low = found.low.max(chain::low(&events)).min(found.high);
    }
    Ok(found)
}

/// Bounds from the path of neighbours: one pair per row.
fn path_bounds(events: &Events<'_>) -> Bounds {
    let count = events.count();
    let slack = SLACK_PER_ROW * count as f64;
    let fails: Vec<f64> = events.z.iter().map(|&value| normal_cdf(-value)).collect();
    let mut low = 1.0 - fails[0];
    let mut union = fails[0];
    for event in 1..count {
        let rho = events.rho(event - 1, event);
        let pair = bivariate_normal_cdf(-events.z[event - 1], -events.z[event], rho);
        low += pair - fails[event];
        union = union.max(fails[event - 1] + fails[event] - pair);
    }
    let low = (low - slack).clamp(0.0, 1.0);
    Bounds { low, high: (1.0 - union + slack).clamp(low, 1.0) }
}

fn tightest(first: &Bounds, second: &Bounds) -> Bounds {
    let low = first.low.max(second.low);
    Bounds { low, high: first.high.min(second.high).max(low) }
}

/// Bounds from the best tree and from all pairs of the weakest events.
fn tree_bounds(events: &Events<'_>) -> Bounds {
    let count = events.count();
    let slack = SLACK_PER_ROW * count as f64;
    let tree = correlation_tree(events);
    let z_min = events.z.iter().copied().fold(f64::INFINITY, f64::min);
    let at_common = on_tree(&tree, |_| z_min);
    let at_point = if count <= PAIRS_ROWS_MAX {
        let pairs = fail_pairs(events, &(0..count).collect::<Vec<_>>());
        let best = spanning_tree(count, |a, b| pairs[a * count + b]);
        1.0 - fail_sum(&events.z) + best.iter().map(|edge| pairs[edge.0 * count + edge.1]).fold(0.0, add)
    } else {
        on_tree(&tree, |event| events.z[event])
    };
    let low = (at_point.max(at_common) - slack).clamp(0.0, 1.0);
    let high = (1.0 - union_low(events) + slack).clamp(0.0, 1.0);
    Bounds { low, high: high.max(low) }
}

/// The least common z at which the lower bound reaches `confidence`, to 1e-8.
///
/// `is_band` takes both edges of each row as events. The bound at the returned z is at or above the confidence.
pub fn common_z(cov: &[f64], confidence: f64, is_band: bool) -> Result<f64, JointError> {
    check_confidence(confidence)?;
    let rows = root(cov.len())?;
    let mut z = vec![0.0; if is_band { 2 * rows } else { rows }];
    for (event, value) in z.iter_mut().enumerate() {
        let row = event % rows;
        *value = if cov[row * rows + row] > 0.0 { 0.0 } else { f64::INFINITY };
    }
    let events = Events::new(&z, cov)?;
    let count = events.count();
    let pointwise = normal_quantile(confidence);
    if count == 0 {
        return Ok(pointwise);
    }
    let slack = SLACK_PER_ROW * count as f64;
    let tree = correlation_tree(&events);
    let missing = |z: f64| 1.0 - (on_tree(&tree, |_| z) - slack);
    let by_tree = least(pointwise, boole_z(confidence, count), 1.0 - confidence, missing);
    Ok(chain::common_z(&events, (pointwise, by_tree), confidence).unwrap_or(by_tree))
}

/// Give rows that have room a larger z, so that the binding ones may have a smaller one.
///
/// `z_now` are the z of the rows at the present point. Row t gets max(base, base + share · (z_now_t - base)), with
/// the least base at which the lower bound reaches the confidence; every entry is at least that base.
pub fn reallocate(z_now: &[f64], cov: &[f64], confidence: f64, share: f64) -> Result<Vec<f64>, JointError> {
    check_confidence(confidence)?;
    let events = Events::new(z_now, cov)?;
    let count = events.count();
    let mut result = z_now.to_vec();
    if count == 0 {
        return Ok(result);
    }
    let slack = SLACK_PER_ROW * count as f64;
    let spread = |base: f64, event: usize| base + share * (events.z[event] - base).max(0.0);
    let tree = correlation_tree(&events);
    let reaches = |base: f64| {
        let point = on_tree(&tree, |event| spread(base, event));
        point.max(on_tree(&tree, |_| base)) - slack >= confidence
    };
    let base = bisect(normal_quantile(confidence), boole_z(confidence, count), reaches);
    for (position, &event) in events.event.iter().enumerate() {
        result[event] = spread(base, position);
    }
    Ok(result)
}

/// An edge of a tree: two events and their correlation.
type Edge = (usize, usize, f64);

/// The spanning tree that is best at any common z: P(fail_i and fail_j) grows with the correlation.
fn correlation_tree(events: &Events<'_>) -> Vec<Edge> {
    let edges = spanning_tree(events.count(), |a, b| events.rho(a, b));
    edges.into_iter().map(|(a, b)| (a, b, events.rho(a, b))).collect()
}

/// Hunter-Worsley on a given tree, for any z per event. The sums run in the order of the tree.
fn on_tree(tree: &[Edge], z: impl Fn(usize) -> f64) -> f64 {
    // The tree starts at event 0 and its edges list every other event once, as their second end.
    let fails = tree.iter().map(|edge| normal_cdf(-z(edge.1))).fold(normal_cdf(-z(0)), add);
    let pairs = tree.iter().map(|&(a, b, rho)| bivariate_normal_cdf(-z(a), -z(b), rho)).fold(0.0, add);
    1.0 - fails + pairs
}

/// Prim's algorithm for the maximum spanning tree; ties go to the lower index.
fn spanning_tree(count: usize, weight: impl Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    let mut best: Vec<(f64, usize)> = (0..count).map(|node| (weight(0, node), 0)).collect();
    let mut is_in = vec![false; count];
    is_in[0] = true;
    let mut edges = Vec::with_capacity(count.saturating_sub(1));
    for _ in 1..count {
        let mut next = usize::MAX;
        for node in 0..count {
            if !is_in[node] && (next == usize::MAX || best[node].0 > best[next].0) {
                next = node;
            }
        }
        edges.push((best[next].1, next));
        is_in[next] = true;
        for node in 0..count {
            if !is_in[node] {
                let reach = weight(next, node);
                if reach > best[node].0 {
                    best[node] = (reach, next);
                }
            }
        }
    }
    edges
}

/// P(fail_i and fail_j) of some events, as a full symmetric table.
fn fail_pairs(events: &Events<'_>, chosen: &[usize]) -> Vec<f64> {
    let count = chosen.len();
    let mut table = vec![0.0; count * count];
    for a in 0..count {
        for b in a + 1..count {
            let (i, j) = (chosen[a], chosen[b]);
            let pair = bivariate_normal_cdf(-events.z[i], -events.z[j], events.rho(i, j));
            table[a * count + b] = pair;
            table[b * count + a] = pair;
        }
    }
    table
}

/// A lower bound on P(some row fails): the largest pair union, or Dawson-Sankoff.
///
/// With more than 64 events it looks at the weakest one of each of 64 stretches; leaving events out only
/// lowers the bound.
fn union_low(events: &Events<'_>) -> f64 {
    let chosen = weakest(&events.z);
    let count = chosen.len();
    let fails: Vec<f64> = chosen.iter().map(|&event| normal_cdf(-events.z[event])).collect();
    let pairs = fail_pairs(events, &chosen);
    let mut largest = fails.iter().copied().fold(0.0, f64::max);
    let mut second = 0.0;
    for a in 0..count {
        for b in a + 1..count {
            let pair = pairs[a * count + b];
            largest = largest.max(fails[a] + fails[b] - pair);
            second += pair;
        }
    }
    let first = fails.iter().copied().fold(0.0, add);
    if first <= 0.0 {
        return largest;
    }
    let k = 1.0 + libm::floor(2.0 * second / first);
    largest.max(2.0 * first / (k + 1.0) - 2.0 * second / (k * (k + 1.0)))
}

/// The event with the smallest z in each of at most 64 equal stretches.
fn weakest(z: &[f64]) -> Vec<usize> {
    let parts = z.len().min(PAIRS_ROWS_MAX);
    (0..parts)
        .map(|part| {
            let (start, end) = (part * z.len() / parts, (part + 1) * z.len() / parts);
            (start..end).fold(start, |found, event| if z[event] < z[found] { event } else { found })
        })
        .collect()
}

fn fail_sum(z: &[f64]) -> f64 {
    z.iter().map(|&value| normal_cdf(-value)).fold(0.0, add)
}

/// The common z at which Boole's inequality alone, with the slack, reaches the confidence.
fn boole_z(confidence: f64, count: usize) -> f64 {
    let share = (1.0 - confidence) / count as f64 - 2.0 * SLACK_PER_ROW;
    -normal_quantile(share.max(SLACK_PER_ROW))
}

fn check_confidence(confidence: f64) -> Result<(), JointError> {
    if (0.5..=0.9999).contains(&confidence) {
        return Ok(());
    }
    let expected = "0.5 to 0.9999".to_owned();
    Err(JointError::Argument("confidence", expected, format!("{confidence}")))
}

fn root(size: usize) -> Result<usize, JointError> {
    let rows = libm::sqrt(size as f64) as usize;
    if rows * rows == size {
        return Ok(rows);
    }
    Err(JointError::Argument("cov", "a square matrix".to_owned(), format!("{size} entries")))
}

fn add(left: f64, right: f64) -> f64 {
    left + right
}

mod chain;
#[cfg(test)]
mod tests;
