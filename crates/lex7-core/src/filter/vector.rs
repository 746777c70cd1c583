//! Several outputs of one sum of components, at irregular times, any entries of which may be missing.
//!
//! Output i of a row sees Σ_j loading[i, j] × signal of component j, plus a known offset, through noise whose
//! covariance joins the outputs. A known input may move the state as it arrives at a row. One scalar at a
//! time after an LDLᵀ of the noise over the entries present, as in `linear`.
use super::linear::{Whitened, whiten};
use super::motion::Motion;
use super::run::{check_inputs, check_times, continued, is_finite};
use super::smooth::{Smoothed, Tape};
use super::smooth_run::MOTIONS_KEPT;
use super::step::{Workspace, begin, update};
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
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorRun {
    /// The belief after the last row.
    pub belief: Belief,
    /// (rows,) log-density of each row.
    pub logliks: Vec<f64>,
    /// (rows, states) filtered means.
    pub means: Vec<f64>,
    /// (rows, states, states) filtered covariances.
    pub covs: Vec<f64>,
    /// The moments given all rows, if asked for.
    pub smoothed: Option<Smoothed>,
}

impl VectorModel {
    fn outputs(&self) -> usize {
        self.observation_cov.len().isqrt()
    }

    fn check(&self, series: &VectorSeries) -> Result<(), FilterError> {
        let (p, parts) = (self.outputs(), self.model.components.len());
        if p == 0 || p > STATES_MAX || p * p != self.observation_cov.len() {
            return Err(refuse("observation_cov", "square, 1 to 64 outputs", self.observation_cov.len()));
        }
        if self.loading.len() != p * parts {
            return Err(refuse("loading", &format!("{p} rows of {parts} components"), self.loading.len()));
        }
        for (name, numbers) in [("loading", &self.loading), ("observation_cov", &self.observation_cov)] {
            if numbers.iter().any(|value| !is_sound(*value)) {
                return Err(refuse(name, "finite numbers within 1e100", "another"));
            }
        }
        let cov = &self.observation_cov;
        if (0..p).any(|i| cov[i * p + i] < 0.0 || (0..i).any(|j| cov[i * p + j] != cov[j * p + i])) {
            return Err(refuse("observation_cov", "symmetric with a diagonal of at least 0", "another"));
        }
        if self.model.robust != Robust::Gaussian {
            return Err(refuse("model", "Gaussian noise for vector observations", "robust noise"));
        }
        check_times(series.times_ns)?;
        let rows = series.times_ns.len();
        if rows == 0 || series.values.len() != rows * p {
            return Err(refuse("values", &format!("{rows} rows of {p} outputs"), series.values.len()));
        }
        if series.values.iter().any(|value| !(value.is_nan() || is_sound(*value))) {
            return Err(refuse("values", "numbers within 1e100, NaN where missing", "another"));
        }
        if !(series.drifts.is_empty() || series.drifts.len() == rows * self.model.states())
            || series.drifts.iter().any(|value| !is_sound(*value))
        {
            let expected = format!("{rows} rows of {} finite numbers", self.model.states());
            return Err(refuse("drifts", &expected, series.drifts.len()));
        }
        check_inputs(&self.model, series.inputs, series.columns, rows)
    }

    /// Write the row of every output at one instant, (outputs, states).
    fn rows(&self, time_ns: i64, inputs: &[f64], plain: &mut [f64], out: &mut [f64]) {
        observe(&self.model, time_ns, inputs, None, plain);
        let parts = self.model.components.len();
        for (weights, line) in self.loading.chunks_exact(parts).zip(out.chunks_exact_mut(plain.len())) {
            let mut at = 0;
            for (part, weight) in self.model.components.iter().zip(weights) {
                for place in at..at + part.states() {
                    line[place] = weight * plain[place];
                }
                at += part.states();
            }
        }
    }
}

