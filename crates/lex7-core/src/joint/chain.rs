//! A lower bound by Slepian's inequality (1962): of two normal vectors with equal variances, the one whose
//! correlations are nowhere smaller is the likelier to lie above any edges.
//!
//! The vector compared with is a chain: corr(i, j) = exp(-(w_i + … + w_{j-1})). Its probability is an integral of
//! one variable after the other. The weights are those of neighbours, all stretched by the least factor that keeps
//! every correlation of the chain at or below the true one; for a random walk or an autoregression that factor
//! is 1 and the bound is the probability itself. Where a correlation is not positive there is no such chain.
//!
//! Everything that is cut off (far tails, rows that hardly ever fail) is cut off on the safe side; `SLACK` covers
//! the error of the quadrature.
use super::Events;
use crate::special::normal_cdf;

/// What quadrature may do to the bound; measured errors are below a tenth of it.
const SLACK: f64 = 2e-6;
/// Paths that leave this many standard deviations count as failed.
const REACH: f64 = 5.5;
/// A row that fails more rarely than this leaves the chain; its probability is taken off.
const RARE: f64 = 1e-9;
/// Neighbours closer than this are taken to be this far apart, which lowers the bound a little.
const WEIGHT_MIN: f64 = 1e-3;
/// Longer chains take too long for a bound that is asked for dozens of times.
const EVENTS_MAX: usize = 96;
/// A larger stretch is no better than the tree.
const STRETCH_MAX: f64 = 4.0;
/// How many standard deviations of a step are summed; what lies beyond is left out.
const WIDTH: f64 = 6.0;
const NODES_MIN: usize = 48;
const NODES_MAX: usize = 512;
/// Half the wave number that a step's normal density holds, times its standard deviation.
const NODES_PER_WIDTH: f64 = 2.6;
/// How near to the confidence a common z comes, as a share of what is allowed to fail.
const ENOUGH: f64 = 1e-5;
const STEPS_MAX: usize = 12;
const SQRT_TWO_PI: f64 = 2.506_628_274_631_000_5;

/// A lower bound on P(all events hold); zero where there is no chain.
pub(super) fn low(events: &Events<'_>) -> f64 {
    let mut missing = SLACK;
    for half in halves(events) {
        let Some(part) = Part::new(events, &half) else { return 0.0 };
        missing += 1.0 - part.low(|event| events.z[event]);
    }
    (1.0 - missing).max(0.0)
}

/// The least common z between two at which the chain reaches the confidence; None where it does not.
pub(super) fn common_z(events: &Events<'_>, between: (f64, f64), confidence: f64) -> Option<f64> {
    let mut parts = Vec::new();
    for half in halves(events) {
        parts.push(Part::new(events, &half)?);
    }
    let missing = |z: f64| parts.iter().map(|part| 1.0 - part.low(|_| z)).fold(SLACK * 1.01, super::add);
    least(between, 1.0 - confidence, missing)
}

/// The least z, to a hundred-thousandth of what is allowed, with `missing(z)` ≤ `allowed`; None if the upper end
/// has not.
fn least(between: (f64, f64), allowed: f64, missing: impl Fn(f64) -> f64) -> Option<f64> {
    let excess = |z: f64| libm::log(missing(z).max(f64::MIN_POSITIVE) / allowed);
    let (mut low, mut high) = (between.0, between.1);
    let (mut at_low, mut at_high) = (excess(low), excess(high));
    if at_high > 0.0 || at_low <= 0.0 {
        return (at_low <= 0.0).then_some(low).or((at_high <= 0.0).then_some(high));
    }
    // The logarithm is nearly straight: the secant aims a little past the root, so that both ends close in.
    for _ in 0..STEPS_MAX {
        if at_high > -ENOUGH || high - low < ENOUGH {
            break;
        }
        let aim = (high - (at_high + ENOUGH / 2.0) * (high - low) / (at_high - at_low)).clamp(low, high);
        let at_aim = excess(aim);
        if at_aim <= 0.0 {
            (high, at_high) = (aim, at_aim);
        } else {
            (low, at_low) = (aim, at_aim);
        }
    }
    Some(high)
}

