//! One series, one observation at a time: the same steps as a run, so the same bits.
use super::run::{Clockwork, is_finite};
use super::step::{Outcome, Workspace, begin, predict, size, sized, update};
use super::transition::start_of;
use super::{Belief, FilterError, MAGNITUDE_MAX, Model, is_sound, refuse};

/// A filter that takes in observations as they come.
#[derive(Debug, Clone)]
pub struct Stream {
    model: Model,
    belief: Option<Belief>,
    space: Workspace,
    clockwork: Clockwork,
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
        let space = Workspace::new(states, model.robust);
        Ok(Stream { model, belief, space, clockwork: Clockwork::new(), rows: 0, before: None })
    }

    /// Take back the last update; possible once.
    pub(crate) fn undo(&mut self) {
        self.belief = self.before.take();
        self.rows = self.rows.saturating_sub(1);
    }

    /// Take in one value; NaN only moves time on. Returns innovation, its variance and the weight.
    ///
    /// After an error the stream is as it was before.
    pub fn update(
        &mut self,
        time_ns: i64,
        value: f64,
        observation_sd: Option<f64>,
        inputs: &[f64],
    ) -> Result<(f64, f64, f64), FilterError> {
        let outcome = self.step(time_ns, value, observation_sd, inputs)?;
        Ok((outcome.innovation, outcome.variance, outcome.weight))
    }

    pub(crate) fn step(
        &mut self,
        time_ns: i64,
        value: f64,
        observation_sd: Option<f64>,
        inputs: &[f64],
    ) -> Result<Outcome, FilterError> {
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
        let outcome = sized!(self.space.states(), advance(self, time_ns, value, sd * sd, inputs))?;
        self.rows += 1;
        Ok(outcome)
    }

    /// Return the belief after the last observation; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.belief.as_ref()
    }
}

fn advance<const N: usize>(
    stream: &mut Stream,
    time_ns: i64,
    value: f64,
    noise_var: f64,
    inputs: &[f64],
) -> Result<Outcome, FilterError> {
    let states = size::<N>(stream.space.states());
    remember(&mut stream.before, stream.belief.as_ref());
    let belief = stream.belief.get_or_insert_with(|| begin(&start_of(&stream.model), time_ns));
    if time_ns != belief.time_ns {
        stream.clockwork.wind(&stream.model, belief.time_ns, time_ns);
        predict(belief, &stream.clockwork.cells, states);
        belief.time_ns = time_ns;
    }
    let outcome = if value.is_nan() {
        Outcome::missing()
    } else {
        stream.space.look(&stream.model, time_ns, inputs);
        update(belief, &mut stream.space, value, noise_var, states)
    };
    if outcome.log_density.is_finite() && is_finite(belief) {
        return Ok(outcome);
    }
    stream.belief = stream.before.take();
    Err(FilterError::Diverged { row: stream.rows })
}

/// Copy a belief over an older copy of the same shape, without allocating anew.
fn remember(copy: &mut Option<Belief>, belief: Option<&Belief>) {
    match (copy.as_mut(), belief) {
        (Some(old), Some(new)) => {
            old.time_ns = new.time_ns;
            old.mean.clone_from(&new.mean);
            old.cov.clone_from(&new.cov);
            old.diffuse.clone_from(&new.diffuse);
        }
        _ => *copy = belief.cloned(),
    }
}
