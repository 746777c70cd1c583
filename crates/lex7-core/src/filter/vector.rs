//! Several outputs of one sum of components, at irregular times, any entries of which may be missing.
//!
//! Output i of a row sees Σ_j loading[i, j] × signal of component j, plus a known offset, through noise whose
//! covariance joins the outputs. A known input may move the state as it arrives at a row. One scalar at a
//! time after an LDLᵀ of the noise over the entries present, as in `linear`.
use super::linear::{finite, settled};
use super::motion::Motion;
use super::outputs::{Course, Look, OutputsRun, Recorded, check_covs, check_sound};
use super::run::{check_inputs, check_times, continued};
use super::smooth::Tape;
use super::smooth_run::MOTIONS_KEPT;
use super::step::begin;
use super::transition::{discretise, observe, start_of};
use super::{Belief, FilterError, Model, NS_PER_DAY, Robust, STATES_MAX, is_sound, refuse};

/// A sum of components seen through several outputs; the model's own observation sd is not used.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorModel {
    /// The components.
    pub model: Model,
    /// (outputs, components) row-major.
    pub loading: Vec<f64>,
    /// (outputs, outputs), symmetric, may be singular.
    pub observation_cov: Vec<f64>,
}

/// Rows of outputs as columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorSeries<'a> {
    /// (rows,) nanoseconds UTC, ascending.
    pub times_ns: &'a [i64],
    /// (rows, outputs), NaN where missing.
    pub values: &'a [f64],
    /// (rows, columns) inputs of the regressions.
    pub inputs: &'a [f64],
    /// The number of input columns.
    pub columns: usize,
    /// (rows, states) known motion of the state on arrival at each row; empty for none.
    pub drifts: &'a [f64],
    /// (rows, outputs) added to what is seen; empty for none.
    pub offsets: &'a [f64],
    /// (rows, outputs, components) in place of the model's loading; empty where it is the same for all.
    pub loadings: &'a [f64],
    /// (rows, outputs, outputs) in place of the model's noise; empty where it is the same for all.
    pub observation_covs: &'a [f64],
}

impl VectorModel {
    /// Return the number of outputs.
    pub fn outputs(&self) -> usize {
        self.observation_cov.len().isqrt()
    }

    /// Refuse a model that is none.
    pub(crate) fn check_model(&self) -> Result<(), FilterError> {
        let (p, parts) = (self.outputs(), self.model.components.len());
        if p == 0 || p > STATES_MAX || p * p != self.observation_cov.len() {
            return Err(refuse("observation_cov", "square, 1 to 64 outputs", self.observation_cov.len()));
        }
        if self.loading.len() != p * parts {
            return Err(refuse("loading", &format!("{p} rows of {parts} components"), self.loading.len()));
        }
        check_sound("loading", &self.loading)?;
        check_sound("observation_cov", &self.observation_cov)?;
        check_covs("observation_cov", &self.observation_cov, p)?;
        if self.model.robust != Robust::Gaussian {
            return Err(refuse("model", "Gaussian noise for vector observations", "robust noise"));
        }
        Ok(())
    }

    fn check(&self, series: &VectorSeries) -> Result<(), FilterError> {
        self.check_model()?;
        let (p, parts) = (self.outputs(), self.model.components.len());
        check_times(series.times_ns)?;
        let rows = series.times_ns.len();
        if rows == 0 || series.values.len() != rows * p {
            return Err(refuse("values", &format!("{rows} rows of {p} outputs"), series.values.len()));
        }
        if series.values.iter().any(|value| !(value.is_nan() || is_sound(*value))) {
            return Err(refuse("values", "numbers within 1e100, NaN where missing", "another"));
        }
        let beside = [
            ("drifts", series.drifts, self.model.states()),
            ("offsets", series.offsets, p),
            ("loadings", series.loadings, p * parts),
            ("observation_covs", series.observation_covs, p * p),
        ];
        for (name, numbers, width) in beside {
            if !numbers.is_empty() && numbers.len() != rows * width {
                return Err(refuse(name, &format!("{rows} rows of {width} numbers"), numbers.len()));
            }
            check_sound(name, numbers)?;
        }
        check_covs("observation_covs", series.observation_covs, p)?;
        check_inputs(&self.model, series.inputs, series.columns, rows)
    }

