//! A filter over a whole series: irregular times, missing values, one noise per observation.
use lex7_kernels::filter::LogSum;

use super::engine::{Engine, Row};
use super::packed::{Walk, log_density};
use super::step::{Outcome, begin as begin_at};
use super::transition::{Cell, discretise, start_of};
use super::{Belief, FilterError, MAGNITUDE_MAX, Model, NS_PER_DAY, Robust, is_sound, refuse};

/// A series as columns; NaN marks a missing value.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// (n,) nanoseconds UTC, ascending; equal times are several observations of one instant.
    pub times_ns: &'a [i64],
    /// (n,) values, NaN where missing.
    pub values: &'a [f64],
    /// (n,) standard deviations in place of the model's, or none.
    pub observation_sd: Option<&'a [f64]>,
    /// (n, columns) row-major inputs of the regressions.
    pub inputs: &'a [f64],
    /// The number of input columns.
    pub columns: usize,
}

/// What a run keeps besides its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Only the final belief.
    Final,
    /// The mean and the covariance after every row.
    All,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The belief after the last row.
    pub belief: Belief,
    /// Sum of the log-densities of the observations.
    pub loglik: f64,
    /// (n,) innovations, NaN where missing.
    pub innovations: Vec<f64>,
    /// (n,) their variances, infinite while diffuse, NaN where missing.
    pub variances: Vec<f64>,
    /// (n,) robust weights, 0 where missing.
    pub weights: Vec<f64>,
    /// (n, states) filtered means, if kept.
    pub means: Vec<f64>,
    /// (n, states, states) filtered covariances, if kept.
    pub covs: Vec<f64>,
}

impl<'a> Series<'a> {
    /// Return the inputs of one row.
    pub(crate) fn input_row(&self, row: usize) -> &'a [f64] {
        &self.inputs[row * self.columns..(row + 1) * self.columns]
    }

    /// Return one row.
    #[inline(always)]
    pub(crate) fn row(&self, model: &Model, row: usize) -> Row<'a> {
        Row {
            time_ns: self.times_ns[row],
            value: self.values[row],
            noise_var: self.noise_var(model, row),
            inputs: self.input_row(row),
        }
    }

    /// Return the noise variance of one row.
    pub(crate) fn noise_var(&self, model: &Model, row: usize) -> f64 {
        let sd = self.observation_sd.map_or(model.observation_sd, |sds| sds[row]);
        sd * sd
    }

    /// Check shapes and numbers against a model.
    pub fn check(&self, model: &Model) -> Result<(), FilterError> {
        check_times(self.times_ns)?;
        let rows = self.times_ns.len();
        if self.values.len() != rows {
            return Err(refuse("values", &format!("{rows} values, one per time"), self.values.len()));
        }
        if let Some(at) = self.values.iter().position(|value| !(value.is_nan() || is_sound(*value))) {
            return Err(refuse("values", "numbers within 1e100, NaN where missing", place(self.values, at)));
        }
        if let Some(sds) = self.observation_sd {
            if sds.len() != rows {
                return Err(refuse("observation_sd", &format!("{rows} values, one per time"), sds.len()));
            }
            if let Some(at) = sds.iter().position(|sd| !(0.0..=MAGNITUDE_MAX).contains(sd)) {
                return Err(refuse("observation_sd", "numbers from 0 to 1e100", place(sds, at)));
            }
        }
        check_inputs(model, self.inputs, self.columns, rows)
    }
}

/// Return the belief with which a model starts at a time.
pub fn begin(model: &Model, time_ns: i64) -> Belief {
    begin_at(&start_of(model), time_ns)
}

fn place(values: &[f64], at: usize) -> String {
    format!("{} in row {at}", values[at])
}

pub(crate) fn check_times(times_ns: &[i64]) -> Result<(), FilterError> {
    match times_ns.windows(2).position(|pair| pair[1] < pair[0]) {
        Some(at) => Err(refuse("times_ns", "ascending times", format!("an earlier time in row {}", at + 1))),
        None => Ok(()),
    }
}

