//! The level of an everyday flow, from sums over equal blocks of days.
//!
//! ```text
//! y_k = m + l_k + e_k,   l_k = φ l_{k-1} + w_k,   Var e = σ²,   Var l = ratio · σ²
//! ```
//!
//! y is a flow's daily rate averaged over block k. m is constant and unknown (flat prior), l returns to zero:
//! there is no trend to extrapolate. m is concentrated out by running the filter on y and on a row of ones
//! (Rosenberg 1973; de Jong 1991), σ² by restricted maximum likelihood, and `ratio` is averaged over a grid
//! under a prior: a short history does not say how much a level wanders, and the answer keeps that doubt.

/// The belief about (m, l) at the end of the last block, in units of σ².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowBelief {
    /// Mean of m and of l.
    pub mean: [f64; 2],
    /// Covariance mm, ml, ll for σ² = 1.
    pub cov: [f64; 3],
    /// Sum of squared innovations for σ² = 1; σ² is this over (blocks - 1).
    pub squares: f64,
    /// Restricted log-likelihood with σ² concentrated out, without constants.
    pub score: f64,
}

/// Sums of squares below this are exact zeros of a flow that never moved.
const SQUARES_MIN: f64 = 1e-9;

/// Filter the blocks for one φ and one ratio; None for fewer than two blocks or numbers that are not finite.
pub fn filter(blocks: &[f64], phi: f64, ratio: f64) -> Option<FlowBelief> {
    let sound = (0.0..1.0).contains(&phi) && ratio >= 0.0 && ratio.is_finite();
    if blocks.len() < 2 || !sound || blocks.iter().any(|y| !y.is_finite()) {
        return None;
    }
    let drift = ratio * (1.0 - phi * phi);
    let (mut level_y, mut level_one, mut var) = (0.0, 0.0, ratio);
    let (mut yy, mut y_one, mut one_one, mut log_det) = (0.0, 0.0, 0.0, 0.0);
    for (index, y) in blocks.iter().enumerate() {
        if index > 0 {
            level_y *= phi;
            level_one *= phi;
            var = phi * phi * var + drift;
        }
        let total = var + 1.0;
        let (nu_y, nu_one) = (y - level_y, 1.0 - level_one);
        yy += nu_y * nu_y / total;
        y_one += nu_y * nu_one / total;
        one_one += nu_one * nu_one / total;
        log_det += libm::log(total);
        let gain = var / total;
        level_y += gain * nu_y;
        level_one += gain * nu_one;
        var -= gain * var;
    }
    let m = y_one / one_one;
    let var_m = 1.0 / one_one;
    let squares = (yy - m * y_one).max(SQUARES_MIN);
    let freedom = (blocks.len() - 1) as f64;
    Some(FlowBelief {
        mean: [m, level_y - level_one * m],
        cov: [var_m, -level_one * var_m, var + level_one * level_one * var_m],
        squares,
        score: -0.5 * (freedom * libm::log(squares / freedom) + log_det + libm::log(one_one)),
    })
}

/// Return (log evidence, mean of the ratio) of one φ over a grid of ratios with prior weights.
pub fn weigh(blocks: &[f64], phi: f64, ratios: &[f64], weights: &[f64]) -> Option<(f64, f64)> {
    let scores: Option<Vec<f64>> =
        ratios.iter().map(|ratio| filter(blocks, phi, *ratio).map(|belief| belief.score)).collect();
    let scores = scores?;
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (mut total, mut first) = (0.0, 0.0);
    for ((score, weight), ratio) in scores.iter().zip(weights).zip(ratios) {
        let mass = weight * libm::exp(score - best);
        total += mass;
        first += mass * ratio;
    }
    (total > 0.0).then(|| (best + libm::log(total), first / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_wandering_the_level_is_the_mean_and_its_variance_one_over_n() {
        let belief = filter(&[1.0, 4.0, 2.0, 5.0], 0.9, 0.0).expect("sound");
        assert_eq!(belief.mean, [3.0, 0.0]);
        assert_eq!(belief.cov, [0.25, 0.0, 0.0]);
        assert_eq!(belief.squares, 10.0);
    }

    // Two blocks by hand: y ~ N(m, V), V = [[1 + r, φ r], [φ r, 1 + r]]; both innovations of m are alike.
    #[test]
    fn two_blocks_meet_the_normal_equations() {
        let (phi, ratio) = (0.5, 0.4);
        let belief = filter(&[2.0, 3.0], phi, ratio).expect("sound");
        let (v, c) = (1.0 + ratio, phi * ratio);
        assert!((belief.mean[0] - 2.5).abs() < 1e-14);
        assert!((belief.cov[0] - (v + c) / 2.0).abs() < 1e-14);
        assert!((belief.squares - 0.5 / (v - c)).abs() < 1e-14);
        let expected =
            -0.5 * (libm::log(0.5 / (v - c)) + libm::log(v * v - c * c) + libm::log(2.0 / (v + c)));
        assert!((belief.score - expected).abs() < 1e-13);
    }

    #[test]
    fn what_cannot_be_filtered_is_none() {
        assert_eq!(filter(&[1.0], 0.5, 0.1), None);
        assert_eq!(filter(&[1.0, f64::NAN], 0.5, 0.1), None);
        assert_eq!(filter(&[1.0, 2.0], 1.0, 0.1), None);
        assert_eq!(weigh(&[1.0, 2.0], 0.5, &[-0.1], &[1.0]), None);
    }
}
