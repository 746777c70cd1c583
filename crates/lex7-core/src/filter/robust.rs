//! Robust observation noise: how much one observation counts, and how likely it was.
use super::{FilterError, refuse};

const LOG_2PI: f64 = 1.837_877_066_409_345_3;
/// Fixed-point rounds of the Student-t weight; a fixed count keeps the bits independent of a tolerance.
const ROUNDS: usize = 8;

/// The distribution of the observation noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Robust {
    /// Gaussian noise: every observation counts in full.
    Gaussian,
    /// Student-t noise with these degrees of freedom; the observation sd is its scale.
    StudentT(f64),
    /// Huber's noise: Gaussian up to this many scales, exponential beyond.
    Huber(f64),
}

impl Robust {
    pub(crate) fn decode(kind: u8, parameter: f64) -> Result<Self, FilterError> {
        match kind {
            0 if parameter == 0.0 => Ok(Robust::Gaussian),
            1 if parameter > 2.0 && parameter <= 1e6 => Ok(Robust::StudentT(parameter)),
            2 if (0.1..=100.0).contains(&parameter) => Ok(Robust::Huber(parameter)),
            _ => Err(refuse(
                "robust",
                "Student-t above 2 degrees of freedom or Huber from 0.1 to 100",
                parameter,
            )),
        }
    }

    /// Return the weight of an observation, in (0, 1] for Huber.
    ///
    /// `signal_var` is the variance of the predicted signal, `noise_var` that of the noise scale. The
    /// weighted observation has noise variance `noise_var / weight`. Huber's weight is the closed-form
    /// minimiser of (ν − r)²/(2 signal_var) + ρ(r/√noise_var) over the residual r; Student-t's is the
    /// variational weight E[w] = (d + 1)/(d + E[r²]/noise_var) (Agamennoni et al. 2012, eq. 19).
    pub(crate) fn weight(self, innovation: f64, signal_var: f64, noise_var: f64) -> f64 {
        match self {
            Robust::Gaussian => 1.0,
            _ if noise_var == 0.0 => 1.0,
            Robust::Huber(limit) => {
                let scale = noise_var.sqrt();
                let plain = innovation.abs() * noise_var / (signal_var + noise_var);
                if plain <= limit * scale {
                    return 1.0;
                }
                limit * scale / (innovation.abs() - signal_var * limit / scale)
            }
            Robust::StudentT(freedom) => {
                let mut weight = 1.0;
                for _ in 0..ROUNDS {
                    let noise = noise_var / weight;
                    let share = noise / (signal_var + noise);
                    let residual = innovation * share;
                    weight =
                        (freedom + 1.0) / (freedom + (residual * residual + signal_var * share) / noise_var);
                }
                weight
            }
        }
    }

    /// Return the log-density of an innovation of the given variance.
    ///
    /// For the robust kinds this is the density of the same family with scale √variance: a proper
    /// predictive density, so that its sum over a series is an honest (prequential) likelihood.
    pub(crate) fn log_density(self, innovation: f64, variance: f64, constant: f64) -> f64 {
        let square = innovation * innovation / variance;
        match self {
            Robust::Gaussian => -0.5 * (LOG_2PI + libm::log(variance) + square),
            Robust::StudentT(freedom) => {
                constant - 0.5 * libm::log(variance) - 0.5 * (freedom + 1.0) * libm::log1p(square / freedom)
            }
            Robust::Huber(limit) => {
                let size = square.sqrt();
                let loss = if size <= limit { 0.5 * square } else { limit * size - 0.5 * limit * limit };
                constant - 0.5 * libm::log(variance) - loss
            }
        }
    }

    /// Return the part of the log-density that depends on the kind alone.
    pub(crate) fn log_constant(self) -> f64 {
        match self {
            Robust::Gaussian => -0.5 * LOG_2PI,
            Robust::StudentT(freedom) => {
                libm::lgamma(0.5 * (freedom + 1.0))
                    - libm::lgamma(0.5 * freedom)
                    - 0.5 * libm::log(core::f64::consts::PI * freedom)
            }
            Robust::Huber(limit) => {
                let centre = libm::sqrt(2.0 * core::f64::consts::PI)
                    * libm::erf(limit * core::f64::consts::FRAC_1_SQRT_2);
                let tails = 2.0 / limit * libm::exp(-0.5 * limit * limit);
                -libm::log(centre + tails)
            }
        }
    }

    /// Return the variance of the noise whose scale is one.
    pub(crate) fn variance_factor(self) -> f64 {
        match self {
            Robust::Gaussian => 1.0,
            Robust::StudentT(freedom) => freedom / (freedom - 2.0),
            Robust::Huber(limit) => {
                // Second moment of Huber's density: the Gaussian core plus two exponential tails.
                let edge = libm::exp(-0.5 * limit * limit);
                let core = libm::sqrt(2.0 * core::f64::consts::PI)
                    * libm::erf(limit * core::f64::consts::FRAC_1_SQRT_2);
                let tail = 2.0 * edge * (limit + 2.0 / limit + 2.0 / (limit * limit * limit));
                (core - 2.0 * limit * edge + tail) / (core + 2.0 / limit * edge)
            }
        }
    }
}
