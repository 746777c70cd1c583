//! Many series of models of one shape: registers of series side by side, each with the bits of its own run.
//!
//! A series starts alone, until its start is no longer diffuse; then it joins a group. A series that meets an
//! observation which the covariance form does not take in, or whose noise is not Gaussian, runs alone.
use core::ops::Range;

use lex7_kernels::Level;
use lex7_kernels::filter::lanes;

use super::engine::Engine;
use super::packed::{Layout, Walk};
use super::party::Party;
use super::run::{Keep, Run, Series, Tally, begin, follow_row, run};
use super::{Belief, FilterError, Model, Robust, refuse};

/// A series that is still diffuse after so many rows runs alone.
const START_ROWS_MAX: usize = 256;

/// Series of equal length, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// One model for all, or one per series; all of one shape.
    pub models: &'a [Model],
    /// How many series.
    pub count: usize,
    /// (rows,) for all, or (count, rows).
    pub times_ns: &'a [i64],
    /// (count, rows), NaN where missing.
    pub values: &'a [f64],
    /// (count, rows) or none.
    pub observation_sd: Option<&'a [f64]>,
    /// (rows, columns) for all, or (count, rows, columns).
    pub inputs: &'a [f64],
    /// The number of input columns.
    pub columns: usize,
}

impl<'a> Batch<'a> {
    /// Check shapes; the numbers are checked series by series.
    pub fn check(&self) -> Result<(), FilterError> {
        let count = self.count;
        if count == 0 || self.values.is_empty() || !self.values.len().is_multiple_of(count) {
            return Err(refuse("values", "(series, rows), at least one of each", self.values.len()));
        }
        let rows = self.rows();
        if self.models.len() != 1 && self.models.len() != count {
            return Err(refuse("models", &format!("one model or {count}"), self.models.len()));
        }
        if self.times_ns.len() != rows && self.times_ns.len() != count * rows {
            let expected = format!("{rows} times, or {rows} for each of {count} series");
            return Err(refuse("times_ns", &expected, self.times_ns.len()));
        }
        if self.observation_sd.is_some_and(|sds| sds.len() != count * rows) {
            return Err(refuse("observation_sd", "the shape of values", "another"));
        }
        let numbers = rows * self.columns;
        if self.inputs.len() != numbers && self.inputs.len() != count * numbers {
            let expected = format!("{rows} rows, or {rows} for each of {count} series");
            return Err(refuse("inputs", &expected, format!("{} numbers", self.inputs.len())));
        }
        let shape = |model: &Model| -> Vec<_> {
            model.components.iter().map(|part| (part.kind as u8, part.states())).collect()
        };
        let first = shape(&self.models[0]);
        match self.models.iter().position(|model| shape(model) != first) {
            Some(at) => Err(refuse("models", "models of one shape", format!("another at {at}"))),
            None => Ok(()),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.count
    }

    pub(super) fn model(&self, index: usize) -> &'a Model {
        &self.models[if self.models.len() == 1 { 0 } else { index }]
    }

    pub(super) fn series(&self, index: usize) -> Series<'a> {
        let rows = self.rows();
        let own = |all: usize, width: usize| {
            if all == width { 0..width } else { index * width..(index + 1) * width }
        };
        let line = index * rows..(index + 1) * rows;
        Series {
            times_ns: &self.times_ns[own(self.times_ns.len(), rows)],
            values: &self.values[line.clone()],
            observation_sd: self.observation_sd.map(|sds| &sds[line]),
            inputs: &self.inputs[own(self.inputs.len(), rows * self.columns)],
            columns: self.columns,
        }
    }
}

