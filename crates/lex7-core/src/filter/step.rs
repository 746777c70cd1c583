//! The two halves of a filter step: carrying a belief through time, and one scalar observation.
use super::transition::{Cell, Start};
use super::{Belief, Robust};

/// A direction seen with less than this share of its largest possible strength counts as not seen.
const SEEN_MIN: f64 = 1e-10;

/// What one observation did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) innovation: f64,
    /// Variance of the innovation; infinite where a diffuse direction was seen.
    pub(crate) variance: f64,
    pub(crate) weight: f64,
    pub(crate) log_density: f64,
}

/// Working space of one filter: no allocation per step.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) row: Vec<f64>,
    pub(crate) cross: Vec<f64>,
    pub(crate) gain: Vec<f64>,
    tail: Vec<f64>,
    pub(crate) robust: Robust,
    pub(crate) log_constant: f64,
}

impl Workspace {
    pub(crate) fn new(states: usize, robust: Robust) -> Self {
        Workspace {
            row: vec![0.0; states],
            cross: vec![0.0; states],
            gain: vec![0.0; states],
            tail: vec![0.0; states],
            robust,
            log_constant: robust.log_constant(),
        }
    }
}

/// Return the belief before the first observation.
pub(crate) fn begin(start: &Start, time_ns: i64) -> Belief {
    let states = start.mean.len();
    let mut cov = vec![0.0; states * states];
    let mut diffuse = Vec::new();
    for i in 0..states {
        cov[i * states + i] = start.var[i];
        if start.is_diffuse[i] {
            diffuse.extend((0..states).map(|j| if i == j { 1.0 } else { 0.0 }));
        }
    }
    Belief { time_ns, mean: start.mean.clone(), cov, diffuse }
}

/// Carry a belief through one transition: m ← F m, P ← F P Fᵀ + Q, D ← F D.
pub(crate) fn predict(belief: &mut Belief, cells: &[Cell]) {
    let states = belief.states();
    apply(&mut belief.mean, cells);
    for column in belief.diffuse.chunks_exact_mut(states) {
        apply(column, cells);
    }
    let cov = &mut belief.cov;
    for cell in cells.iter().filter(|cell| !cell.is_identity()) {
        let (f, at) = (cell.transition, cell.offset * states);
        if cell.size == 1 {
            cov[at..at + states].iter_mut().for_each(|value| *value *= f[0]);
        } else {
            let (upper, lower) = cov[at..at + 2 * states].split_at_mut(states);
            for (a, b) in upper.iter_mut().zip(lower) {
                (*a, *b) = (f[0] * *a + f[1] * *b, f[2] * *a + f[3] * *b);
            }
        }
    }
    for line in cov.chunks_exact_mut(states) {
        apply(line, cells);
    }
    for cell in cells {
        let (i, q) = (cell.offset, cell.noise);
        cov[i * states + i] += q[0];
        if cell.size == 2 {
            cov[(i + 1) * states + i] += q[1];
            cov[(i + 1) * states + i + 1] += q[2];
        }
    }
    mirror(cov, states);
}

/// Multiply one state vector by the block-diagonal transition.
pub(crate) fn apply(vector: &mut [f64], cells: &[Cell]) {
    for cell in cells {
        let (f, i) = (cell.transition, cell.offset);
        if cell.size == 1 {
            vector[i] *= f[0];
        } else {
            let (a, b) = (vector[i], vector[i + 1]);
            vector[i] = f[0] * a + f[1] * b;
            vector[i + 1] = f[2] * a + f[3] * b;
        }
    }
}

fn mirror(cov: &mut [f64], states: usize) {
    for i in 0..states {
        for j in 0..i {
            cov[j * states + i] = cov[i * states + j];
        }
    }
}

