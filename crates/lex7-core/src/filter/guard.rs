//! A gate on the normalised innovation squared, with a rule for coming back.
//!
//! A value whose NIS exceeds the limit is rejected: time moves on, the belief learns nothing. After
//! `rejects_max` rejections in a row it is the filter that is lost, not the data: its covariance is raised
//! by the factor that makes the next such value just expected (NIS = 1), and the value is taken in.
use super::stream::{Observed, Stream};
use super::{Belief, FilterError, Model, refuse};

/// What became of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It was missing.
    Missing = 0,
    /// It was taken in.
    Accepted = 1,
    /// It was left out.
    Rejected = 2,
    /// The covariance was raised and it was taken in.
    Recovered = 3,
}

/// What one value did, with its innovation against the prediction before any recovery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guarded {
    /// What became of it.
    pub judgement: Judgement,
    /// Value minus prediction.
    pub innovation: f64,
    /// Its variance, infinite while diffuse.
    pub variance: f64,
    /// How much it counted: 0 where rejected.
    pub weight: f64,
}

/// A stream behind a gate.
#[derive(Debug, Clone)]
pub struct Guard {
    model: Model,
    stream: Stream,
    nis_max: f64,
    rejects_max: u32,
    rejected: u32,
}

impl Guard {
    /// Start a guarded stream; `rejected` values in a row may have come before.
    pub fn new(
        model: Model,
        nis_max: f64,
        rejects_max: u32,
        resumed: Option<(Belief, u32)>,
    ) -> Result<Self, FilterError> {
        if nis_max.is_nan() || nis_max <= 0.0 {
            return Err(refuse("nis_max", "a number above 0", nis_max));
        }
        let (belief, rejected) = match resumed {
            Some((belief, rejected)) => (Some(belief), rejected),
            None => (None, 0),
        };
        let stream = Stream::new(model.clone(), belief)?;
        Ok(Guard { model, stream, nis_max, rejects_max, rejected })
    }

    /// Take in one value. After an error the stream is as it was.
    pub fn update(&mut self, observed: Observed) -> Result<Guarded, FilterError> {
        let (value, missing) = (observed.value, Observed { value: f64::NAN, ..observed });
        let step = self.stream.step(observed)?;
        let (innovation, variance, weight) = (step.innovation, step.variance, step.weight);
        if value.is_nan() {
            return Ok(Guarded { judgement: Judgement::Missing, innovation, variance, weight });
        }
        if variance.is_infinite() || innovation * innovation <= self.nis_max * variance {
            self.rejected = 0;
            return Ok(Guarded { judgement: Judgement::Accepted, innovation, variance, weight });
        }
        self.stream.undo();
        if self.rejected < self.rejects_max {
            self.stream.step(missing)?;
            self.rejected += 1;
            return Ok(Guarded { judgement: Judgement::Rejected, innovation, variance, weight: 0.0 });
        }
        let sd = observed.observation_sd.unwrap_or(self.model.observation_sd);
        let mut widened = self.stream.clone();
        widened.step(missing)?;
        let mut stream = widened.widen(&self.model, (innovation * innovation, variance, sd * sd))?;
        let step = stream.step(observed)?;
        self.stream = stream;
        self.rejected = 0;
        Ok(Guarded { judgement: Judgement::Recovered, innovation, variance, weight: step.weight })
    }

    /// Return the belief after the last value; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.stream.belief()
    }

    /// Return how many values were rejected since the last one taken in.
    pub fn rejected(&self) -> u32 {
        self.rejected
    }
}

impl Stream {
    /// Return a stream whose covariance is raised until a signal so far off is expected.
    fn widen(
        &self,
        model: &Model,
        (square, variance, noise_var): (f64, f64, f64),
    ) -> Result<Self, FilterError> {
        let signal_var = variance - noise_var;
        let factor = (square - noise_var) / signal_var;
        let mut belief = self.belief().cloned();
        if let Some(belief) = &mut belief
            && factor.is_finite()
            && factor > 1.0
        {
            belief.cov.iter_mut().for_each(|value| *value *= factor);
        }
        Stream::new(model.clone(), belief)
    }
}
