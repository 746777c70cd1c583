//! The normal distribution: density, distribution, quantile, and the bivariate distribution.
//!
//! Every function uses the `libm` crate and a fixed order of operations, so its bits do not depend on the
//! machine. Errors are below 1e-15 absolute for the distribution, 1e-15 relative for the quantile and 1e-14
//! absolute for the bivariate one; the joint bounds allow for 1e-9 per row.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

const TWO_PI: f64 = 2.0 * PI;
const SQRT_TWO_PI: f64 = 2.506_628_274_631_000_7;
/// Exponents below this add nothing to a probability that is known to 1e-14.
const EXPONENT_MIN: f64 = -100.0;

/// Complementary error function.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Standard normal distribution function Φ.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Standard normal quantile Φ⁻¹: Wichura (1988), algorithm AS 241, PPND16.
///
/// Returns an infinity at 0 and 1 and NaN outside.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(&NEAR_ABOVE, r) / polynomial(&NEAR_BELOW, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let size = if r <= 5.0 {
        polynomial(&MIDDLE_ABOVE, r - 1.6) / polynomial(&MIDDLE_BELOW, r - 1.6)
    } else {
        polynomial(&FAR_ABOVE, r - 5.0) / polynomial(&FAR_BELOW, r - 5.0)
    };
    if q < 0.0 { -size } else { size }
}

/// P(X ≤ h and Y ≤ k) for standard normal X, Y with correlation `rho`.
///
/// Genz (2004), "Numerical computation of rectangular bivariate and trivariate normal and t
/// probabilities", Statistics and Computing 14, in its later form with 1e-15 accuracy near |ρ| = 1.
pub fn bivariate_normal_cdf(h: f64, k: f64, rho: f64) -> f64 {
    upper(-h, -k, rho.clamp(-1.0, 1.0)).clamp(0.0, 1.0)
}

fn upper(h: f64, k: f64, rho: f64) -> f64 {
    if h == f64::INFINITY || k == f64::INFINITY {
        return 0.0;
    }
    if h == f64::NEG_INFINITY || k == f64::NEG_INFINITY {
        return normal_cdf(-h) * normal_cdf(-k);
    }
    if rho == 0.0 {
        return normal_cdf(-h) * normal_cdf(-k);
    }
    if rho.abs() < 0.925 { moderate(h, k, rho) } else { strong(h, k, rho) }
}

/// |ρ| < 0.925: integrate over the angle arcsin ρ.
fn moderate(h: f64, k: f64, rho: f64) -> f64 {
    let (hk, half) = (h * k, (h * h + k * k) / 2.0);
    let angle = libm::asin(rho) / 2.0;
    let mut total = 0.0;
    for &(node, weight) in rule(rho.abs()) {
        for x in [1.0 - node, 1.0 + node] {
            let sine = libm::sin(angle * x);
            total += weight * libm::exp((sine * hk - half) / (1.0 - sine * sine));
        }
    }
    total * angle / TWO_PI + normal_cdf(-h) * normal_cdf(-k)
}

/// |ρ| ≥ 0.925: expand about |ρ| = 1.
fn strong(h: f64, k_given: f64, rho: f64) -> f64 {
    let k = if rho < 0.0 { -k_given } else { k_given };
    let correction = if rho.abs() < 1.0 { near_one(h, k, rho) } else { 0.0 };
    if rho > 0.0 {
        return correction + normal_cdf(-h.max(k));
    }
    if h >= k {
        return -correction;
    }
    let between = if h < 0.0 { normal_cdf(k) - normal_cdf(h) } else { normal_cdf(-h) - normal_cdf(-k) };
    between - correction
}

fn near_one(h: f64, k: f64, rho: f64) -> f64 {
    let hk = h * k;
    let rest = (1.0 - rho) * (1.0 + rho);
    let half_width = libm::sqrt(rest);
    let gap = (h - k) * (h - k);
    let (c, d) = ((4.0 - hk) / 8.0, (12.0 - hk) / 80.0);
    let mut total = 0.0;
    let exponent = -(gap / rest + hk) / 2.0;
    if exponent > EXPONENT_MIN {
        let series = 1.0 - c * (gap - rest) * (1.0 - d * gap) / 3.0 + c * d * rest * rest;
        total = half_width * libm::exp(exponent) * series;
    }
    if hk > EXPONENT_MIN {
        let root = libm::sqrt(gap);
        let tail = SQRT_TWO_PI * normal_cdf(-root / half_width);
        total -= libm::exp(-hk / 2.0) * tail * root * (1.0 - c * gap * (1.0 - d * gap) / 3.0);
    }
    let quarter = half_width / 2.0;
    let mut integral = 0.0;
    for &(node, weight) in rule(1.0) {
        for x in [1.0 - node, 1.0 + node] {
            let square = (quarter * x) * (quarter * x);
            let exponent = -(gap / square + hk) / 2.0;
            if exponent > EXPONENT_MIN {
                let root = libm::sqrt(1.0 - square);
                let series = 1.0 + c * square * (1.0 + 5.0 * d * square);
                let rise = (1.0 + root) * (1.0 + root);
                let exact = libm::exp(-(hk / 2.0) * square / rise) / root;
                integral += weight * libm::exp(exponent) * (series - exact);
            }
        }
    }
    (quarter * integral - total) / TWO_PI
}

