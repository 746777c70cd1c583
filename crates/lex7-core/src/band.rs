//! A two-sided condition |y| ≤ c for one normal y: its probability, and how far its mean may lie from zero.

use crate::special::normal_cdf;

const BISECTIONS: usize = 60;

/// P(|y| ≤ half) for y ~ N(mean, sd²); without uncertainty 0 or 1.
pub fn probability(mean: f64, sd: f64, half: f64) -> f64 {
    if sd <= 0.0 {
        return f64::from(u8::from(mean.abs() <= half));
    }
    // The mean is mirrored to the positive side, where the difference of the two tails keeps its digits.
    let size = mean.abs();
    (normal_cdf((half - size) / sd) - normal_cdf((-half - size) / sd)).clamp(0.0, 1.0)
}

/// The largest m with P(|y| ≤ half) ≥ confidence for every |mean| ≤ m; NaN where not even mean 0 reaches it.
pub fn reach(sd: f64, half: f64, confidence: f64) -> f64 {
    if probability(0.0, sd, half) < confidence {
        return f64::NAN;
    }
    if sd <= 0.0 {
        return half;
    }
    let (mut low, mut high) = (0.0, half);
    for _ in 0..BISECTIONS {
        let middle = low + (high - low) / 2.0;
        if probability(middle, sd, half) >= confidence {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::special::normal_quantile;

    #[test]
    fn a_wide_band_has_one_active_edge() {
        // With c far above s only one tail counts: m = c - z s.
        let m = reach(1.0, 50.0, 0.9);
        assert!((m - (50.0 - normal_quantile(0.9))).abs() < 1e-12);
    }

    #[test]
    fn a_narrow_band_is_hopeless() {
        assert!(reach(1.0, 1.0, 0.9).is_nan());
        let edge = normal_quantile(0.95);
        assert!(reach(1.0, edge * 1.000_001, 0.9) < 0.01);
    }

    #[test]
    fn the_reach_is_tight() {
        let m = reach(1.0, 2.5, 0.8);
        assert!(probability(m, 1.0, 2.5) >= 0.8);
        assert!(probability(m + 1e-9, 1.0, 2.5) < 0.8);
        assert_eq!(reach(0.0, 2.5, 0.8), 2.5);
    }

    #[test]
    fn without_uncertainty_it_is_a_comparison() {
        assert_eq!(probability(2.5, 0.0, 2.5), 1.0);
        assert_eq!(probability(-2.6, 0.0, 2.5), 0.0);
    }
}