pub(crate) fn check_inputs(
    model: &Model,
    inputs: &[f64],
    columns: usize,
    rows: usize,
) -> Result<(), FilterError> {
    let needed = model.inputs();
    if columns < needed || inputs.len() != rows * columns {
        let expected = format!("{rows} rows of at least {needed} columns");
        return Err(refuse("inputs", &expected, format!("{columns} columns, {} numbers", inputs.len())));
    }
    match inputs.iter().position(|value| !is_sound(*value)) {
        Some(at) => Err(refuse("inputs", "finite numbers within 1e100", place(inputs, at))),
        None => Ok(()),
    }
}

/// Carries beliefs through time, keeping the blocks of the last step length.
#[derive(Debug, Clone)]
pub(crate) struct Clockwork {
    step_ns: u64,
    pub(crate) cells: Vec<Cell>,
}

impl Clockwork {
    pub(crate) fn new() -> Self {
        Clockwork { step_ns: 0, cells: Vec::new() }
    }

    /// Answer whether the blocks for this step are others than those at hand.
    pub(crate) fn would_change(&self, from_ns: i64, to_ns: i64) -> bool {
        to_ns.wrapping_sub(from_ns) as u64 != self.step_ns || self.cells.is_empty()
    }

    /// Set the blocks for a step between two times; answer whether they changed.
    #[inline(always)]
    pub(crate) fn wind(&mut self, model: &Model, from_ns: i64, to_ns: i64) -> bool {
        // The distance of two instants in order always fits.
        let step_ns = to_ns.wrapping_sub(from_ns) as u64;
        let changes = step_ns != self.step_ns || self.cells.is_empty();
        if changes {
            discretise(model, step_ns as f64 / NS_PER_DAY, &mut self.cells);
            self.step_ns = step_ns;
        }
        changes
    }
}

/// Run a filter from a start, or from a belief, over a checked or unchecked series.
pub fn run(model: &Model, series: &Series, initial: Option<&Belief>, keep: Keep) -> Result<Run, FilterError> {
    series.check(model)?;
    let first = series.times_ns.first().copied();
    let mut belief = match (initial, first) {
        (Some(given), _) => Belief { factor: given.factor.clone(), ..continued(model, given, first)? },
        (None, Some(time_ns)) => begin(model, time_ns),
        (None, None) => return Err(refuse("times_ns", "at least one time", "none")),
    };
    let mut out = Run::new(belief.clone(), series.times_ns.len());
    follow((model, series), keep, &mut belief, &mut out)?;
    belief.expand();
    out.belief = belief;
    if !out.loglik.is_finite() {
        return Err(FilterError::Diverged { row: series.times_ns.len() - 1 });
    }
    Ok(out)
}

/// Take in every row, in packed form wherever the belief allows it.
fn follow(
    (model, series): (&Model, &Series),
    keep: Keep,
    belief: &mut Belief,
    out: &mut Run,
) -> Result<(), FilterError> {
    let mut engine = Engine::new(model);
    let mut tally = Tally::new();
    let mut row = 0;
    while row < series.times_ns.len() {
        if let Some(layout) = engine.layout_for(belief) {
            tally.settle(out);
            let mut walk = Walk::new((model, series), layout, keep, belief);
            let next = walk.go(row, series.times_ns.len(), out)?;
            walk.finish(belief, out);
            if next > row {
                row = next;
                continue;
            }
        }
        follow_row((model, series), keep, (&mut engine, &mut tally, belief), (row, out))?;
        row += 1;
    }
    tally.settle(out);
    Ok(())
}

/// The log-density of rows that go one by one: a product of variances with one logarithm at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    sum: LogSum<f64>,
    count: usize,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Tally { sum: LogSum::new(), count: 0 }
    }

    /// Add a row; what is no plain Gaussian row goes to the run at once.
    #[inline(always)]
    fn add(&mut self, model: &Model, engine: &Engine, outcome: &Outcome, out: &mut Run) {
        let is_plain = model.robust == Robust::Gaussian
            && outcome.weight != 0.0
            && outcome.strength == 0.0
            && (f64::MIN_POSITIVE..=MAGNITUDE_MAX * MAGNITUDE_MAX).contains(&outcome.variance);
        if is_plain {
            self.sum.add(outcome.variance, outcome.innovation * outcome.innovation / outcome.variance);
            self.count += 1;
        } else {
            out.loglik += engine.log_density(outcome);
        }
    }

    /// Hand what was added up over to the run, and begin anew.
    pub(crate) fn settle(&mut self, out: &mut Run) {
        if self.count > 0 {
            out.loglik += log_density(self.sum.parts(), self.count);
            *self = Tally::new();
        }
    }

    fn is_finite(&self) -> bool {
        self.sum.parts().2.is_finite()
    }
}