    /// Return the row of every output at one instant, (outputs, states).
    pub(crate) fn lines(&self, series: &VectorSeries, row: usize) -> Vec<f64> {
        let (parts, outputs) = (self.model.components.len(), self.outputs());
        let mut plain = vec![0.0; self.model.states()];
        let inputs = &series.inputs[row * series.columns..(row + 1) * series.columns];
        observe(&self.model, series.times_ns[row], inputs, None, &mut plain);
        let loading = match series.loadings.get(row * outputs * parts..(row + 1) * outputs * parts) {
            Some(own) if !own.is_empty() => own,
            _ => &self.loading[..],
        };
        let mut out = Vec::with_capacity(outputs * plain.len());
        for weights in loading.chunks_exact(parts) {
            let mut at = 0;
            for (part, weight) in self.model.components.iter().zip(weights) {
                out.extend(plain[at..at + part.states()].iter().map(|value| weight * value));
                at += part.states();
            }
        }
        out
    }
}

/// Filter rows of outputs, and smooth them if asked.
pub fn run_vector(
    vector: &VectorModel,
    series: &VectorSeries,
    initial: Option<&Belief>,
    smooths: bool,
) -> Result<OutputsRun, FilterError> {
    let mut tape = Tape::default();
    let mut out = walk(vector, series, initial, smooths.then_some(&mut tape))?;
    if smooths {
        out.smoothed = Some(finite(settled(tape, &out.belief)?.track().smooth()?)?);
    }
    Ok(out)
}

/// Filter rows of outputs and keep the tape, for whatever is to be asked of it.
pub fn record_vector(
    vector: &VectorModel,
    series: &VectorSeries,
    initial: Option<&Belief>,
) -> Result<(OutputsRun, Recorded), FilterError> {
    let mut tape = Tape::default();
    let out = walk(vector, series, initial, Some(&mut tape))?;
    let lines = (0..out.logliks.len()).flat_map(|row| vector.lines(series, row)).collect();
    let tape = settled(tape, &out.belief)?;
    let outputs = vector.outputs();
    let own = outputs * outputs;
    let noise = |row: usize| {
        series.observation_covs.get(row * own..(row + 1) * own).unwrap_or(&vector.observation_cov)
    };
    let noise_vars =
        (0..out.logliks.len()).flat_map(|row| noise(row).iter().step_by(outputs + 1).copied()).collect();
    Ok((out, Recorded { tape, lines, offsets: series.offsets.to_vec(), outputs, noise_vars }))
}

fn walk(
    vector: &VectorModel,
    series: &VectorSeries,
    initial: Option<&Belief>,
    tape: Option<&mut Tape>,
) -> Result<OutputsRun, FilterError> {
    vector.check(series)?;
    let (model, outputs) = (&vector.model, vector.outputs());
    let first = series.times_ns[0];
    let belief = match initial {
        Some(given) => Belief { factor: given.factor.clone(), ..continued(model, given, Some(first))? },
        None => begin(&start_of(model), first),
    };
    let (states, rows) = (model.states(), series.times_ns.len());
    if tape.is_some() {
        Tape::check(rows.saturating_mul(1 + outputs / 2), states)?;
    }
    let mut course = Course::new(belief, rows, tape);
    let mut known: Vec<(f64, usize, Motion)> = Vec::new();
    for (row, &time_ns) in series.times_ns.iter().enumerate() {
        let motion = carry(model, &mut course, time_ns, &mut known);
        if let Some(drift) = series.drifts.get(row * states..(row + 1) * states) {
            course.run.belief.mean.iter_mut().zip(drift).for_each(|(mean, known)| *mean += known);
        }
        let own = outputs * outputs;
        let look = Look {
            lines: &vector.lines(series, row),
            cov: series.observation_covs.get(row * own..(row + 1) * own).unwrap_or(&vector.observation_cov),
            offset: series.offsets.get(row * outputs..(row + 1) * outputs).unwrap_or(&[]),
            observed: &series.values[row * outputs..(row + 1) * outputs],
        };
        course.look(motion, look)?;
    }
    Ok(course.run)
}

/// Carry a belief to a time; returns the place of the motion on the tape.
fn carry(
    model: &Model,
    course: &mut Course,
    time_ns: i64,
    known: &mut Vec<(f64, usize, Motion)>,
) -> Option<usize> {
    let from_ns = course.run.belief.time_ns;
    if time_ns == from_ns {
        return None;
    }
    let days = (i128::from(time_ns) - i128::from(from_ns)) as f64 / NS_PER_DAY;
    let place = known.iter().rposition(|one| one.0 == days).unwrap_or_else(|| {
        let mut cells = Vec::new();
        discretise(model, days, &mut cells);
        let step = Motion::blocks(&cells);
        if known.len() == MOTIONS_KEPT {
            known.remove(0);
        }
        known.push((days, course.add_motion(&step), step));
        known.len() - 1
    });
    known[place].2.push(&mut course.run.belief);
    course.run.belief.time_ns = time_ns;
    Some(known[place].1)
}
