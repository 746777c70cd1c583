//! Any linear Gaussian model with vector observations, any entries of which may be missing.
//!
//! One step per row; what is known beside the values, such as inputs, may differ by row.
use super::motion::Motion;
use super::outputs::{Course, Look, OutputsRun, Recorded, check_covs, check_sound};
use super::smooth::{Smoothed, Tape, times};
use super::{Belief, FilterError, STATES_MAX, is_sound, refuse};

/// x' = T x + d + noise(Q), y = Z x + c + noise(H), starting from a mean, a covariance and diffuse
/// directions. All matrices row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// T, (n, n)
    pub transition: Vec<f64>,
    /// Q, (n, n)
    pub process_cov: Vec<f64>,
    /// d, (n,)
    pub drift: Vec<f64>,
    /// Z, (p, n)
    pub loading: Vec<f64>,
    /// H, (p, p)
    pub observation_cov: Vec<f64>,
    /// c, (p,)
    pub offset: Vec<f64>,
    /// The belief about the state of the first row, before its observations.
    pub start: Belief,
}

/// Rows of observations, with what is known of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearRows<'a> {
    /// (rows, p), NaN where missing.
    pub values: &'a [f64],
    /// (rows, n, n) in place of the transition, that to the first row unused; empty where it is the same for all.
    pub transitions: &'a [f64],
    /// (rows, n, n) in place of the process noise, likewise.
    pub process_covs: &'a [f64],
    /// (rows, n) added to the state on the way to each row, that of the first unused; empty for none.
    pub drifts: &'a [f64],
    /// (rows, p) added to what is seen; empty for none.
    pub offsets: &'a [f64],
    /// (rows, p, n) in place of the model's loading; empty where it is the same for all.
    pub loadings: &'a [f64],
    /// (rows, p, p) in place of the model's noise; empty where it is the same for all.
    pub observation_covs: &'a [f64],
}

impl<'a> LinearRows<'a> {
    /// Rows of values and nothing else.
    pub fn of(values: &'a [f64]) -> Self {
        let none = &[];
        LinearRows {
            values,
            transitions: none,
            process_covs: none,
            drifts: none,
            offsets: none,
            loadings: none,
            observation_covs: none,
        }
    }
}

impl Linear {
    fn check(&self, given: &LinearRows) -> Result<usize, FilterError> {
        let (n, p) = (self.start.states(), self.offset.len());
        if p == 0 || p > STATES_MAX {
            return Err(refuse("loading", "between 1 and 64 outputs", p));
        }
        let parts = [
            ("transition", &self.transition, n * n),
            ("process_cov", &self.process_cov, n * n),
            ("drift", &self.drift, n),
            ("loading", &self.loading, p * n),
            ("observation_cov", &self.observation_cov, p * p),
            ("offset", &self.offset, p),
        ];
        for (name, numbers, expected) in parts {
            if numbers.len() != expected {
                let expected = format!("{expected} numbers for {n} states and {p} outputs");
                return Err(refuse(name, &expected, numbers.len()));
            }
            check_sound(name, numbers)?;
        }
        check_covs("process_cov", &self.process_cov, n)?;
        check_covs("observation_cov", &self.observation_cov, p)?;
        if !given.values.len().is_multiple_of(p) || given.values.is_empty() {
            return Err(refuse("values", &format!("at least one row of {p} values"), given.values.len()));
        }
        if given.values.iter().any(|value| !(value.is_nan() || is_sound(*value))) {
            return Err(refuse("values", "numbers within 1e100, NaN where missing", "another"));
        }
        let rows = given.values.len() / p;
        let beside = [
            ("transitions", given.transitions, n * n),
            ("process_covs", given.process_covs, n * n),
            ("drifts", given.drifts, n),
            ("offsets", given.offsets, p),
            ("loadings", given.loadings, p * n),
            ("observation_covs", given.observation_covs, p * p),
        ];
        for (name, numbers, width) in beside {
            if !numbers.is_empty() && numbers.len() != rows * width {
                return Err(refuse(name, &format!("{rows} rows of {width} numbers"), numbers.len()));
            }
            check_sound(name, numbers)?;
        }
        check_covs("process_covs", given.process_covs, n)?;
        check_covs("observation_covs", given.observation_covs, p)?;
        Ok(rows)
    }

    /// Return the motion to one row; its drift is left out where drifts are given by row.
    fn motion(&self, given: &LinearRows, row: usize) -> Motion {
        let none = vec![0.0; self.drift.len()];
        let drift = if given.drifts.is_empty() { &self.drift } else { &none };
        let transition = row_of(given.transitions, &self.transition, row);
        Motion::dense(transition, row_of(given.process_covs, &self.process_cov, row), drift)
    }
}

