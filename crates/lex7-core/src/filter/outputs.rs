//! Rows of outputs taken in one scalar at a time, and everything a run over them can be asked.
//!
//! Correlated noise is first made uncorrelated by the LDLᵀ factor of its covariance over the entries
//! present, so nothing is inverted and noise may be singular (Durbin & Koopman 2012, §6.4).
use super::engine::take;
use super::factored::Bench;
use super::motion::Motion;
use super::run::is_finite;
use super::simulation::draws;
use super::smooth::{Smoothed, Tape, square, times};
use super::step::{Workspace, dot};
use super::{Belief, FilterError, Forecast, Robust, is_sound, refuse};

/// Numbers of one joint covariance.
const JOINT_MAX: usize = 4_000;

/// The scalar observations of one row: each a combination of outputs with noise of its own.
struct Whitened {
    /// Unit lower triangular over the present outputs, row-major.
    factor: Vec<f64>,
    vars: Vec<f64>,
    present: Vec<usize>,
}

/// One row of outputs: what is seen of the state, through what noise.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    /// (outputs, states)
    pub(crate) lines: &'a [f64],
    /// (outputs, outputs)
    pub(crate) cov: &'a [f64],
    /// (outputs,) or empty.
    pub(crate) offset: &'a [f64],
    /// (outputs,), NaN where missing.
    pub(crate) observed: &'a [f64],
}

/// Working space of one run, and the factors of noise met lately.
pub(crate) struct Outputs {
    space: Workspace,
    bench: Bench,
    states: usize,
    whitened: Vec<Whitened>,
    cov: Vec<f64>,
}

impl Outputs {
    pub(crate) fn new(states: usize) -> Self {
        let space = Workspace::new(states, Robust::Gaussian);
        Outputs { space, bench: Bench::new(states), states, whitened: Vec::new(), cov: Vec::new() }
    }

    /// Take in the entries present of one row; returns their log-density.
    pub(crate) fn take_in(
        &mut self,
        look: Look,
        belief: &mut Belief,
        mut tape: Option<&mut Tape>,
    ) -> Result<f64, FilterError> {
        if self.cov != look.cov {
            self.whitened.clear();
            self.cov = look.cov.to_vec();
        }
        let (states, outputs) = (self.states, look.observed.len());
        let present: Vec<usize> = (0..outputs).filter(|i| !look.observed[*i].is_nan()).collect();
        let place = match self.whitened.iter().rposition(|known| known.present == present) {
            Some(place) => place,
            None => {
                self.whitened.push(whiten(look.cov, outputs, &present)?);
                self.whitened.len() - 1
            }
        };
        let white = &self.whitened[place];
        let offset = |i: usize| look.offset.get(i).copied().unwrap_or(0.0);
        let mut values: Vec<f64> = present.iter().map(|i| look.observed[*i] - offset(*i)).collect();
        white.solve(&mut values);
        let mut rows = vec![0.0; present.len() * states];
        for state in 0..states {
            let mut column: Vec<f64> = present.iter().map(|i| look.lines[i * states + state]).collect();
            white.solve(&mut column);
            rows.iter_mut().skip(state).step_by(states).zip(column).for_each(|(cell, value)| *cell = value);
        }
        let mut sum = 0.0;
        for ((h, value), noise_var) in rows.chunks_exact(states).zip(values).zip(&white.vars) {
            self.space.set_row(h);
            let places = (&mut self.space, &mut self.bench);
            let outcome = take(belief, places, value, *noise_var, states);
            sum += self.space.log_density(&outcome);
            if let Some(tape) = tape.as_deref_mut() {
                tape.see(&self.space, &outcome, *noise_var);
            }
        }
        Ok(sum)
    }
}

impl Whitened {
    /// Solve L x = b down the present outputs, for one column of b.
    fn solve(&self, column: &mut [f64]) {
        let size = self.vars.len();
        for i in 0..size {
            for j in 0..i {
                column[i] -= self.factor[i * size + j] * column[j];
            }
        }
    }
}

/// Factor the noise of the present outputs as L D Lᵀ.
fn whiten(cov: &[f64], outputs: usize, present: &[usize]) -> Result<Whitened, FilterError> {
    let (factor, vars) = factored("observation_cov", cov, outputs, present)?;
    Ok(Whitened { factor, vars, present: present.to_vec() })
}