/// Take in one row, in whatever form the belief is.
pub(crate) fn follow_row(
    (model, series): (&Model, &Series),
    keep: Keep,
    (engine, tally, belief): (&mut Engine, &mut Tally, &mut Belief),
    (row, out): (usize, &mut Run),
) -> Result<(), FilterError> {
    let outcome = engine.advance(model, belief, series.row(model, row));
    tally.add(model, engine, &outcome, out);
    out.push(outcome.innovation, outcome.variance, outcome.weight);
    if keep == Keep::All || row + 1 == series.times_ns.len() {
        belief.expand();
    }
    if !(out.loglik.is_finite() && tally.is_finite() && is_finite(belief)) {
        return Err(FilterError::Diverged { row });
    }
    if keep == Keep::All {
        out.means.extend_from_slice(&belief.mean);
        out.covs.extend_from_slice(&belief.cov);
    }
    Ok(())
}

impl Run {
    /// A run of nothing yet, with room for so many rows.
    pub(crate) fn new(belief: Belief, rows: usize) -> Self {
        Run {
            belief,
            loglik: 0.0,
            innovations: Vec::with_capacity(rows),
            variances: Vec::with_capacity(rows),
            weights: Vec::with_capacity(rows),
            means: Vec::new(),
            covs: Vec::new(),
        }
    }

    /// Note what one row did.
    #[inline(always)]
    pub(crate) fn push(&mut self, innovation: f64, variance: f64, weight: f64) {
        self.innovations.push(innovation);
        self.variances.push(variance);
        self.weights.push(weight);
    }

    /// Make room for the moments of one more row, to be filled in.
    #[inline(always)]
    pub(crate) fn room(&mut self, states: usize) -> (&mut [f64], &mut [f64]) {
        let (means, covs) = (self.means.len(), self.covs.len());
        self.means.resize(means + states, 0.0);
        self.covs.resize(covs + states * states, 0.0);
        (&mut self.means[means..], &mut self.covs[covs..])
    }

    /// Forget the rows from one on.
    pub(crate) fn truncate(&mut self, rows: usize, states: usize) {
        self.innovations.truncate(rows);
        self.variances.truncate(rows);
        self.weights.truncate(rows);
        self.means.truncate(rows * states);
        self.covs.truncate(rows * states * states);
    }
}

/// Answer whether means and variances are finite; a covariance cannot overflow before its variances.
pub(crate) fn is_finite(belief: &Belief) -> bool {
    // Without stopping at the first: that lets the compiler look at several at once.
    let all = |numbers: &[f64]| numbers.iter().fold(true, |so_far, value| so_far & value.is_finite());
    let step = belief.states() + 1;
    let has_form = match &belief.factor {
        Some(factor) => all(&factor.numbers),
        None => belief.cov.iter().step_by(step).all(|value| value.is_finite()),
    };
    has_form && all(&belief.mean)
}

/// Return a copy of a belief, in covariance form, that fits the model and does not lie after the first row.
pub(crate) fn continued(model: &Model, belief: &Belief, first: Option<i64>) -> Result<Belief, FilterError> {
    if belief.states() != model.states() {
        let expected = format!("a belief of {} states", model.states());
        return Err(refuse("belief", &expected, belief.states()));
    }
    if first.is_some_and(|time_ns| time_ns < belief.time_ns) {
        return Err(refuse(
            "times_ns",
            "times that do not lie before the belief",
            "an earlier time in row 0",
        ));
    }
    Ok(Belief { factor: None, ..belief.clone() })
}