/// The positions of the upper events and of the lower ones; both must hold, each half by itself.
fn halves(events: &Events<'_>) -> Vec<Vec<usize>> {
    let is_upper = |&position: &usize| events.event[position] < events.rows;
    let (upper, lower): (Vec<usize>, Vec<usize>) = (0..events.count()).partition(is_upper);
    [upper, lower].into_iter().filter(|half| !half.is_empty()).collect()
}

/// One chain: its events in order and the distance between neighbours.
struct Part {
    events: Vec<usize>,
    weights: Vec<f64>,
}

impl Part {
    fn new(events: &Events<'_>, chosen: &[usize]) -> Option<Self> {
        if chosen.len() > EVENTS_MAX {
            return None;
        }
        let mut sums = vec![0.0];
        for pair in chosen.windows(2) {
            let rho = events.rho(pair[0], pair[1]);
            if rho <= 0.0 {
                return None;
            }
            let weight = (-libm::log(rho)).max(WEIGHT_MIN);
            sums.push(sums[sums.len() - 1] + weight);
        }
        let mut stretch = 1.0f64;
        for (j, &second) in chosen.iter().enumerate() {
            for (i, &first) in chosen[..j].iter().enumerate() {
                // Stretched weights must reach -log of the true correlation; exp(-x) ≤ 1 - x + x²/2 spares the
                // logarithm of some.
                let rho = events.rho(first, second);
                let gap = sums[j] - sums[i];
                let reached = gap * stretch;
                if rho <= 0.0 {
                    return None;
                }
                if rho < 1.0 - reached + reached * reached / 2.0 {
                    stretch = stretch.max(-libm::log(rho) / gap);
                }
            }
        }
        if stretch > STRETCH_MAX {
            return None;
        }
        // A little more than needed covers the rounding of the logarithms.
        let weights = sums.windows(2).map(|pair| (pair[1] - pair[0]) * stretch * (1.0 + 1e-9)).collect();
        Some(Self { events: chosen.to_vec(), weights })
    }

    /// A lower bound on the probability that all events of this chain hold.
    fn low(&self, z: impl Fn(usize) -> f64) -> f64 {
        let (mut edges, mut decays) = (Vec::new(), Vec::new());
        let (mut gone, mut distance) = (0.0, 0.0);
        for (index, &event) in self.events.iter().enumerate() {
            distance += if index > 0 { self.weights[index - 1] } else { 0.0 };
            let value = z(event);
            let fails = normal_cdf(-value);
            if fails < RARE {
                gone += fails;
                continue;
            }
            if !edges.is_empty() {
                decays.push(libm::exp(-distance));
            }
            edges.push((-value).max(-REACH));
            distance = 0.0;
        }
        if edges.is_empty() {
            return 1.0 - gone;
        }
        (integral(&edges, &decays) - gone).max(0.0)
    }
}

/// P(x_t ≥ edge_t for all t and x_t ≤ REACH), x_{t+1} = decay_t x_t + noise, each x_t standard normal.
fn integral(edges: &[f64], decays: &[f64]) -> f64 {
    if edges.iter().any(|&edge| edge >= REACH) {
        return 0.0;
    }
    let sd_of = |decay: f64| libm::sqrt((1.0 - decay) * (1.0 + decay));
    let narrowest = decays.iter().map(|&decay| sd_of(decay)).fold(1.0, f64::min);
    let widest = REACH - edges.iter().copied().fold(REACH, f64::min);
    let count = (NODES_PER_WIDTH * widest / narrowest) as usize + 1;
    let rule = legendre(count.clamp(NODES_MIN, NODES_MAX));
    let place = |edge: f64| -> Vec<(f64, f64)> {
        let half = (REACH - edge) / 2.0;
        rule.iter().map(|&(node, weight)| (edge + half * (1.0 + node), half * weight)).collect()
    };
    let mut heights = vec![0.0; rule.len()];
    let mut nodes = place(edges[0]);
    let mut mass: Vec<f64> =
        nodes.iter().map(|&(x, weight)| weight * libm::exp(-x * x / 2.0) / SQRT_TWO_PI).collect();
    for (&edge, &decay) in edges[1..].iter().zip(decays) {
        let sd = sd_of(decay);
        let next = place(edge);
        let scaled: Vec<f64> = nodes.iter().map(|&(x, _)| decay * x / sd).collect();
        let (mut start, mut end) = (0, 0);
        let mut sums = Vec::with_capacity(next.len());
        for &(y, weight) in &next {
            let at = y / sd;
            while start < scaled.len() && scaled[start] < at - WIDTH {
                start += 1;
            }
            while end < scaled.len() && scaled[end] <= at + WIDTH {
                end += 1;
            }
            let window = start..end.max(start);
            for (height, &x) in heights.iter_mut().zip(&scaled[window.clone()]) {
                *height = exp_of_square(at - x);
            }
            let mut total = 0.0;
            for (&height, &own) in heights.iter().zip(&mass[window]) {
                total += own * height;
            }
            sums.push(weight * total / (sd * SQRT_TWO_PI));
        }
        nodes = next;
        mass = sums;
    }
    mass.into_iter().fold(0.0, super::add).min(1.0)
}

