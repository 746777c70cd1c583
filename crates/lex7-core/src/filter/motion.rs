//! How a state moves between instants: blocks of components, or one dense matrix.
use super::Belief;
use super::smooth::{square, times};
use super::step::{apply, carry, predict, settle};
use super::transition::Cell;

/// A transition with its process noise.
#[derive(Debug, Clone)]
pub(crate) enum Motion {
    /// Block-diagonal, from components; beside it the transposed blocks.
    Blocks { cells: Vec<Cell>, back: Vec<Cell> },
    /// A dense transition (n, n) and its transpose, process noise (n, n), and a known drift (n,).
    Dense { transition: Vec<f64>, back: Vec<f64>, noise: Vec<f64>, drift: Vec<f64> },
}

impl Motion {
    pub(crate) fn blocks(cells: &[Cell]) -> Self {
        Motion::Blocks { cells: cells.to_vec(), back: cells.iter().map(Cell::transposed).collect() }
    }

    pub(crate) fn dense(transition: &[f64], noise: &[f64], drift: &[f64]) -> Self {
        let states = drift.len();
        let mut back = vec![0.0; states * states];
        for i in 0..states {
            for j in 0..states {
                back[j * states + i] = transition[i * states + j];
            }
        }
        Motion::Dense { transition: transition.to_vec(), back, noise: noise.to_vec(), drift: drift.to_vec() }
    }

    /// Carry a belief along.
    pub(crate) fn push(&self, belief: &mut Belief) {
        let states = belief.states();
        match self {
            Motion::Blocks { cells, .. } => predict(belief, cells, states),
            Motion::Dense { transition, back, noise, drift } => {
                belief.mean = times(transition, &belief.mean);
                belief.mean.iter_mut().zip(drift).for_each(|(mean, known)| *mean += known);
                let moved = square(&square(transition, &belief.cov, states), back, states);
                for i in 0..states {
                    for j in 0..=i {
                        let value = moved[i * states + j] + noise[i * states + j];
                        belief.cov[i * states + j] = value;
                        belief.cov[j * states + i] = value;
                    }
                }
                settle(&mut belief.cov, states);
                for column in belief.diffuse.chunks_exact_mut(states) {
                    column.copy_from_slice(&times(transition, column));
                }
            }
        }
    }

    /// Return F v, without any known drift.
    pub(crate) fn push_vector(&self, vector: &[f64]) -> Vec<f64> {
        match self {
            Motion::Blocks { cells, .. } => {
                let mut moved = vector.to_vec();
                apply(&mut moved, cells);
                moved
            }
            Motion::Dense { transition, .. } => times(transition, vector),
        }
    }

    /// Return the process noise as a whole matrix.
    pub(crate) fn noise_matrix(&self, states: usize) -> Vec<f64> {
        match self {
            Motion::Dense { noise, .. } => noise.clone(),
            Motion::Blocks { cells, .. } => {
                let mut out = vec![0.0; states * states];
                for cell in cells {
                    let (i, q) = (cell.offset, cell.noise);
                    out[i * states + i] = q[0];
                    if cell.size == 2 {
                        out[i * states + i + 1] = q[1];
                        out[(i + 1) * states + i] = q[1];
                        out[(i + 1) * states + i + 1] = q[2];
                    }
                }
                out
            }
        }
    }

    /// v ← Fᵀ v
    pub(crate) fn pull_vector(&self, vector: &mut [f64]) {
        match self {
            Motion::Blocks { back, .. } => apply(vector, back),
            Motion::Dense { back, .. } => vector.copy_from_slice(&times(back, vector)),
        }
    }

    /// N ← Fᵀ N F for symmetric N.
    pub(crate) fn pull_matrix(&self, matrix: &mut Vec<f64>) {
        match self {
            Motion::Blocks { back, .. } => {
                let mean = vec![0.0; super::step::side(matrix.len())];
                let cov = core::mem::take(matrix);
                let mut adjoint = Belief { time_ns: 0, mean, cov, diffuse: Vec::new(), factor: None };
                let states = adjoint.states();
                carry(&mut adjoint, back, states);
                *matrix = adjoint.cov;
            }
            Motion::Dense { transition, back, drift, .. } => {
                *matrix = square(&square(back, matrix, drift.len()), transition, drift.len());
            }
        }
    }
}