/// Run the filter over a range of the series; `Run`s have their rows only where all are kept.
pub fn run_batch(
    batch: &Batch,
    keep: Keep,
    level: Level,
    range: Range<usize>,
) -> Result<Vec<Run>, FilterError> {
    let mut out = Vec::with_capacity(range.len());
    let width = lanes(level.available());
    let layout = Layout::of(batch.model(0));
    let mut at = range.start;
    while at < range.end {
        let end = range.end.min(at + width);
        match layout.filter(|_| width > 1 && end - at > 1) {
            Some(layout) => together(batch, keep, (level, width), layout, (at..end, &mut out))?,
            None => {
                for index in at..end {
                    out.push(alone(batch, keep, index)?);
                }
            }
        }
        at = end;
    }
    Ok(out)
}

fn alone(batch: &Batch, keep: Keep, index: usize) -> Result<Run, FilterError> {
    let mut one = run(batch.model(index), &batch.series(index), None, keep);
    if let Ok(run) = &mut one
        && keep == Keep::Final
    {
        run.truncate(0, 0);
    }
    one.map_err(|error| within(error, index))
}

/// Name the series in an error.
pub fn within(error: FilterError, series: usize) -> FilterError {
    match error {
        FilterError::Argument { argument, expected, got } => {
            FilterError::Argument { argument, expected, got: format!("{got} of series {series}") }
        }
        FilterError::Diverged { row } => FilterError::DivergedIn { series, row },
        other => other,
    }
}

/// One series of a group: its run so far, and its walk unless it has to run alone.
pub(super) struct Lane<'a> {
    pub(super) index: usize,
    belief: Belief,
    pub(super) out: Run,
    pub(super) walk: Option<Walk<'a>>,
    reached: usize,
}

fn together(
    batch: &Batch,
    keep: Keep,
    (level, width): (Level, usize),
    layout: Layout,
    (range, out): (Range<usize>, &mut Vec<Run>),
) -> Result<(), FilterError> {
    let mut lanes = range.map(|index| start(batch, keep, index)).collect::<Result<Vec<_>, _>>()?;
    let first = lanes.iter().filter(|lane| lane.walk.is_some()).map(|lane| lane.reached).max().unwrap_or(0);
    for lane in &mut lanes {
        if let Some(walk) = &mut lane.walk
            && walk.go(lane.reached, first, &mut lane.out) != Ok(first)
        {
            lane.walk = None;
        }
    }
    if lanes.iter().any(|lane| lane.walk.is_some()) {
        let mut party = Party::new(batch, keep, (level, width), layout, &lanes);
        party.go(first, &mut lanes);
        party.part(first, &mut lanes);
    }
    for lane in lanes {
        let Lane { index, mut belief, out: mut one, walk, .. } = lane;
        match walk {
            Some(walk) if walk.is_finite() => {
                walk.finish(&mut belief, &mut one);
                if keep == Keep::Final {
                    one.truncate(0, 0);
                }
                one.belief = belief;
                out.push(one);
            }
            _ => out.push(alone(batch, keep, index)?),
        }
    }
    Ok(())
}

/// Take a series through its start.
fn start<'a>(batch: &Batch<'a>, keep: Keep, index: usize) -> Result<Lane<'a>, FilterError> {
    let (model, series) = (batch.model(index), batch.series(index));
    series.check(model).map_err(|error| within(error, index))?;
    let mut belief = begin(model, series.times_ns[0]);
    let mut out = Run::new(belief.clone(), if keep == Keep::All { series.times_ns.len() } else { 0 });
    let mut engine = Engine::new(model);
    let (mut tally, mut row) = (Tally::new(), 0);
    let rows = series.times_ns.len().min(START_ROWS_MAX);
    while row < rows && engine.layout_for(&belief).is_none() {
        follow_row((model, &series), keep, (&mut engine, &mut tally, &mut belief), (row, &mut out))
            .map_err(|error| within(error, index))?;
        row += 1;
    }
    tally.settle(&mut out);
    let layout = engine.layout_for(&belief).filter(|_| model.robust == Robust::Gaussian);
    let walk = layout.map(|layout| Walk::new((model, &series), layout, keep, &belief));
    Ok(Lane { index, belief, out, walk, reached: row })
}
