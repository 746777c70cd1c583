//! Observation noise that is learned as it changes: variational Bayes (Särkkä & Nummenmaa 2009).
//!
//! The noise variance is inverse-gamma with shape a and scale b. Between observations both shrink by the
//! forgetting, which keeps the mean and widens the law; an observation adds ½ to a and half its expected
//! squared residual to b, in a fixed number of rounds. With signal variance s and innovation ν the residual
//! under noise R is ν R/(s + R) and its variance s R/(s + R), so the rounds are scalar.
use super::stream::{Observed, Stream};
use super::{Belief, FilterError, MAGNITUDE_MAX, Model, refuse};

const ROUNDS: usize = 4;

/// A stream that learns its observation noise.
#[derive(Debug, Clone)]
pub struct Adaptive {
    stream: Stream,
    forgetting: f64,
    shape: f64,
    scale: f64,
}

impl Adaptive {
    /// Start from the model's noise, held with the weight of `strength` observations.
    pub fn new(model: Model, forgetting: f64, strength: f64) -> Result<Self, FilterError> {
        if !(forgetting > 0.0 && forgetting <= 1.0) {
            return Err(refuse("forgetting", "above 0 and at most 1", forgetting));
        }
        if !(2.0..=1e9).contains(&strength) {
            return Err(refuse("strength", "a number of observations from 2", strength));
        }
        if model.observation_sd <= 0.0 {
            return Err(refuse(
                "observation_sd",
                "above 0, a first guess of the noise",
                model.observation_sd,
            ));
        }
        let scale = 0.5 * strength * model.observation_sd * model.observation_sd;
        let stream = Stream::new(model, None)?;
        Ok(Adaptive { stream, forgetting, shape: 0.5 * strength, scale })
    }

    /// Go on from a belief and a noise law.
    pub fn resume(
        model: Model,
        forgetting: f64,
        (shape, scale): (f64, f64),
        belief: Belief,
    ) -> Result<Self, FilterError> {
        if !(shape > 0.0 && scale > 0.0 && shape.is_finite() && scale.is_finite()) {
            return Err(refuse("saved", "a positive shape and scale", format!("{shape}, {scale}")));
        }
        let mut out = Adaptive::new(model.clone(), forgetting, 2.0)?;
        out.stream = Stream::new(model, Some(belief))?;
        (out.shape, out.scale) = (shape, scale);
        Ok(out)
    }

    /// Take in one value; returns innovation, its variance under the noise expected before it, and the
    /// weight. After an error the stream is as it was.
    pub fn update(
        &mut self,
        time_ns: i64,
        value: f64,
        inputs: &[f64],
    ) -> Result<(f64, f64, f64), FilterError> {
        let noise = self.scale / self.shape;
        let step =
            self.stream.step(Observed { time_ns, value, observation_sd: Some(noise.sqrt()), inputs })?;
        let told = (step.innovation, step.variance, step.weight);
        if value.is_nan() || step.variance.is_infinite() {
            return Ok(told);
        }
        let signal_var = (step.variance - noise).max(0.0);
        let shape = self.forgetting * self.shape + 0.5;
        let before = self.forgetting * self.scale;
        let mut scale = self.scale;
        for _ in 0..ROUNDS {
            let share = scale / (shape * signal_var + scale);
            let residual = step.innovation * share;
            scale = before + 0.5 * (residual * residual + signal_var * share);
        }
        self.stream.undo();
        let sd = (scale / shape).sqrt().min(MAGNITUDE_MAX);
        self.stream.step(Observed { time_ns, value, observation_sd: Some(sd), inputs })?;
        (self.shape, self.scale) = (shape, scale.max(f64::MIN_POSITIVE));
        Ok(told)
    }

    /// Return the standard deviation of the noise as it is expected now.
    pub fn observation_sd(&self) -> f64 {
        (self.scale / self.shape).sqrt()
    }

    /// Return shape and scale of the noise variance's law.
    pub fn law(&self) -> (f64, f64) {
        (self.shape, self.scale)
    }

    /// Return the belief after the last value; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.stream.belief()
    }
}
