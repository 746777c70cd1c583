//! Coordinates that are not plain numbers: x ⊞ δ moves along, y ⊟ x is the way from x to y.
//!
//! Every manifold here is a commutative group, so (x ⊞ a) ⊞ b = x ⊞ (a + b) and resetting the error
//! after an injection leaves its covariance as it is.
use super::{FilterError, refuse};

const PI: f64 = core::f64::consts::PI;
const TAU: f64 = core::f64::consts::TAU;

/// What one coordinate is; the number is its code at the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// Any number; x ⊞ δ = x + δ.
    Real = 0,
    /// Above zero; x ⊞ δ = x e^δ, y ⊟ x = ln(y/x).
    Positive = 1,
    /// Radians in [−π, π); the shorter way round.
    Angle = 2,
}

impl Coordinate {
    /// Read a code.
    pub fn decode(code: u8) -> Result<Self, FilterError> {
        match code {
            0 => Ok(Coordinate::Real),
            1 => Ok(Coordinate::Positive),
            2 => Ok(Coordinate::Angle),
            other => Err(refuse("coordinates", "codes from 0 to 2", other)),
        }
    }

    /// x ⊞ δ
    pub fn plus(self, x: f64, delta: f64) -> f64 {
        match self {
            Coordinate::Real => x + delta,
            Coordinate::Positive => x * libm::exp(delta),
            Coordinate::Angle => wrap(x + delta),
        }
    }

    /// y ⊟ x
    pub fn minus(self, y: f64, x: f64) -> f64 {
        match self {
            Coordinate::Real => y - x,
            Coordinate::Positive => libm::log(y) - libm::log(x),
            Coordinate::Angle => wrap(y - x),
        }
    }

    /// Answer whether an error can be added: an exponential must stay a positive number.
    fn takes(self, delta: f64) -> bool {
        match self {
            Coordinate::Real => delta.is_finite(),
            Coordinate::Positive => delta.abs() <= 700.0,
            Coordinate::Angle => delta.abs() <= ANGLE_MAX,
        }
    }

    /// Answer whether a number is a point of the manifold.
    pub fn holds(self, x: f64) -> bool {
        match self {
            Coordinate::Real => x.is_finite(),
            // Beyond, an angle has lost the digits that tell where on the circle it is.
            Coordinate::Angle => x.abs() <= ANGLE_MAX,
            Coordinate::Positive => x.is_finite() && x > 0.0,
        }
    }
}

/// Larger angles, in radians, are refused.
const ANGLE_MAX: f64 = 1e9;

/// Return the angle in [−π, π) that differs by whole turns.
fn wrap(angle: f64) -> f64 {
    let turned = angle - TAU * libm::floor((angle + PI) / TAU);
    // Rounding may leave the half-open range by one unit in the last place.
    if turned >= PI {
        turned - TAU
    } else if turned < -PI {
        -PI
    } else {
        turned
    }
}

/// Return x ⊞ δ for every coordinate.
pub fn box_plus(codes: &[u8], x: &[f64], delta: &[f64]) -> Result<Vec<f64>, FilterError> {
    each(codes, (x, "state"), (delta, "delta"), |kind, x, d| kind.holds(x) && kind.takes(d), Coordinate::plus)
}

/// Return y ⊟ x for every coordinate; NaN in y, a missing value, stays NaN.
pub fn box_minus(codes: &[u8], y: &[f64], x: &[f64]) -> Result<Vec<f64>, FilterError> {
    let sound = |kind: Coordinate, y: f64, x: f64| (y.is_nan() || kind.holds(y)) && kind.holds(x);
    each(codes, (y, "value"), (x, "state"), sound, Coordinate::minus)
}

fn each(
    codes: &[u8],
    (a, a_name): (&[f64], &'static str),
    (b, b_name): (&[f64], &'static str),
    sound: impl Fn(Coordinate, f64, f64) -> bool,
    apply: impl Fn(Coordinate, f64, f64) -> f64,
) -> Result<Vec<f64>, FilterError> {
    for (name, values) in [(a_name, a), (b_name, b)] {
        if values.len() != codes.len() {
            return Err(refuse(name, &format!("{} numbers, one per coordinate", codes.len()), values.len()));
        }
    }
    let mut out = Vec::with_capacity(codes.len());
    for (index, code) in codes.iter().enumerate() {
        let kind = Coordinate::decode(*code)?;
        if !sound(kind, a[index], b[index]) {
            let got = format!("{} and {} at coordinate {index}", a[index], b[index]);
            return Err(refuse(a_name, &format!("points of {kind:?}"), got));
        }
        let found = apply(kind, a[index], b[index]);
        if !found.is_finite() && !a[index].is_nan() {
            let got = format!("{} and {} at coordinate {index}", a[index], b[index]);
            return Err(refuse(b_name, "such that the result stays finite", got));
        }
        out.push(found);
    }
    Ok(out)
}