/// Row `row` of an array, or the one that stands for all rows.
pub(crate) fn row_of<'a>(rows: &'a [f64], all: &'a [f64], row: usize) -> &'a [f64] {
    if rows.is_empty() { all } else { &rows[row * all.len()..(row + 1) * all.len()] }
}

/// Filter rows of vector observations, and smooth them if asked.
pub fn run_linear(model: &Linear, given: &LinearRows, smooths: bool) -> Result<OutputsRun, FilterError> {
    let mut tape = Tape::default();
    let mut out = walk(model, given, smooths.then_some(&mut tape))?;
    if smooths {
        out.smoothed = Some(finite(settled(tape, &out.belief)?.track().smooth()?)?);
    }
    Ok(out)
}

/// Filter rows and keep the tape, for whatever is to be asked of it.
pub fn record_linear(model: &Linear, given: &LinearRows) -> Result<(OutputsRun, Recorded), FilterError> {
    let mut tape = Tape::default();
    let out = walk(model, given, Some(&mut tape))?;
    let (outputs, rows) = (model.offset.len(), out.logliks.len());
    let whole =
        |rows_of: &[f64], all: &[f64]| (0..rows).flat_map(|row| row_of(rows_of, all, row).to_vec()).collect();
    let lines = whole(given.loadings, &model.loading);
    let offsets = whole(given.offsets, &model.offset);
    let covs = (0..rows).map(|row| row_of(given.observation_covs, &model.observation_cov, row));
    let noise_vars =
        covs.flat_map(|cov| cov.iter().step_by(outputs + 1).copied().collect::<Vec<f64>>()).collect();
    let tape = settled(tape, &out.belief)?;
    Ok((out, Recorded { tape, lines, offsets, outputs, noise_vars }))
}

/// Refuse moments that left the finite range.
pub(crate) fn finite(smoothed: Smoothed) -> Result<Smoothed, FilterError> {
    let width = smoothed.covs.len().checked_div(smoothed.means.len()).unwrap_or(1).max(1);
    match smoothed.covs.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(FilterError::Diverged { row: at / (width * width) }),
        None => Ok(smoothed),
    }
}

/// Refuse a tape whose rows do not determine the state.
pub(crate) fn settled(tape: Tape, last: &Belief) -> Result<Tape, FilterError> {
    match last.diffuse_count() {
        0 => Ok(tape),
        left => Err(FilterError::Diffuse { left }),
    }
}

fn walk(model: &Linear, given: &LinearRows, tape: Option<&mut Tape>) -> Result<OutputsRun, FilterError> {
    let rows = model.check(given)?;
    let (states, outputs) = (model.start.states(), model.offset.len());
    if tape.is_some() {
        Tape::check(rows.saturating_mul(1 + outputs / 2), states)?;
    }
    let mut course = Course::new(model.start.clone().checked()?, rows, tape);
    let same = model.motion(given, 0);
    let place = course.add_motion(&same);
    let is_fixed = given.transitions.is_empty() && given.process_covs.is_empty();
    for (row, observed) in given.values.chunks_exact(outputs).enumerate() {
        let mut came_by = None;
        if row > 0 && is_fixed {
            same.push(&mut course.run.belief);
            came_by = Some(place);
        } else if row > 0 {
            let own = model.motion(given, row);
            own.push(&mut course.run.belief);
            came_by = Some(course.add_motion(&own));
        }
        if row > 0 && !given.drifts.is_empty() {
            let drift = row_of(given.drifts, &model.drift, row);
            course.run.belief.mean.iter_mut().zip(drift).for_each(|(mean, known)| *mean += known);
        }
        let look = Look {
            lines: row_of(given.loadings, &model.loading, row),
            cov: row_of(given.observation_covs, &model.observation_cov, row),
            offset: row_of(given.offsets, &model.offset, row),
            observed,
        };
        course.look(came_by, look)?;
    }
    Ok(course.run)
}

/// Return rows of inputs through a matrix: (rows, k) and (n, k) give (rows, n).
pub fn through(matrix: &[f64], inputs: &[f64], columns: usize) -> Result<Vec<f64>, FilterError> {
    if columns == 0 || !matrix.len().is_multiple_of(columns) || !inputs.len().is_multiple_of(columns) {
        return Err(refuse("inputs", "as many columns as the matrix has", columns));
    }
    check_sound("inputs", inputs)?;
    check_sound("control", matrix)?;
    let lines = inputs.chunks_exact(columns);
    Ok(lines.flat_map(|row| times(matrix, row)).collect())
}
