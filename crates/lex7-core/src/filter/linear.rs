//! Any linear Gaussian model with vector observations, any entries of which may be missing.
//!
//! One step per row; observations of a row are taken in one by one, which needs no matrix inverse
//! (Durbin & Koopman 2012, §6.4). Correlated noise is first made uncorrelated by the LDLᵀ factor of its
//! covariance over the entries present.
use super::motion::Motion;
use super::run::is_finite;
use super::smooth::{Smoothed, Tape};
use super::step::{Workspace, update};
use super::{Belief, FilterError, Robust, STATES_MAX, is_sound, refuse};

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

/// The outcome of a run over rows of observations.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearRun {
    /// The belief about the last row.
    pub belief: Belief,
    /// (rows,) log-density of each row.
    pub logliks: Vec<f64>,
    /// (rows, n) filtered means.
    pub means: Vec<f64>,
    /// (rows, n, n) filtered covariances.
    pub covs: Vec<f64>,
    /// The moments given all rows, if asked for.
    pub smoothed: Option<Smoothed>,
}

impl Linear {
    fn check(&self, values: &[f64]) -> Result<usize, FilterError> {
        let (n, p) = (self.start.states(), self.offset.len());
        let sizes = [
            ("transition", self.transition.len(), n * n),
            ("process_cov", self.process_cov.len(), n * n),
            ("drift", self.drift.len(), n),
            ("loading", self.loading.len(), p * n),
            ("observation_cov", self.observation_cov.len(), p * p),
        ];
        for (name, got, expected) in sizes {
            if got != expected {
                return Err(refuse(name, &format!("{expected} numbers for {n} states and {p} outputs"), got));
            }
        }
        if p == 0 || p > STATES_MAX {
            return Err(refuse("loading", "between 1 and 64 outputs", p));
        }
        let parts = [
            ("transition", &self.transition),
            ("process_cov", &self.process_cov),
            ("drift", &self.drift),
            ("loading", &self.loading),
            ("observation_cov", &self.observation_cov),
            ("offset", &self.offset),
        ];
        for (name, numbers) in parts {
            if numbers.iter().any(|value| !is_sound(*value)) {
                return Err(refuse(name, "finite numbers within 1e100", "another"));
            }
        }
        let diagonals =
            [("process_cov", &self.process_cov, n), ("observation_cov", &self.observation_cov, p)];
        for (name, matrix, side) in diagonals {
            if (0..side).any(|i| {
                (0..=i).any(|j| matrix[i * side + j] != matrix[j * side + i]) || matrix[i * side + i] < 0.0
            }) {
                return Err(refuse(name, "a symmetric matrix with a diagonal of at least 0", "another"));
            }
        }
        if !values.len().is_multiple_of(p) || values.is_empty() {
            return Err(refuse("values", &format!("at least one row of {p} values"), values.len()));
        }
        if values.iter().any(|value| !(value.is_nan() || is_sound(*value))) {
            return Err(refuse("values", "numbers within 1e100, NaN where missing", "another"));
        }
        Ok(p)
    }
}

/// The scalar observations of one row: each a combination of outputs with noise of its own.
pub(crate) struct Whitened {
    /// Unit lower triangular over the present outputs, row-major.
    factor: Vec<f64>,
    pub(crate) vars: Vec<f64>,
    pub(crate) present: Vec<usize>,
}

/// Factor the noise of the present outputs as L D Lᵀ.
pub(crate) fn whiten(cov: &[f64], outputs: usize, present: &[usize]) -> Result<Whitened, FilterError> {
    let size = present.len();
    let mut factor = vec![0.0; size * size];
    let mut vars = vec![0.0; size];
    for i in 0..size {
        for j in 0..=i {
            let mut sum = cov[present[i] * outputs + present[j]];
            for k in 0..j {
                sum -= factor[i * size + k] * factor[j * size + k] * vars[k];
            }
            if i == j {
                let scale = cov[present[i] * outputs + present[i]];
                if sum < -1e-12 * scale {
                    return Err(refuse(
                        "observation_cov",
                        "positive semi-definite",
                        format!("a pivot of {sum}"),
                    ));
                }
                // A pivot at rounding level is an exact zero: that output is a sum of earlier ones.
                vars[i] = if sum <= 1e-14 * scale { 0.0 } else { sum };
                factor[i * size + i] = 1.0;
            } else {
                factor[i * size + j] = if vars[j] > 0.0 { sum / vars[j] } else { 0.0 };
            }
        }
    }
    Ok(Whitened { factor, vars, present: present.to_vec() })
}

impl Whitened {
    /// Solve L x = b down the present outputs, for one column of b.
    pub(crate) fn solve(&self, column: &mut [f64]) {
        let size = self.vars.len();
        for i in 0..size {
            for j in 0..i {
                column[i] -= self.factor[i * size + j] * column[j];
            }
        }
    }
}

/// Filter rows of vector observations, (rows, p) row-major, NaN where missing.
pub fn run_linear(model: &Linear, values: &[f64], smooths: bool) -> Result<LinearRun, FilterError> {
    let outputs = model.check(values)?;
    let mut belief = model.start.clone().checked()?;
    belief.factor = None;
    let states = belief.states();
    let rows = values.len() / outputs;
    let mut space = Workspace::new(states, Robust::Gaussian);
    let motion = Motion::dense(&model.transition, &model.process_cov, &model.drift);
    let mut tape = Tape::default();
    if smooths {
        Tape::check(rows.saturating_mul(1 + outputs / 2), states)?;
        tape.add_motion(motion.clone());
    }
    let mut whitened: Vec<Whitened> = Vec::new();
    let mut out = LinearRun {
        belief: belief.clone(),
        logliks: Vec::with_capacity(rows),
        means: Vec::with_capacity(rows * states),
        covs: Vec::with_capacity(rows * states * states),
        smoothed: None,
    };
    for (row, observed) in values.chunks_exact(outputs).enumerate() {
        if row > 0 {
            motion.push(&mut belief);
        }
        if smooths {
            tape.arrive((row > 0).then_some(0), &belief);
        }
        let present: Vec<usize> = (0..outputs).filter(|i| !observed[*i].is_nan()).collect();
        let place = match whitened.iter().rposition(|known| known.present == present) {
            Some(place) => place,
            None => {
                whitened.push(whiten(&model.observation_cov, outputs, &present)?);
                whitened.len() - 1
            }
        };
        let mut sum = 0.0;
        for (h, value, noise_var) in scalars(model, &whitened[place], observed) {
            space.set_row(&h);
            let outcome = update(&mut belief, &mut space, value, noise_var, states);
            sum += outcome.log_density;
            if smooths {
                tape.see(&space, &outcome, noise_var);
            }
        }
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

/// Return (h, value, noise variance) of each scalar observation of a row.
fn scalars(model: &Linear, white: &Whitened, observed: &[f64]) -> Vec<(Vec<f64>, f64, f64)> {
    let states = model.start.states();
    let size = white.present.len();
    let mut values: Vec<f64> = white.present.iter().map(|i| observed[*i] - model.offset[*i]).collect();
    white.solve(&mut values);
    let mut rows = vec![vec![0.0; states]; size];
    for state in 0..states {
        let mut column: Vec<f64> = white.present.iter().map(|i| model.loading[*i * states + state]).collect();
        white.solve(&mut column);
        rows.iter_mut().zip(column).for_each(|(line, value)| line[state] = value);
    }
    rows.into_iter().zip(values).zip(&white.vars).map(|((h, value), var)| (h, value, *var)).collect()
}