pub(crate) fn factored(
    name: &'static str,
    cov: &[f64],
    side: usize,
    present: &[usize],
) -> Result<(Vec<f64>, Vec<f64>), FilterError> {
    let size = present.len();
    let mut factor = vec![0.0; size * size];
    let mut vars = vec![0.0; size];
    for i in 0..size {
        for j in 0..=i {
            let mut sum = cov[present[i] * side + present[j]];
            for k in 0..j {
                sum -= factor[i * size + k] * factor[j * size + k] * vars[k];
            }
            if i == j {
                let scale = cov[present[i] * side + present[i]];
                if sum < -1e-12 * scale {
                    return Err(refuse(name, "positive semi-definite", format!("a pivot of {sum}")));
                }
                // A pivot at rounding level is an exact zero: that output is a sum of earlier ones.
                vars[i] = if sum <= 1e-14 * scale { 0.0 } else { sum };
                factor[i * size + i] = 1.0;
            } else {
                // Beside a variance of zero nothing can vary along.
                let scale = cov[present[i] * side + present[i]];
                if vars[j] == 0.0
                    && sum * sum > 1e-12 * scale * cov[present[j] * side + present[j]].max(1e-300)
                {
                    return Err(refuse(name, "positive semi-definite", format!("{sum} beside a pivot of 0")));
                }
                factor[i * size + j] = if vars[j] > 0.0 { sum / vars[j] } else { 0.0 };
            }
        }
    }
    Ok((factor, vars))
}

/// Refuse matrices that are no covariances; singular ones are welcome.
pub(crate) fn check_covs(name: &'static str, matrices: &[f64], side: usize) -> Result<(), FilterError> {
    let all: Vec<usize> = (0..side).collect();
    let mut last: &[f64] = &[];
    for matrix in matrices.chunks_exact(side * side) {
        if matrix == last {
            continue;
        }
        let lopsided = |i: usize| (0..i).any(|j| matrix[i * side + j] != matrix[j * side + i]);
        if (0..side).any(|i| lopsided(i) || matrix[i * side + i] < 0.0) {
            return Err(refuse(name, "a symmetric matrix with a diagonal of at least 0", "another"));
        }
        factored(name, matrix, side, &all)?;
        last = matrix;
    }
    Ok(())
}

/// Refuse numbers beyond the limit.
pub(crate) fn check_sound(name: &'static str, numbers: &[f64]) -> Result<(), FilterError> {
    match numbers.iter().find(|value| !is_sound(**value)) {
        Some(value) => Err(refuse(name, "finite numbers within 1e100", value)),
        None => Ok(()),
    }
}

/// The outcome of a run over rows of outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputsRun {
    /// The belief after the last row.
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

/// A run under way: the belief, and what is kept of each row.
pub(crate) struct Course<'a> {
    outputs: Outputs,
    tape: Option<&'a mut Tape>,
    pub(crate) run: OutputsRun,
}

impl<'a> Course<'a> {
    /// Set out from a belief with room for so many rows.
    pub(crate) fn new(belief: Belief, rows: usize, tape: Option<&'a mut Tape>) -> Self {
        let states = belief.states();
        let run = OutputsRun {
            belief,
            logliks: Vec::with_capacity(rows),
            means: Vec::with_capacity(rows * states),
            covs: Vec::with_capacity(rows * states * states),
            smoothed: None,
        };
        Course { outputs: Outputs::new(states), tape, run }
    }

    /// Note a motion that later rows may name; its place, or 0 where no tape is kept.
    pub(crate) fn add_motion(&mut self, motion: &Motion) -> usize {
        self.tape.as_deref_mut().map_or(0, |tape| tape.add_motion(motion.clone()))
    }

    /// Take in one row, at which the belief has arrived by a motion.
    pub(crate) fn look(&mut self, motion: Option<usize>, look: Look) -> Result<(), FilterError> {
        let belief = &mut self.run.belief;
        if let Some(tape) = self.tape.as_deref_mut() {
            belief.expand();
            tape.arrive(motion, belief);
        }
        let sum = self.outputs.take_in(look, belief, self.tape.as_deref_mut())?;
        belief.expand();
        if !(sum.is_finite() && is_finite(belief)) {
            return Err(FilterError::Diverged { row: self.run.logliks.len() });
        }
        if let Some(tape) = self.tape.as_deref_mut() {
            tape.leave(belief);
        }
        self.run.logliks.push(sum);
        self.run.means.extend_from_slice(&belief.mean);
        self.run.covs.extend_from_slice(&belief.cov);
        Ok(())
    }
}

/// A run whose tape is kept, with what was to be seen at every row.
pub struct Recorded {
    pub(crate) tape: Tape,
    /// (rows, outputs, states)
    pub(crate) lines: Vec<f64>,
    /// (rows, outputs) or empty.
    pub(crate) offsets: Vec<f64>,
    pub(crate) outputs: usize,
    /// (rows, outputs) variance of each output's noise.
    pub(crate) noise_vars: Vec<f64>,
}

/// The noise of every entry given all rows, each (rows, outputs), NaN where missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Noises {
    /// E[ε|Y]
    pub means: Vec<f64>,
    /// Var[ε|Y]
    pub vars: Vec<f64>,
    /// The variance of the mean itself over repeated series.
    pub spreads: Vec<f64>,
}

