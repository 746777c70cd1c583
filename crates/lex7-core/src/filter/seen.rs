//! What one scalar observation did, kept for a pass backwards.
use super::step::{Outcome, Workspace, dot};

/// One scalar observation as the backward pass needs it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) row: Vec<f64>,
    pub(crate) gain: Vec<f64>,
    /// Term of the gain in κ⁻¹; empty where no diffuse direction was seen.
    pub(crate) gain_below: Vec<f64>,
    pub(crate) innovation: f64,
    /// Variance of the innovation: S, or F* while diffuse.
    pub(crate) variance: f64,
    /// F∞ while diffuse, else 0.
    pub(crate) strength: f64,
    /// Variance of the noise after robust weighting.
    pub(crate) noise_var: f64,
}

impl Seen {
    /// Note what an update did; none where it learned nothing.
    pub(crate) fn of(space: &Workspace, outcome: &Outcome, noise_var: f64) -> Option<Self> {
        if outcome.weight == 0.0 {
            return None;
        }
        let noise_var = noise_var / outcome.weight;
        let variance = dot(space.row(), space.cross()) + noise_var;
        let gain = match outcome.strength > 0.0 {
            true => space.gain().to_vec(),
            false => space.cross().iter().map(|cross| cross / variance).collect(),
        };
        let mut seen = Seen {
            row: space.row().to_vec(),
            gain,
            gain_below: Vec::new(),
            innovation: outcome.innovation,
            variance,
            strength: outcome.strength,
            noise_var,
        };
        if seen.strength > 0.0 {
            let below = |(cross, gain): (&f64, &f64)| (cross - gain * seen.variance) / seen.strength;
            seen.gain_below = space.cross().iter().zip(&seen.gain).map(below).collect();
        }
        Some(seen)
    }
}
