//! Exponential, logistic and soft-plus functions with fixed operations, the same bits at every level.

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts: the first has few enough bits that its multiples are exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// 1.5 · 2²³: adding it rounds to the nearest integer (ties to even), which then stands in the low bits.
pub(crate) const ROUNDER: f32 = 12_582_912.0;
const EXPONENT_LOW: f32 = -87.0;
const EXPONENT_HIGH: f32 = 88.0;
/// Above this soft-plus is its argument, as in PyTorch.
const SOFTPLUS_LINEAR: f32 = 20.0;

/// e to the x, relative error below 2e-7; the argument is held to [-87, 88].
///
/// Cephes `expf` (Moshier): x = n ln 2 + r, a polynomial in r, the exponent put in by bits.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let x = if x < EXPONENT_LOW { EXPONENT_LOW } else { x };
    let x = if x > EXPONENT_HIGH { EXPONENT_HIGH } else { x };
    let shifted = x.mul_add(LOG2_E, ROUNDER);
    let n = shifted - ROUNDER;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let mut p = 1.987_569_1e-4_f32;
    p = p.mul_add(r, 1.398_2e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 5e-1);
    let value = p.mul_add(r * r, r) + 1.0;
    let exponent = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    value * f32::from_bits(exponent)
}

/// x · σ(x).
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// ln(1 + e^x), and x itself above 20.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let value = log_one_plus(exp(x));
    if x > SOFTPLUS_LINEAR { x } else { value }
}

/// ln(1 + e) for e ≥ 0: Cephes `logf` of the rounded 1 + e, and the part that rounding took away.
#[inline(always)]
fn log_one_plus(e: f32) -> f32 {
    let u = 1.0 + e;
    let lost = e - (u - 1.0);
    // The mantissa lies in [√½, √2).
    let shifted = u.to_bits().wrapping_sub(0x3f35_04f3);
    let n = ((shifted as i32) >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    let square = m * m;
    let mut p = 7.037_683_6e-2_f32;
    p = p.mul_add(m, -1.151_461e-1);
    p = p.mul_add(m, 1.167_699_84e-1);
    p = p.mul_add(m, -1.242_014_1e-1);
    p = p.mul_add(m, 1.424_932_3e-1);
    p = p.mul_add(m, -1.666_805_8e-1);
    p = p.mul_add(m, 2.000_071_5e-1);
    p = p.mul_add(m, -2.499_999_4e-1);
    p = p.mul_add(m, 3.333_333e-1);
    let mut tail = m * square * p;
    tail = n.mul_add(LN2_LOW, tail);
    tail = square.mul_add(-0.5, tail);
    let log = n.mul_add(LN2_HIGH, m + tail);
    log + lost / u
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_double_precision() {
        for step in -86_999..88_000 {
            let x = step as f32 * 1e-3;
            let truth = f64::from(x).exp();
            assert!((f64::from(exp(x)) / truth - 1.0).abs() < 2e-7, "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(f32::NEG_INFINITY), exp(-87.0));
    }

    #[test]
    fn soft_plus_and_silu_are_those_of_double_precision() {
        for step in -60_000..60_000 {
            let x = step as f32 * 1e-3;
            let wide = f64::from(x);
            let truth = wide.exp().ln_1p();
            assert!((f64::from(softplus(x)) / truth - 1.0).abs() < 5e-7, "{x}");
            let truth = wide / (1.0 + (-wide).exp());
            assert!((f64::from(silu(x)) - truth).abs() <= 4e-7 * truth.abs(), "{x}");
        }
    }
}