/// exp(-d²/2) for |d| ≤ 8, to 1e-13, in plain arithmetic that a compiler can vectorise.
fn exp_of_square(distance: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    const LN_2: f64 = std::f64::consts::LN_2;
    let value = -0.5 * distance * distance;
    // Adding 1.5 · 2^52 rounds to a whole number and leaves it in the low bits.
    let shifted = value * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = value - whole * LN_2;
    let mut series = 1.0 / 39_916_800.0;
    for factorial in [3_628_800.0, 362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        series = series * rest + 1.0 / factorial;
    }
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    series * power
}

/// Nodes and weights of Gauss and Legendre on [-1, 1], ascending, by Newton's method.
fn legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let node = |index: usize| {
        let mut x = -libm::cos(std::f64::consts::PI * (index as f64 + 0.75) / (n + 0.5));
        let mut slope = 1.0;
        for _ in 0..6 {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=count {
                let k = k as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = n * (before - x * value) / (1.0 - x * x);
            x -= value / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_integrates_polynomials() {
        for count in [NODES_MIN, 101, NODES_MAX] {
            let rule = legendre(count);
            let of = |power: i32| rule.iter().map(|&(x, w)| w * libm::pow(x, f64::from(power))).sum::<f64>();
            assert!((of(0) - 2.0).abs() < 1e-12 && (of(20) - 2.0 / 21.0).abs() < 1e-12, "{count}");
            assert!(rule.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn the_normal_density_is_accurate() {
        for step in -800..=800 {
            let d = f64::from(step) / 100.0;
            let truth = libm::exp(-d * d / 2.0);
            assert!((exp_of_square(d) - truth).abs() <= 1e-13 * truth, "{d}");
        }
    }

    #[test]
    fn two_and_three_events_are_the_closed_forms() {
        // Sheppard: P(x ≥ 0, y ≥ 0) = 1/4 + arcsin ρ / 2π; for three, 1/8 + Σ arcsin ρ / 4π.
        let pi = std::f64::consts::PI;
        let two = integral(&[0.0, 0.0], &[0.6]);
        assert!((two - (0.25 + libm::asin(0.6) / (2.0 * pi))).abs() < 1e-7, "{two}");
        let three = integral(&[0.0; 3], &[0.6, 0.9]);
        let arcs = libm::asin(0.6) + libm::asin(0.9) + libm::asin(0.54);
        assert!((three - (0.125 + arcs / (4.0 * pi))).abs() < 1e-7, "{three}");
    }

    #[test]
    fn narrow_steps_are_integrated_within_the_slack() {
        // A chain of equal steps against twice as many nodes: the closed form of Slepian for a walk from its origin
        // is P(W_t ≥ 0, t = 1..n) = C(2n, n) / 4^n (Sparre Andersen).
        let n = 365;
        let decays: Vec<f64> = (1..n).map(|t| libm::sqrt(t as f64 / (t + 1) as f64)).collect();
        let mut truth = 1.0;
        for k in 1..=n {
            truth *= (2 * k - 1) as f64 / (2 * k) as f64;
        }
        let found = integral(&vec![0.0; n], &decays);
        assert!((found - truth).abs() < SLACK / 2.0, "{found} {truth}");
    }
}
