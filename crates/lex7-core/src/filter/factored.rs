//! The factored form: P = U D Uᵀ with U unit upper triangular and D ≥ 0, so a covariance cannot lose its
//! positivity whatever the model.
//!
//! Carrying along is Thornton's weighted Gram-Schmidt, one observation is Bierman's update (Bierman 1977,
//! §V.3 and §VI.4). It costs about twice the covariance form and is taken where that form would cancel:
//! while the start is diffuse, and where a signal is far less certain than its noise.
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

use super::Belief;
use super::factored_rows::Rows;
use super::step::{Outcome, Workspace, apply, reflect};
use super::transition::Cell;

/// Less than this share of a number left by a subtraction is rounding.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// The factors of a covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// D on the diagonal and U above it, (n, n) row-major; zeros below.
    pub numbers: Vec<f64>,
    /// Whether the belief keeps this form for good.
    pub is_pinned: bool,
}

/// Working space of the factored form.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    /// (n, 2n): rows to be made orthogonal.
    wide: Vec<f64>,
    /// Their weights, (2n,).
    weights: Vec<f64>,
    /// One of the rows times the weights, (2n,).
    weighted: Vec<f64>,
    seen: Vec<f64>,
    gain: Vec<f64>,
}

impl Bench {
    pub(crate) fn new(states: usize) -> Self {
        Bench {
            wide: vec![0.0; 2 * states * states],
            weights: vec![0.0; 2 * states],
            weighted: vec![0.0; 2 * states],
            seen: vec![0.0; states],
            gain: vec![0.0; states],
        }
    }

    /// P h of the last observation.
    pub(crate) fn cross(&self) -> &[f64] {
        &self.gain
    }
}

impl Factor {
    /// Factor a covariance; a pivot that rounding made negative becomes zero.
    pub(crate) fn of(cov: &[f64], states: usize) -> Self {
        let mut left = cov.to_vec();
        let mut numbers = vec![0.0; states * states];
        for j in (0..states).rev() {
            let pivot = left[j * states + j].max(0.0);
            numbers[j * states + j] = pivot;
            if pivot == 0.0 {
                continue;
            }
            for i in 0..j {
                numbers[i * states + j] = left[j * states + i] / pivot;
            }
            for i in 0..j {
                for k in 0..=i {
                    left[i * states + k] -= numbers[i * states + j] * pivot * numbers[k * states + j];
                }
            }
        }
        Factor { numbers, is_pinned: false }
    }

    /// Write U D Uᵀ.
    #[inline(always)]
    pub(crate) fn expand(&self, cov: &mut [f64], states: usize) {
        for i in 0..states {
            for j in 0..=i {
                // The columns from i on: U is zero before its diagonal, which is one.
                let lead = self.numbers[i * states + i];
                let mut sum = if i == j { lead } else { lead * self.numbers[j * states + i] };
                for k in i + 1..states {
                    let (u, d) = (self.numbers[i * states + k], self.numbers[k * states + k]);
                    sum += u * d * self.numbers[j * states + k];
                }
                cov[i * states + j] = sum;
                cov[j * states + i] = sum;
            }
        }
    }
}

/// Carry a belief through one transition: W = [F U, G], weights [D, Dq], made orthogonal from the last row.
#[inline(always)]
pub(crate) fn predict<const N: usize>(belief: &mut Belief, bench: &mut Bench, cells: &[Cell], states: usize) {
    apply(&mut belief.mean[..states], cells);
    for column in belief.diffuse.chunks_exact_mut(states) {
        apply(column, cells);
    }
    let Some(factor) = &mut belief.factor else { return };
    let numbers = &mut factor.numbers[..states * states];
    if N > 0 && N <= 6 {
        let mut rows = Rows::<N>::of(numbers);
        cells.iter().for_each(|cell| rows.move_by(cell));
        rows.orthogonalise(numbers);
        return;
    }
    let width = 2 * states;
    let wide = &mut bench.wide[..states * width];
    let weights = &mut bench.weights[..width];
    for i in 0..states {
        weights[i] = numbers[i * states + i];
        let line = &mut wide[i * width..(i + 1) * width];
        line.fill(0.0);
        line[i + 1..states].copy_from_slice(&numbers[i * states + i + 1..(i + 1) * states]);
        line[i] = 1.0;
    }
    for cell in cells {
        move_rows(cell, wide, weights, states);
    }
    orthogonalise((wide, weights), &mut bench.weighted[..width], numbers, (states, width));
}