/// The Gauss-Legendre rule (nodes in (0, 1), weights) that is long enough for a correlation.
fn rule(size: f64) -> &'static [(f64, f64)] {
    if size < 0.3 {
        &LEGENDRE_6
    } else if size < 0.75 {
        &LEGENDRE_12
    } else {
        &LEGENDRE_20
    }
}

fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |total, coefficient| total * x + coefficient)
}

const LEGENDRE_6: [(f64, f64); 3] = [
    (0.932_469_514_203_152_2, 0.171_324_492_379_170_5),
    (0.661_209_386_466_264_7, 0.360_761_573_048_138_4),
    (0.238_619_186_083_197, 0.467_913_934_572_690_4),
];
const LEGENDRE_12: [(f64, f64); 6] = [
    (0.981_560_634_246_719_1, 0.047_175_336_386_511_77),
    (0.904_117_256_370_475, 0.106_939_325_995_318_3),
    (0.769_902_674_194_305, 0.160_078_328_543_346_4),
    (0.587_317_954_286_617_1, 0.203_167_426_723_065_9),
    (0.367_831_498_998_180_2, 0.233_492_536_538_354_7),
    (0.125_233_408_511_469_2, 0.249_147_045_813_402_9),
];
const LEGENDRE_20: [(f64, f64); 10] = [
    (0.993_128_599_185_094_9, 0.017_614_007_139_152_12),
    (0.963_971_927_277_913_8, 0.040_601_429_800_386_94),
    (0.912_234_428_251_326, 0.062_672_048_334_109_05),
    (0.839_116_971_822_218_8, 0.083_276_741_576_704_75),
    (0.746_331_906_460_150_8, 0.101_930_119_817_240_4),
    (0.636_053_680_726_515, 0.118_194_531_961_518_4),
    (0.510_867_001_950_827_1, 0.131_688_638_449_176_6),
    (0.373_706_088_715_419_6, 0.142_096_109_318_382_1),
    (0.227_785_851_141_645_1, 0.149_172_986_472_603_7),
    (0.076_526_521_133_497_32, 0.152_753_387_130_725_9),
];
const NEAR_ABOVE: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const NEAR_BELOW: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_854,
];
const MIDDLE_ABOVE: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    0.000_774_545_014_278_341_4,
];
const MIDDLE_BELOW: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    0.000_547_593_808_499_534_5,
    1.050_750_071_644_416_9e-9,
];
const FAR_ABOVE: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    0.001_242_660_947_388_078_4,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BELOW: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    0.000_786_869_131_145_613_3,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_7e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_inverts_distribution() {
        for step in 1..400 {
            let p = f64::from(step) / 400.0;
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 4e-16);
        }
        assert!((normal_quantile(0.95) - 1.644_853_626_951_472_7).abs() < 2e-15);
        assert!((normal_cdf(normal_quantile(1e-30)) / 1e-30 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_limits_at_zero_follow_the_arcsine_law() {
        // P(X ≤ 0, Y ≤ 0) = 1/4 + arcsin(ρ) / 2π (Sheppard, 1899).
        for step in -1000..=1000 {
            let rho = f64::from(step) / 1000.0;
            let law = 0.25 + libm::asin(rho) / TWO_PI;
            assert!((bivariate_normal_cdf(0.0, 0.0, rho) - law).abs() < 1e-14, "{rho}");
        }
    }

    #[test]
    fn the_other_corner_completes_the_margin() {
        // P(X ≤ h, Y ≤ k) + P(X ≤ h, Y > k) = Φ(h).
        for h in [-3.0, -0.4, 0.0, 1.1, 4.0] {
            for k in [-2.5, -0.1, 0.7, 3.0] {
                for rho in [-1.0, -0.99, -0.93, -0.5, 0.0, 0.2, 0.8, 0.95, 0.9999, 1.0] {
                    let here = bivariate_normal_cdf(h, k, rho);
                    let other = bivariate_normal_cdf(h, -k, -rho);
                    assert!((here + other - normal_cdf(h)).abs() < 1e-14, "{h} {k} {rho}");
                }
            }
        }
    }

    #[test]
    fn infinite_limits_leave_the_other_margin() {
        assert_eq!(bivariate_normal_cdf(f64::INFINITY, 0.3, 0.5), normal_cdf(0.3));
        assert_eq!(bivariate_normal_cdf(f64::NEG_INFINITY, 0.3, 0.5), 0.0);
    }
}
