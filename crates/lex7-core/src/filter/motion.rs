//! How a state moves between instants: blocks of components, or one dense matrix.
use super::Belief;
use super::factored::{self, Bench, Factor};
use super::orthogonal::keep_independent;
use super::smooth::add_scaled;
use super::step::{apply, carry, dot, predict, settle};
use super::transition::Cell;

/// A transition with its process noise.
#[derive(Debug, Clone)]
pub(crate) enum Motion {
    /// Block-diagonal, from components; beside it the transposed blocks.
    Blocks { cells: Vec<Cell>, back: Vec<Cell> },
    /// A dense transition (n, n) and its transpose, process noise (n, n), and a known drift (n,).
    Dense {
        transition: Vec<f64>,
        back: Vec<f64>,
        noise: Vec<f64>,
        drift: Vec<f64>,
        /// The noise as G diag(q) Gᵀ: G unit upper triangular, and q.
        root: (Vec<f64>, Vec<f64>),
    },
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
        let root = split(Factor::of(noise, states).numbers, states);
        let (transition, noise, drift) = (transition.to_vec(), noise.to_vec(), drift.to_vec());
        Motion::Dense { transition, back, noise, drift, root }
    }

    /// Carry a belief along, in whatever form it is.
    pub(crate) fn push(&self, belief: &mut Belief) {
        let states = belief.states();
        match self {
            Motion::Blocks { cells, .. } if belief.factor.is_some() => {
                factored::predict::<0>(belief, &mut Bench::new(states), cells, states);
            }
            Motion::Blocks { cells, .. } => predict(belief, cells, states),
            Motion::Dense { transition, back, noise, drift, root } => {
                belief.mean = times(transition, &belief.mean);
                belief.mean.iter_mut().zip(drift).for_each(|(mean, known)| *mean += known);
                if !belief.diffuse.is_empty() {
                    let moved = |column| times(transition, column);
                    let mut columns: Vec<f64> = belief.diffuse.chunks_exact(states).flat_map(moved).collect();
                    keep_independent(&mut columns, transition, &belief.diffuse, states);
                    belief.diffuse = columns;
                }
                if belief.factor.is_some() {
                    factored::predict_dense(belief, &mut Bench::new(states), transition, (&root.0, &root.1));
                    return;
                }
                let moved = square(&square(transition, &belief.cov, states), back, states);
                for i in 0..states {
                    for j in 0..=i {
                        let value = moved[i * states + j] + noise[i * states + j];
                        belief.cov[i * states + j] = value;
                        belief.cov[j * states + i] = value;
                    }
                }
                settle(&mut belief.cov, states);
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

    /// Return Σ F² v: the variances that arrive if nothing cancels.
    pub(crate) fn push_scale(&self, variances: &[f64]) -> Vec<f64> {
        match self {
            Motion::Blocks { cells, .. } => {
                let mut out = variances.to_vec();
                for cell in cells {
                    let (f, i) = (cell.transition, cell.offset);
                    if cell.size == 1 {
                        out[i] *= f[0] * f[0];
                    } else {
                        let (a, b) = (out[i], out[i + 1]);
                        out[i] = f[0] * f[0] * a + f[1] * f[1] * b;
                        out[i + 1] = f[2] * f[2] * a + f[3] * f[3] * b;
                    }
                }
                out
            }
            Motion::Dense { transition, .. } => {
                let squares: Vec<f64> = transition.iter().map(|value| value * value).collect();
                times(&squares, variances)
            }
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

    /// Return G, unit upper triangular by blocks, and q with G diag(q) Gᵀ the process noise.
    pub(crate) fn noise_root(&self, states: usize) -> (Vec<f64>, Vec<f64>) {
        match self {
            Motion::Dense { root, .. } => root.clone(),
            Motion::Blocks { .. } => split(Factor::of(&self.noise_matrix(states), states).numbers, states),
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
                let mean = vec![0.0; matrix.len().isqrt()];
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

/// Part factors into U with ones on its diagonal, and D.
fn split(mut numbers: Vec<f64>, states: usize) -> (Vec<f64>, Vec<f64>) {
    let weights = (0..states).map(|i| core::mem::replace(&mut numbers[i * (states + 1)], 1.0)).collect();
    (numbers, weights)
}

pub(crate) fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(vector.len()).map(|line| dot(line, vector)).collect()
}

/// A B for square matrices, adding in index order.
pub(crate) fn square(a: &[f64], b: &[f64], states: usize) -> Vec<f64> {
    let mut out = vec![0.0; states * states];
    for (line, sums) in a.chunks_exact(states).zip(out.chunks_exact_mut(states)) {
        for (factor, other) in line.iter().zip(b.chunks_exact(states)) {
            add_scaled(sums, other, *factor);
        }
    }
    out
}