/// Carry the factors of a belief through a dense transition with process noise G diag(q) Gᵀ.
pub(crate) fn predict_dense(
    belief: &mut Belief,
    bench: &mut Bench,
    transition: &[f64],
    (root, root_weights): (&[f64], &[f64]),
) {
    let states = belief.states();
    let Some(factor) = &mut belief.factor else { return };
    let numbers = &mut factor.numbers;
    let width = 2 * states;
    for i in 0..states {
        let from = &transition[i * states..(i + 1) * states];
        let line = &mut bench.wide[i * width..(i + 1) * width];
        for j in 0..states {
            let mut sum = 0.0;
            for k in 0..j {
                sum += from[k] * numbers[k * states + j];
            }
            line[j] = sum + from[j];
        }
        line[states..].copy_from_slice(&root[i * states..(i + 1) * states]);
        bench.weights[i] = numbers[i * states + i];
        bench.weights[states + i] = root_weights[i];
    }
    let rows = (&mut bench.wide[..], &bench.weights[..]);
    orthogonalise(rows, &mut bench.weighted, numbers, (states, width));
}

/// Multiply the rows of one block by its transition and put the root of its noise behind them.
#[inline(always)]
fn move_rows(cell: &Cell, wide: &mut [f64], weights: &mut [f64], states: usize) {
    let (f, q, i, width) = (cell.transition, cell.noise, cell.offset, 2 * states);
    if cell.size == 1 {
        wide[i * width..i * width + states].iter_mut().for_each(|value| *value *= f[0]);
        wide[i * width + states + i] = 1.0;
        weights[states + i] = q[0];
        return;
    }
    let (upper, lower) = wide[i * width..(i + 2) * width].split_at_mut(width);
    for (a, b) in upper[..states].iter_mut().zip(&mut lower[..states]) {
        (*a, *b) = (f[0] * *a + f[1] * *b, f[2] * *a + f[3] * *b);
    }
    let ratio = if q[2] > 0.0 { q[1] / q[2] } else { 0.0 };
    upper[states + i] = 1.0;
    upper[states + i + 1] = ratio;
    lower[states + i + 1] = 1.0;
    weights[states + i] = (q[0] - ratio * q[1]).max(0.0);
    weights[states + i + 1] = q[2];
}

/// Modified weighted Gram-Schmidt: find U and D with U D Uᵀ = W diag(weights) Wᵀ.
///
/// A sum over the columns adds those that stand one matrix apart first, then from left to right.
#[inline(always)]
fn orthogonalise(
    (wide, weights): (&mut [f64], &[f64]),
    weighted: &mut [f64],
    numbers: &mut [f64],
    (states, width): (usize, usize),
) {
    for j in (0..states).rev() {
        let (before, line) = wide.split_at_mut(j * width);
        let line = &line[..width];
        let mut pivot = 0.0;
        for k in 0..width {
            weighted[k] = line[k] * weights[k];
        }
        for k in 0..states {
            let mut term = line[k] * weighted[k];
            if k + states < width {
                term += line[k + states] * weighted[k + states];
            }
            pivot += term;
        }
        numbers[j * states + j] = pivot;
        // Shares of a subnormal square would overflow; what is that small is as good as nothing.
        if pivot < f64::MIN_POSITIVE {
            for i in 0..j {
                numbers[i * states + j] = 0.0;
            }
            continue;
        }
        for i in 0..j {
            let other = &mut before[i * width..(i + 1) * width];
            let mut sum = 0.0;
            for k in 0..states {
                let mut term = other[k] * weighted[k];
                if k + states < width {
                    term += other[k + states] * weighted[k + states];
                }
                sum += term;
            }
            let share = sum / pivot;
            numbers[i * states + j] = share;
            for k in 0..width {
                other[k] -= share * line[k];
            }
        }
    }
}

