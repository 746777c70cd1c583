//! Tail probabilities: gamma, chi-square and Student's t, to about 1e-13 of relative error.
//!
//! The incomplete gamma function is a series below its mean and a continued fraction above; the
//! incomplete beta function is a continued fraction (Press et al. 2007, §6.2 and §6.4), with the number of
//! terms fixed by a tolerance on terms that are the same on every machine.
const TERMS_MAX: u32 = 10_000;
const TINY: f64 = 1e-300;
const SMALL: f64 = 1e-16;

/// Return P(X > x) for X ~ Gamma(shape, 1).
pub fn gamma_tail(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    let tail = if x < shape + 1.0 { 1.0 - front * lower_series(shape, x) } else { front * upper(shape, x) };
    tail.clamp(0.0, 1.0)
}

/// Σ xⁿ / (a (a+1) … (a+n))
fn lower_series(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut below) = (1.0 / shape, 1.0 / shape, shape);
    for _ in 0..TERMS_MAX {
        below += 1.0;
        term *= x / below;
        sum += term;
        if term < sum * SMALL {
            break;
        }
    }
    sum
}

/// The continued fraction of Γ(a, x) / (xᵃ e⁻ˣ), by Lentz's method.
fn upper(shape: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / nudge(b);
    let mut product = d;
    for n in 1..TERMS_MAX {
        let step = f64::from(n);
        let a = -step * (step - shape);
        b += 2.0;
        d = 1.0 / nudge(a * d + b);
        c = nudge(b + a / c);
        product *= d * c;
        if (d * c - 1.0).abs() < SMALL {
            break;
        }
    }
    product
}

/// Return P(X > x) for X ~ χ² with `freedom` degrees of freedom.
pub fn chi_square_tail(x: f64, freedom: f64) -> f64 {
    gamma_tail(0.5 * freedom, 0.5 * x)
}

/// Return P(|T| > t) for Student's T with `freedom` degrees of freedom.
pub fn student_tail(t: f64, freedom: f64) -> f64 {
    let square = t * t;
    if !square.is_finite() {
        return 0.0;
    }
    // I_x(d/2, 1/2) with x = d/(d + t²), its complement and its logarithms kept apart: at many degrees of
    // freedom x is within rounding of 1.
    let (x, rest) = (freedom / (freedom + square), square / (freedom + square));
    if rest == 0.0 {
        return 1.0;
    }
    let (a, b) = (0.5 * freedom, 0.5);
    let log_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) - a * libm::log1p(square / freedom)
            + b * libm::log(rest);
    let front = libm::exp(log_front);
    let tail = if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, rest) / b
    };
    tail.clamp(0.0, 1.0)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / nudge(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for n in 1..TERMS_MAX {
        let m = f64::from(n);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nudge(1.0 + even * d);
        c = nudge(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nudge(1.0 + odd * d);
        c = nudge(1.0 + odd / c);
        product *= d * c;
        if (d * c - 1.0).abs() < SMALL {
            break;
        }
    }
    product
}

fn nudge(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}