/// Take in one scalar observation y = hᵀx + noise, with h in `space.row`.
///
/// Joseph form, P ← (I − k hᵀ) P (I − k hᵀ)ᵀ + R k kᵀ. While h sees a diffuse direction the gain is the
/// exact diffuse one (Durbin & Koopman 2012, §5.2) and that direction leaves D by a reflection.
pub(crate) fn update(belief: &mut Belief, space: &mut Workspace, value: f64, noise_var: f64) -> Outcome {
    let states = belief.states();
    let innovation = value - dot(&space.row, &belief.mean);
    let seen = if belief.diffuse.is_empty() { None } else { reflect(belief, space) };
    for (cross, line) in space.cross.iter_mut().zip(belief.cov.chunks_exact(states)) {
        *cross = dot(line, &space.row);
    }
    let signal_var = dot(&space.row, &space.cross);
    let outcome = match seen {
        Some(strength) => Outcome {
            innovation,
            variance: f64::INFINITY,
            weight: 1.0,
            log_density: Robust::Gaussian.log_density(0.0, strength, 0.0),
        },
        None => {
            let weight = space.robust.weight(innovation, signal_var, noise_var);
            let variance = signal_var + noise_var;
            if variance <= 0.0 {
                // A noiseless value of a signal that is known already: nothing can be learned from it.
                return Outcome { innovation, variance, weight: 0.0, log_density: 0.0 };
            }
            let total = signal_var + noise_var / weight;
            for (gain, cross) in space.gain.iter_mut().zip(&space.cross) {
                *gain = *cross / total;
            }
            let log_density = space.robust.log_density(innovation, variance, space.log_constant);
            Outcome { innovation, variance, weight, log_density }
        }
    };
    for (mean, gain) in belief.mean.iter_mut().zip(&space.gain) {
        *mean += gain * innovation;
    }
    joseph(&mut belief.cov, space, noise_var / outcome.weight);
    outcome
}

/// P ← A − (A h) kᵀ + R k kᵀ with A = P − k (P h)ᵀ, lower triangle first, then mirrored.
fn joseph(cov: &mut [f64], space: &mut Workspace, noise_var: f64) {
    let states = space.row.len();
    for (i, line) in cov.chunks_exact_mut(states).enumerate() {
        let gain = space.gain[i];
        for (value, cross) in line.iter_mut().zip(&space.cross) {
            *value -= gain * cross;
        }
        space.tail[i] = dot(line, &space.row);
    }
    for i in 0..states {
        let (gain, tail) = (space.gain[i] * noise_var, space.tail[i]);
        let (above, line) = cov.split_at_mut(i * states);
        for j in 0..=i {
            let value = line[j] + (gain - tail) * space.gain[j];
            line[j] = value;
            if j < i {
                above[j * states + i] = value;
            }
        }
        line[i] = line[i].max(0.0);
    }
}

/// Return the strength hᵀ D Dᵀ h and set the gain if h sees a diffuse direction; drop it from D.
fn reflect(belief: &mut Belief, space: &mut Workspace) -> Option<f64> {
    let states = belief.states();
    let seen: Vec<f64> = belief.diffuse.chunks_exact(states).map(|column| dot(column, &space.row)).collect();
    let strength = dot(&seen, &seen);
    let most = dot(&belief.diffuse, &belief.diffuse) * dot(&space.row, &space.row);
    if strength <= SEEN_MIN * SEEN_MIN * most {
        return None;
    }
    space.gain.fill(0.0);
    for (column, weight) in belief.diffuse.chunks_exact(states).zip(&seen) {
        for (gain, value) in space.gain.iter_mut().zip(column) {
            *gain += value * weight;
        }
    }
    space.gain.iter_mut().for_each(|gain| *gain /= strength);
    // A Householder reflection of the columns of D that moves all of `seen` into the first column.
    let norm = strength.sqrt();
    let mut axis = seen;
    axis[0] += if axis[0] >= 0.0 { norm } else { -norm };
    let scale = 2.0 / dot(&axis, &axis);
    let mut along = vec![0.0; states];
    for (column, weight) in belief.diffuse.chunks_exact(states).zip(&axis) {
        for (sum, value) in along.iter_mut().zip(column) {
            *sum += value * weight;
        }
    }
    for (column, weight) in belief.diffuse.chunks_exact_mut(states).zip(&axis) {
        for (value, sum) in column.iter_mut().zip(&along) {
            *value -= scale * weight * sum;
        }
    }
    belief.diffuse.drain(..states);
    Some(strength)
}

/// Sum of products in index order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += x * y;
    }
    sum
}