/// Take in one scalar observation with h in `space`; the belief may have diffuse directions.
#[inline(always)]
pub(crate) fn update(
    belief: &mut Belief,
    (space, bench): (&mut Workspace, &mut Bench),
    value: f64,
    noise_var: f64,
    states: usize,
) -> Outcome {
    let innovation = value - space.signal(&belief.mean[..states]);
    if !belief.diffuse.is_empty()
        && let Some(strength) = reflect(belief, space)
    {
        unfold(belief, (space, bench), innovation, noise_var, states);
        return Outcome { innovation, variance: f64::INFINITY, weight: 1.0, strength };
    }
    let Some(factor) = &mut belief.factor else { return Outcome::missing() };
    let numbers = &mut factor.numbers[..states * states];
    let signal_var = see(numbers, space.row(), &mut bench.seen[..states], states);
    let variance = signal_var + noise_var;
    if variance <= 0.0 {
        // A noiseless value of a signal that is known already: nothing can be learned from it.
        return Outcome { variance, innovation, ..Outcome::missing() };
    }
    let weight = space.robust().weight(innovation, signal_var, noise_var);
    let gain = &mut bench.gain[..states];
    let total = bierman(numbers, &bench.seen[..states], gain, noise_var / weight, states);
    let share = innovation / total;
    for (mean, cross) in belief.mean[..states].iter_mut().zip(gain.iter()) {
        *mean += cross * share;
    }
    Outcome { innovation, variance, weight, strength: 0.0 }
}

/// Write f = Uᵀ h and return fᵀ D f.
#[inline(always)]
fn see(numbers: &[f64], row: &[f64], seen: &mut [f64], states: usize) -> f64 {
    let mut signal_var = 0.0;
    for j in 0..states {
        let mut sum = row[j];
        for i in 0..j {
            sum += numbers[i * states + j] * row[i];
        }
        seen[j] = sum;
        signal_var += sum * sum * numbers[j * states + j];
    }
    signal_var
}

/// Bierman's update of U and D; writes P h and returns the variance of the innovation.
#[inline(always)]
fn bierman(numbers: &mut [f64], seen: &[f64], gain: &mut [f64], noise_var: f64, states: usize) -> f64 {
    let mut alpha = noise_var;
    let is_exact = noise_var == 0.0;
    for j in 0..states {
        let diagonal = numbers[j * states + j];
        let (f, v) = (seen[j], seen[j] * diagonal);
        let last = alpha;
        alpha += f * v;
        gain[j] = v;
        if alpha > 0.0 {
            numbers[j * states + j] = diagonal * (last / alpha);
        }
        // While nothing was seen before this state, the part of the gain before it is zero; a subnormal
        // sum is as good as nothing, and dividing by it would overflow.
        let share = if last >= f64::MIN_POSITIVE { -f / last } else { 0.0 };
        for i in 0..j {
            let old = numbers[i * states + j];
            let new = old + share * gain[i];
            // What a value without noise tells is known: rounding must not be left of it, or links would read it.
            let is_rounding = is_exact && new.abs() <= ROUNDING * old.abs();
            numbers[i * states + j] = if is_rounding { 0.0 } else { new };
            gain[i] += v * old;
        }
    }
    alpha
}

/// The update while a diffuse direction is seen: P ← (I − k hᵀ) P (I − k hᵀ)ᵀ + R k kᵀ with the gain in `space`.
fn unfold(
    belief: &mut Belief,
    (space, bench): (&mut Workspace, &mut Bench),
    innovation: f64,
    noise_var: f64,
    states: usize,
) {
    for (mean, gain) in belief.mean.iter_mut().zip(space.gain()) {
        *mean += gain * innovation;
    }
    let Some(factor) = &mut belief.factor else { return };
    let numbers = &mut factor.numbers;
    see(numbers, space.row(), &mut bench.seen, states);
    for i in 0..states {
        let mut sum = bench.seen[i] * numbers[i * states + i];
        for k in i + 1..states {
            sum += numbers[i * states + k] * numbers[k * states + k] * bench.seen[k];
        }
        bench.gain[i] = sum;
    }
    let width = states + 1;
    for i in 0..states {
        let gain = space.gain()[i];
        let line = &mut bench.wide[i * width..(i + 1) * width];
        for j in 0..states {
            let entry = match i.cmp(&j) {
                core::cmp::Ordering::Less => numbers[i * states + j],
                core::cmp::Ordering::Equal => 1.0,
                core::cmp::Ordering::Greater => 0.0,
            };
            line[j] = entry - gain * bench.seen[j];
        }
        line[states] = gain;
        bench.weights[i] = numbers[i * states + i];
    }
    bench.weights[states] = noise_var;
    let rows = (&mut bench.wide[..], &bench.weights[..]);
    orthogonalise(rows, &mut bench.weighted, numbers, (states, width));
}
