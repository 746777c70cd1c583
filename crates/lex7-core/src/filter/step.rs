//! The two halves of a filter step: carrying a belief through time, and one scalar observation.
use super::transition::{Cell, Start, observe};
use super::{Belief, Model, Robust};

/// A direction seen with less than this share of its largest possible strength counts as not seen yet: its
/// variance would exceed the others by more than 1e12, beyond what a covariance in f64 can carry.
const SEEN_MIN: f64 = 1e-6;

/// What one observation did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) innovation: f64,
    /// Variance of the innovation; infinite where a diffuse direction was seen.
    pub(crate) variance: f64,
    pub(crate) weight: f64,
    /// hᵀ D Dᵀ h where a diffuse direction was seen, else 0.
    pub(crate) strength: f64,
}

impl Outcome {
    /// The outcome of a missing value.
    pub(crate) fn missing() -> Self {
        Outcome { innovation: f64::NAN, variance: f64::NAN, weight: 0.0, strength: 0.0 }
    }

    /// Answer whether the log-density is finite, without taking a logarithm.
    pub(crate) fn is_finite(&self) -> bool {
        if self.weight == 0.0 {
            return true;
        }
        if self.strength > 0.0 {
            return self.innovation.is_finite() && self.strength.is_finite();
        }
        self.variance < f64::INFINITY && (self.innovation * self.innovation / self.variance).is_finite()
    }
}

/// Working space of one filter: no allocation per step.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The observation row h.
    row: Vec<f64>,
    /// The places where h is not zero.
    seen: Vec<usize>,
    /// Whether `row` is that of a model whose row never changes.
    is_fixed: bool,
    cross: Vec<f64>,
    gain: Vec<f64>,
    tail: Vec<f64>,
    robust: Robust,
    log_constant: f64,
}

impl Workspace {
    pub(crate) fn new(states: usize, robust: Robust) -> Self {
        Workspace {
            row: vec![0.0; states],
            seen: Vec::with_capacity(states),
            is_fixed: false,
            cross: vec![0.0; states],
            gain: vec![0.0; states],
            tail: vec![0.0; states],
            robust,
            log_constant: robust.log_constant(),
        }
    }

    pub(crate) fn row(&self) -> &[f64] {
        &self.row
    }

    pub(crate) fn cross(&self) -> &[f64] {
        &self.cross
    }

    pub(crate) fn gain(&self) -> &[f64] {
        &self.gain
    }

    pub(crate) fn states(&self) -> usize {
        self.row.len()
    }

    pub(crate) fn robust(&self) -> Robust {
        self.robust
    }

    /// Return the log-density of what an observation did; 0 where nothing was learned.
    pub(crate) fn log_density(&self, outcome: &Outcome) -> f64 {
        if outcome.weight == 0.0 {
            return 0.0;
        }
        if outcome.strength > 0.0 {
            return Robust::Gaussian.log_density(0.0, outcome.strength, 0.0);
        }
        self.robust.log_density(outcome.innovation, outcome.variance, self.log_constant)
    }

    /// Keep P h of an observation that was taken in in another form.
    pub(crate) fn set_cross(&mut self, cross: &[f64]) {
        self.cross.copy_from_slice(cross);
    }

    /// hᵀ v
    #[inline(always)]
    pub(crate) fn signal(&self, vector: &[f64]) -> f64 {
        let mut sum = 0.0;
        self.seen.iter().for_each(|&i| sum += self.row[i] * vector[i]);
        sum
    }

    /// hᵀ P h
    #[inline(always)]
    pub(crate) fn signal_var(&mut self, cov: &[f64]) -> f64 {
        through(cov, &self.row, &self.seen, &mut self.cross);
        self.signal(&self.cross)
    }

    /// Set the observation row of a model at one time; one workspace serves one model.
    pub(crate) fn look(&mut self, model: &Model, time_ns: i64, inputs: &[f64]) {
        if self.is_fixed {
            return;
        }
        observe(model, time_ns, inputs, None, &mut self.row);
        self.find_seen();
        self.is_fixed = model.has_fixed_row();
    }

    /// Set the observation row.
    pub(crate) fn set_row(&mut self, row: &[f64]) {
        self.row.copy_from_slice(row);
        self.find_seen();
    }

    fn find_seen(&mut self) {
        self.seen.clear();
        self.seen.extend((0..self.row.len()).filter(|i| self.row[*i] != 0.0));
    }
}

/// Call a function with its state count as a constant up to 16, so that its loops are unrolled; the
/// arithmetic is the same text and so the same bits.
macro_rules! sized {
    ($states:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $states {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            6 => $function::<6>($($argument),*),
            7 => $function::<7>($($argument),*),
            8 => $function::<8>($($argument),*),
            9 => $function::<9>($($argument),*),
            10 => $function::<10>($($argument),*),
            _ => $function::<0>($($argument),*),
        }
    };
}
pub(crate) use sized;

/// Return the constant size, or the given one where the constant is 0.
#[inline(always)]
pub(crate) fn size<const N: usize>(states: usize) -> usize {
    if N == 0 { states } else { N }
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
    Belief { time_ns, mean: start.mean.clone(), cov, diffuse, factor: None }
}

/// Carry a belief through one transition: m ← F m, P ← F P Fᵀ + Q, D ← F D.
#[inline(always)]
pub(crate) fn predict(belief: &mut Belief, cells: &[Cell], states: usize) {
    carry(belief, cells, states);
    settle(&mut belief.cov[..states * states], states);
}

