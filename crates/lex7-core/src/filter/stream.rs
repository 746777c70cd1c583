//! One series, one observation at a time: the same steps as a run, so the same bits.
use super::engine::{Engine, Row};
use super::run::is_finite;
use super::step::{Outcome, begin};
use super::transition::start_of;
use super::{Belief, FilterError, MAGNITUDE_MAX, Model, is_sound, refuse};

/// One value as it comes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed<'a> {
    /// Nanoseconds UTC.
    pub time_ns: i64,
    /// NaN where missing.
    pub value: f64,
    /// Standard deviation of its noise in place of the model's.
    pub observation_sd: Option<f64>,
    /// One number per input column.
    pub inputs: &'a [f64],
}

/// A filter that takes in observations as they come.
#[derive(Debug, Clone)]
pub struct Stream {
    model: Model,
    belief: Option<Belief>,
    engine: Engine,
    rows: usize,
    /// The belief before the update under way, to go back to if it fails.
    before: Option<Belief>,
}

impl Stream {
    /// Start at the model's own start, or go on from a belief.
    pub fn new(model: Model, belief: Option<Belief>) -> Result<Self, FilterError> {
        let states = model.states();
        if let Some(given) = &belief
            && given.states() != states
        {
            return Err(refuse("belief", &format!("a belief of {states} states"), given.states()));
        }
        let engine = Engine::new(&model);
        Ok(Stream { model, belief, engine, rows: 0, before: None })
    }

    /// Take back the last update; possible once.
    pub(crate) fn undo(&mut self) {
        self.belief = self.before.take();
        self.rows = self.rows.saturating_sub(1);
    }

    /// Take in one value; NaN only moves time on. Returns innovation, its variance and the weight.
    ///
    /// After an error the stream is as it was before.
    pub fn update(&mut self, observed: Observed) -> Result<(f64, f64, f64), FilterError> {
        let outcome = self.step(observed)?;
        Ok((outcome.innovation, outcome.variance, outcome.weight))
    }

    pub(crate) fn step(&mut self, observed: Observed) -> Result<Outcome, FilterError> {
        let Observed { time_ns, value, observation_sd, inputs } = observed;
        if !(value.is_nan() || is_sound(value)) {
            return Err(refuse("value", "a number within 1e100, or NaN where missing", value));
        }
        let sd = observation_sd.unwrap_or(self.model.observation_sd);
        if !(0.0..=MAGNITUDE_MAX).contains(&sd) {
            return Err(refuse("observation_sd", "a number from 0 to 1e100", sd));
        }
        if inputs.len() < self.model.inputs() || inputs.iter().any(|input| !is_sound(*input)) {
            let expected = format!("at least {} finite numbers", self.model.inputs());
            return Err(refuse("inputs", &expected, inputs.len()));
        }
        let last = self.belief.as_ref().map_or(time_ns, |belief| belief.time_ns);
        if time_ns < last {
            return Err(refuse("time_ns", &format!("a time of at least {last}"), time_ns));
        }
        let outcome = self.advance(Row { time_ns, value, noise_var: sd * sd, inputs })?;
        self.rows += 1;
        Ok(outcome)
    }

    fn advance(&mut self, row: Row) -> Result<Outcome, FilterError> {
        remember(&mut self.before, self.belief.as_ref());
        let model = &self.model;
        let belief = self.belief.get_or_insert_with(|| begin(&start_of(model), row.time_ns));
        let outcome = self.engine.advance(model, belief, row);
        belief.expand();
        if outcome.is_finite() && is_finite(belief) {
            return Ok(outcome);
        }
        self.belief = self.before.take();
        Err(FilterError::Diverged { row: self.rows })
    }

    /// Return the log-density of what a step did.
    pub(crate) fn log_density(&self, outcome: &Outcome) -> f64 {
        self.engine.log_density(outcome)
    }

    /// Return the belief after the last observation; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.belief.as_ref()
    }
}

/// Copy a belief over an older copy of the same shape, without allocating anew.
fn remember(copy: &mut Option<Belief>, belief: Option<&Belief>) {
    match (copy.as_mut(), belief) {
        (Some(old), Some(new)) => {
            old.time_ns = new.time_ns;
            old.mean.clone_from(&new.mean);
            old.cov.clone_from(&new.cov);
            old.diffuse.clone_from(&new.diffuse);
            old.factor.clone_from(&new.factor);
        }
        _ => *copy = belief.cloned(),
    }
}