/// Filter rows of outputs, and smooth them if asked.
pub fn run_vector(
    vector: &VectorModel,
    series: &VectorSeries,
    initial: Option<&Belief>,
    smooths: bool,
) -> Result<VectorRun, FilterError> {
    vector.check(series)?;
    let (model, outputs) = (&vector.model, vector.outputs());
    let first = series.times_ns[0];
    let mut belief = match initial {
        Some(given) => continued(model, given, Some(first))?,
        None => begin(&start_of(model), first),
    };
    let (states, rows) = (model.states(), series.times_ns.len());
    let mut tape = Tape::default();
    if smooths {
        Tape::check(rows.saturating_mul(1 + outputs / 2), states)?;
    }
    let mut run = Walk {
        space: Workspace::new(states, Robust::Gaussian),
        plain: vec![0.0; states],
        lines: vec![0.0; outputs * states],
        whitened: Vec::new(),
    };
    let mut known: Vec<(f64, usize, Motion)> = Vec::new();
    let mut out = VectorRun {
        belief: belief.clone(),
        logliks: Vec::with_capacity(rows),
        means: Vec::with_capacity(rows * states),
        covs: Vec::with_capacity(rows * states * states),
        smoothed: None,
    };
    for (row, &time_ns) in series.times_ns.iter().enumerate() {
        let mut motion = None;
        if time_ns != belief.time_ns {
            let days = (i128::from(time_ns) - i128::from(belief.time_ns)) as f64 / NS_PER_DAY;
            let place = known.iter().rposition(|one| one.0 == days).unwrap_or_else(|| {
                let mut cells = Vec::new();
                discretise(model, days, &mut cells);
                let step = Motion::blocks(&cells);
                if known.len() == MOTIONS_KEPT {
                    known.remove(0);
                }
                let named = if smooths { tape.add_motion(step.clone()) } else { 0 };
                known.push((days, named, step));
                known.len() - 1
            });
            known[place].2.push(&mut belief);
            motion = Some(known[place].1);
            belief.time_ns = time_ns;
        }
        if let Some(drift) = series.drifts.get(row * states..(row + 1) * states) {
            belief.mean.iter_mut().zip(drift).for_each(|(mean, known)| *mean += known);
        }
        if smooths {
            tape.arrive(motion, &belief);
        }
        let observed = &series.values[row * outputs..(row + 1) * outputs];
        let inputs = &series.inputs[row * series.columns..(row + 1) * series.columns];
        let sum = run.look(vector, (time_ns, inputs, observed), &mut belief, &mut tape)?;
        if !(sum.is_finite() && is_finite(&belief)) {
            return Err(FilterError::Diverged { row });
        }
        out.logliks.push(sum);
        out.means.extend_from_slice(&belief.mean);
        out.covs.extend_from_slice(&belief.cov);
    }
    if smooths {
        if belief.diffuse_count() > 0 {
            return Err(FilterError::Diffuse { left: belief.diffuse_count() });
        }
        out.smoothed = Some(tape.smooth()?);
    }
    out.belief = belief;
    Ok(out)
}

/// Working space of one run.
struct Walk {
    space: Workspace,
    plain: Vec<f64>,
    lines: Vec<f64>,
    whitened: Vec<Whitened>,
}

impl Walk {
    /// Take in the outputs of one row; returns their log-density.
    fn look(
        &mut self,
        vector: &VectorModel,
        (time_ns, inputs, observed): (i64, &[f64], &[f64]),
        belief: &mut Belief,
        tape: &mut Tape,
    ) -> Result<f64, FilterError> {
        let states = self.plain.len();
        let present: Vec<usize> = (0..observed.len()).filter(|i| !observed[*i].is_nan()).collect();
        let place = match self.whitened.iter().rposition(|known| known.present == present) {
            Some(place) => place,
            None => {
                self.whitened.push(whiten(&vector.observation_cov, observed.len(), &present)?);
                self.whitened.len() - 1
            }
        };
        vector.rows(time_ns, inputs, &mut self.plain, &mut self.lines);
        let white = &self.whitened[place];
        let mut values: Vec<f64> = present.iter().map(|i| observed[*i]).collect();
        white.solve(&mut values);
        let mut rows = vec![0.0; present.len() * states];
        for state in 0..states {
            let mut column: Vec<f64> = present.iter().map(|i| self.lines[i * states + state]).collect();
            white.solve(&mut column);
            rows.iter_mut().skip(state).step_by(states).zip(column).for_each(|(cell, value)| *cell = value);
        }
        let mut sum = 0.0;
        for ((h, value), noise_var) in rows.chunks_exact(states).zip(values).zip(&white.vars) {
            self.space.set_row(h);
            let outcome = update(belief, &mut self.space, value, *noise_var, states);
            sum += outcome.log_density;
            tape.see(&self.space, &outcome, *noise_var);
        }
        Ok(sum)
    }
}