/// Carry along without the repair of variances: adjoints move like beliefs, and may be negative.
#[inline(always)]
pub(crate) fn carry(belief: &mut Belief, cells: &[Cell], states: usize) {
    let cov = &mut belief.cov[..states * states];
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
    for cell in cells {
        let (f, i, q) = (cell.transition, cell.offset, cell.noise);
        // Only the lower triangle is needed: rows from the block's own on.
        if cell.size == 1 {
            if f[0] != 1.0 {
                cov[i * states..].chunks_exact_mut(states).for_each(|line| line[i] *= f[0]);
            }
            cov[i * states + i] += q[0];
        } else {
            for line in cov[i * states..].chunks_exact_mut(states) {
                (line[i], line[i + 1]) =
                    (f[0] * line[i] + f[1] * line[i + 1], f[2] * line[i] + f[3] * line[i + 1]);
            }
            cov[i * states + i] += q[0];
            cov[(i + 1) * states + i] += q[1];
            cov[(i + 1) * states + i + 1] += q[2];
        }
    }
    mirror(cov, states);
    apply(&mut belief.mean[..states], cells);
    for column in belief.diffuse.chunks_exact_mut(states) {
        apply(column, cells);
    }
}

/// Multiply one state vector by the block-diagonal transition.
#[inline(always)]
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

/// A variance that rounding made negative becomes an exact zero, and with it its covariances: a direction
/// known beyond what f64 can tell.
#[inline(always)]
pub(crate) fn settle(cov: &mut [f64], states: usize) {
    for i in 0..states {
        if cov[i * states + i] < 0.0 {
            forget(cov, states, i);
        }
    }
}

#[inline(always)]
fn mirror(cov: &mut [f64], states: usize) {
    for i in 0..states {
        for j in 0..i {
            cov[j * states + i] = cov[i * states + j];
        }
    }
}

#[cold]
fn forget(cov: &mut [f64], states: usize, i: usize) {
    for j in 0..states {
        cov[i * states + j] = 0.0;
        cov[j * states + i] = 0.0;
    }
}

/// Take in one scalar observation y = hᵀx + noise, with h in `space`.
///
/// Joseph form, P ← (I − k hᵀ) P (I − k hᵀ)ᵀ + R k kᵀ. While h sees a diffuse direction the gain is the
/// exact diffuse one (Durbin & Koopman 2012, §5.2) and that direction leaves D by a reflection.
#[inline(always)]
pub(crate) fn update(
    belief: &mut Belief,
    space: &mut Workspace,
    value: f64,
    noise_var: f64,
    states: usize,
) -> Outcome {
    let innovation = value - space.signal(&belief.mean);
    let seen = if belief.diffuse.is_empty() { None } else { reflect(belief, space) };
    through(&belief.cov[..states * states], &space.row, &space.seen, &mut space.cross[..states]);
    let signal_var = space.signal(&space.cross);
    let outcome = match seen {
        Some(strength) => Outcome { innovation, variance: f64::INFINITY, weight: 1.0, strength },
        None => {
            let variance = signal_var + noise_var;
            if variance <= 0.0 {
                // A noiseless value of a signal that is known already: nothing can be learned from it.
                return Outcome { variance, innovation, ..Outcome::missing() };
            }
            let weight = space.robust.weight(innovation, signal_var, noise_var);
            let total = signal_var + noise_var / weight;
            for (gain, cross) in space.gain[..states].iter_mut().zip(&space.cross[..states]) {
                *gain = *cross / total;
            }
            Outcome { innovation, variance, weight, strength: 0.0 }
        }
    };
    for (mean, gain) in belief.mean[..states].iter_mut().zip(&space.gain[..states]) {
        *mean += gain * innovation;
    }
    joseph(&mut belief.cov[..states * states], space, noise_var / outcome.weight, states);
    outcome
}

/// Write hᵀ M into `out`, adding rows in index order.
#[inline(always)]
fn through(matrix: &[f64], row: &[f64], seen: &[usize], out: &mut [f64]) {
    let states = out.len();
    out.fill(0.0);
    for &i in seen {
        let h = row[i];
        for (sum, value) in out.iter_mut().zip(&matrix[i * states..(i + 1) * states]) {
            *sum += h * value;
        }
    }
}

/// B = P (I − h kᵀ), then P ← (I − k hᵀ) B + R k kᵀ = B − k (hᵀB − R kᵀ), lower triangle mirrored.
#[inline(always)]
fn joseph(cov: &mut [f64], space: &mut Workspace, noise_var: f64, states: usize) {
    let gain = &space.gain[..states];
    for (line, cross) in cov.chunks_exact_mut(states).zip(&space.cross[..states]) {
        line.iter_mut().zip(gain).for_each(|(value, k)| *value -= cross * k);
    }
    let tail = &mut space.tail[..states];
    through(cov, &space.row, &space.seen, tail);
    tail.iter_mut().zip(gain).for_each(|(value, k)| *value -= noise_var * k);
    for (line, k) in cov.chunks_exact_mut(states).zip(gain) {
        line.iter_mut().zip(tail.iter()).for_each(|(value, rest)| *value -= k * rest);
    }
    mirror(cov, states);
    settle(cov, states);
}

/// Return the strength hᵀ D Dᵀ h and set the gain if h sees a diffuse direction; drop it from D.
pub(crate) fn reflect(belief: &mut Belief, space: &mut Workspace) -> Option<f64> {
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
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += x * y;
    }
    sum
}

/// A ← A + (u hᵀ + h uᵀ)/2
#[inline(always)]
pub(crate) fn spread_symmetric(cov: &mut [f64], row: &[f64], u: &[f64], states: usize) {
    for (i, line) in cov.chunks_exact_mut(states).enumerate() {
        let (half_u, half_h) = (0.5 * u[i], 0.5 * row[i]);
        for j in 0..states {
            line[j] += half_u * row[j] + half_h * u[j];
        }
    }
}