/// What moved the state at every row, given all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Moves {
    /// (rows, n) E[η|Y] of the motion that led to the row; zero in the first.
    pub means: Vec<f64>,
    /// (rows, n, n) Var[η|Y].
    pub covs: Vec<f64>,
    /// (rows, n) variance of the mean itself over repeated series.
    pub spreads: Vec<f64>,
}

impl Recorded {
    fn states(&self) -> usize {
        self.tape.instants.first().map_or(0, |first| first.before.states())
    }

    /// Return the moments of every row given all rows.
    pub fn smooth(&self) -> Result<Smoothed, FilterError> {
        self.tape.track().smooth()
    }

    /// Return the joint moments of all outputs, without their noise, at chosen ascending rows.
    pub fn signal(&self, chosen: &[usize]) -> Result<Forecast, FilterError> {
        let (rows, states) = (self.tape.instants.len(), self.states());
        if chosen.windows(2).any(|pair| pair[1] <= pair[0]) || chosen.last().is_some_and(|last| *last >= rows)
        {
            return Err(refuse("rows", &format!("ascending indices below {rows}"), format!("{chosen:?}")));
        }
        if chosen.len().saturating_mul(self.outputs) > JOINT_MAX {
            let expected = format!("rows × outputs of at most {JOINT_MAX}");
            return Err(refuse("rows", &expected, chosen.len() * self.outputs));
        }
        let width = self.outputs * states;
        let looks: Vec<(usize, Vec<f64>)> = chosen
            .iter()
            .flat_map(|row| {
                let lines = &self.lines[row * width..(row + 1) * width];
                lines.chunks_exact(states).map(|line| (*row, line.to_vec()))
            })
            .collect();
        let mut out = self.tape.track().joint(&looks)?;
        if !self.offsets.is_empty() {
            for (line, row) in out.mean.chunks_exact_mut(self.outputs).zip(chosen) {
                let known = &self.offsets[row * self.outputs..(row + 1) * self.outputs];
                line.iter_mut().zip(known).for_each(|(mean, offset)| *mean += offset);
            }
        }
        Ok(out)
    }

    /// Return paths of the state given all rows, (draws, rows, n).
    pub fn draws(&self, lane: (u64, u32, u32)) -> Result<Vec<f64>, FilterError> {
        draws(&self.tape, lane)
    }

    /// Return the noise of every entry: what was seen less what the smoothed state says.
    pub fn noises(&self, values: &[f64]) -> Result<Noises, FilterError> {
        let (n, smoothed) = (self.states(), self.smooth()?);
        let blank = vec![f64::NAN; values.len()];
        let mut out = Noises { means: blank.clone(), vars: blank.clone(), spreads: blank };
        for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            let row = at / self.outputs;
            let line = &self.lines[at * n..(at + 1) * n];
            let mean = dot(line, &smoothed.means[row * n..(row + 1) * n]);
            let var = dot(line, &times(&smoothed.covs[row * n * n..(row + 1) * n * n], line)).max(0.0);
            let noise = self.noise_vars[at];
            out.means[at] = value - self.offsets.get(at).copied().unwrap_or(0.0) - mean;
            out.vars[at] = var.min(noise);
            // What the series says nothing about is left by rounding alone.
            out.spreads[at] = if noise - var > 1e-10 * noise { noise - var } else { 0.0 };
        }
        Ok(out)
    }

    /// Return what moved the state.
    pub fn moves(&self) -> Result<Moves, FilterError> {
        let (rows, n) = (self.tape.instants.len(), self.states());
        let mut out =
            Moves { means: vec![0.0; rows * n], covs: vec![0.0; rows * n * n], spreads: vec![0.0; rows * n] };
        self.tape.walk_back(|back, row, seen| {
            let (None, Some(motion)) = (seen, self.tape.motion_to(row)) else { return };
            let noise = motion.noise_matrix(n);
            out.means[row * n..(row + 1) * n].copy_from_slice(&times(&noise, back.r()));
            let spread = square(&noise, &square(back.n(), &noise, n), n);
            let cov = &mut out.covs[row * n * n..(row + 1) * n * n];
            for i in 0..n {
                out.spreads[row * n + i] = spread[i * n + i].max(0.0);
                for j in 0..=i {
                    let value = noise[i * n + j] - 0.5 * (spread[i * n + j] + spread[j * n + i]);
                    let value = if i == j { value.max(0.0) } else { value };
                    cov[i * n + j] = value;
                    cov[j * n + i] = value;
                }
            }
        });
        match out.means.iter().chain(&out.covs).position(|value| !value.is_finite()) {
            Some(at) => Err(FilterError::Diverged { row: (at / n.max(1)).min(rows.saturating_sub(1)) }),
            None => Ok(out),
        }
    }

    /// Return Cov(x_t, x_{t−1} | Y) of every row, (rows, n, n); zero in the first.
    pub(crate) fn lagged(&self) -> Result<Vec<f64>, FilterError> {
        self.tape.track().lagged()
    }
}
