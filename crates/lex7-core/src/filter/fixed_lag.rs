//! Fixed-lag smoothing on a stream: each state given what came up to `lag` observations after it.
//!
//! The last `lag` steps are kept and walked back at every observation, so the answer is exactly that of the
//! whole-series smoother over the series as far as it is known.
use std::collections::VecDeque;

use super::engine::take;
use super::factored::Bench;
use super::hindsight::{Known, Link};
use super::motion::Motion;
use super::run::is_finite;
use super::step::{Workspace, begin};
use super::stream::Observed;
use super::transition::{discretise, start_of};
use super::{Belief, FilterError, MAGNITUDE_MAX, Model, NS_PER_DAY, is_sound, refuse};

/// Each observation costs `lag` backward steps.
const LAG_MAX: usize = 10_000;

/// A smoother that lags behind its stream.
#[derive(Debug, Clone)]
pub struct FixedLag {
    pub(super) model: Model,
    pub(super) lag: usize,
    belief: Option<Belief>,
    space: Workspace,
    bench: Bench,
    /// Each instant's time, and the link that led to it.
    pub(super) window: VecDeque<(i64, Option<Link>)>,
    pub(super) rows: usize,
}

impl FixedLag {
    /// Start at the model's own start, or go on from a belief.
    pub fn new(model: Model, lag: usize, belief: Option<Belief>) -> Result<Self, FilterError> {
        if lag > LAG_MAX {
            return Err(refuse("lag", &format!("at most {LAG_MAX} observations"), lag));
        }
        if let Some(given) = &belief
            && given.states() != model.states()
        {
            return Err(refuse("belief", &format!("{} states", model.states()), given.states()));
        }
        let space = Workspace::new(model.states(), model.robust);
        let bench = Bench::new(model.states());
        Ok(FixedLag { model, lag, belief, space, bench, window: VecDeque::new(), rows: 0 })
    }

    /// Take in one value, NaN where missing; returns the belief about the state `lag` values ago.
    ///
    /// None comes back for the first values and while they do not determine the state. After an error the
    /// smoother is as it was.
    pub fn update(&mut self, observed: Observed) -> Result<Option<Belief>, FilterError> {
        let Observed { time_ns, value, observation_sd, inputs } = observed;
        let sd = observation_sd.unwrap_or(self.model.observation_sd);
        self.check(time_ns, value, sd, inputs)?;
        let mut belief = self.belief.clone().unwrap_or_else(|| begin(&start_of(&self.model), time_ns));
        let mut link = None;
        if time_ns != belief.time_ns {
            let mut cells = Vec::new();
            let days = (i128::from(time_ns) - i128::from(belief.time_ns)) as f64 / NS_PER_DAY;
            discretise(&self.model, days, &mut cells);
            let (motion, before) = (Motion::blocks(&cells), belief.clone());
            motion.push(&mut belief);
            belief.time_ns = time_ns;
            link = Some(Link::between(&before, &motion, &belief.mean)?);
        }
        if !value.is_nan() {
            self.space.look(&self.model, time_ns, inputs);
            let states = belief.states();
            take(&mut belief, (&mut self.space, &mut self.bench), value, sd * sd, states);
        }
        if !is_finite(&belief) {
            return Err(FilterError::Diverged { row: self.rows });
        }
        belief.expand();
        let is_settled = belief.diffuse_count() == 0;
        self.belief = Some(belief);
        self.rows += 1;
        self.window.push_back((time_ns, link));
        if self.window.len() > self.lag + 1 {
            self.window.pop_front();
        }
        Ok((is_settled && self.window.len() == self.lag + 1).then(|| self.oldest()).flatten())
    }

    /// Return the belief about the newest state.
    pub fn belief(&self) -> Option<&Belief> {
        self.belief.as_ref()
    }

    /// Return how many values it lags behind.
    pub fn lag(&self) -> usize {
        self.lag
    }

    fn check(&self, time_ns: i64, value: f64, sd: f64, inputs: &[f64]) -> Result<(), FilterError> {
        if !(value.is_nan() || is_sound(value)) {
            return Err(refuse("value", "a number within 1e100, or NaN where missing", value));
        }
        if !(0.0..=MAGNITUDE_MAX).contains(&sd) {
            return Err(refuse("observation_sd", "a number from 0 to 1e100", sd));
        }
        if inputs.len() < self.model.inputs() || inputs.iter().any(|input| !is_sound(*input)) {
            let expected = format!("at least {} finite numbers", self.model.inputs());
            return Err(refuse("inputs", &expected, inputs.len()));
        }
        match &self.belief {
            Some(last) if time_ns < last.time_ns => {
                Err(refuse("time_ns", &format!("a time of at least {}", last.time_ns), time_ns))
            }
            _ => Ok(()),
        }
    }

    /// Walk back over the window to its oldest instant.
    fn oldest(&self) -> Option<Belief> {
        let states = self.model.states();
        let mut known = Known::of(self.belief.as_ref()?);
        for (_, link) in self.window.iter().skip(1).rev() {
            if let Some(link) = link {
                known = link.back(&known);
            }
        }
        let mut cov = vec![0.0; states * states];
        known.expand(&mut cov);
        let time_ns = self.window.front()?.0;
        Some(Belief { time_ns, mean: known.mean, cov, diffuse: Vec::new(), factor: None })
    }
}
