//! Smoothing: every state given the whole series, with covariances between times.
//!
//! The backward recursions for r and N of Durbin & Koopman (2012, §4.4 and, while diffuse, §5.3), one
//! scalar observation at a time. With P = P* + κ D Dᵀ and κ → ∞, the terms in κ⁻¹ and κ⁻² are kept apart:
//! r = r0 + r1/κ, N = N0 + N1/κ + N2/κ². No matrix is inverted, so singular noise is no obstacle.
use super::hindsight::{Moment, Track};
use super::motion::Motion;
pub(crate) use super::motion::{square, times};
pub(crate) use super::seen::Seen;
use super::step::{Outcome, Workspace, dot};
use super::{Belief, FilterError, refuse};

/// Numbers kept on a tape: 128 MiB.
const TAPE_NUMBERS_MAX: usize = 1 << 24;

/// One instant: how the state got there, what was believed before looking and after, what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Instant {
    pub(crate) motion: Option<usize>,
    pub(crate) before: Belief,
    pub(crate) after: Belief,
    pub(crate) seen: Vec<Seen>,
}

/// A filter run, kept for smoothing.
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) motions: Vec<Motion>,
    pub(crate) instants: Vec<Instant>,
}

/// Moments of every row given the whole series.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    /// (rows, n)
    pub means: Vec<f64>,
    /// (rows, n, n)
    pub covs: Vec<f64>,
}

impl Tape {
    /// Refuse what would not fit into memory.
    pub(crate) fn check(rows: usize, states: usize) -> Result<(), FilterError> {
        if rows.saturating_mul(states * (2 * states + 4)) > TAPE_NUMBERS_MAX {
            let most = TAPE_NUMBERS_MAX / (states * (2 * states + 4));
            return Err(refuse("times_ns", &format!("at most {most} rows to smooth at once"), rows));
        }
        Ok(())
    }

    /// Note a motion that later instants may name.
    pub(crate) fn add_motion(&mut self, motion: Motion) -> usize {
        self.motions.push(motion);
        self.motions.len() - 1
    }

    pub(crate) fn arrive(&mut self, motion: Option<usize>, belief: &Belief) {
        self.instants.push(Instant {
            motion,
            before: belief.clone(),
            after: belief.clone(),
            seen: Vec::new(),
        });
    }

    /// Note what is believed after the observations of an instant.
    pub(crate) fn leave(&mut self, belief: &Belief) {
        if let Some(last) = self.instants.last_mut() {
            last.after = belief.clone();
        }
    }

    /// Return the run for hindsight.
    pub(crate) fn track(&self) -> Track<'_> {
        let moment = |one| {
            let Instant { motion, before, after, .. }: &Instant = one;
            Moment { motion: *motion, arrival: &before.mean, belief: after }
        };
        Track { motions: &self.motions, moments: self.instants.iter().map(moment).collect() }
    }

    pub(crate) fn see(&mut self, space: &Workspace, outcome: &Outcome, noise_var: f64) {
        if let Some(last) = self.instants.last_mut() {
            last.seen.extend(Seen::of(space, outcome, noise_var));
        }
    }

    /// Return the motion that led to a row.
    pub(crate) fn motion_to(&self, row: usize) -> Option<&Motion> {
        self.instants[row].motion.map(|place| &self.motions[place])
    }

    pub(crate) fn undo_motion(&self, instant: &Instant, back: &mut Back) {
        if let Some(motion) = instant.motion {
            back.unmove(&self.motions[motion]);
        }
    }
}

/// P* and P∞ = D Dᵀ of one instant.
pub(crate) struct Believed<'a> {
    belief: &'a Belief,
    infinite: Vec<f64>,
}

impl<'a> Believed<'a> {
    pub(crate) fn of(belief: &'a Belief) -> Self {
        let states = belief.states();
        let mut infinite = vec![0.0; if belief.diffuse.is_empty() { 0 } else { states * states }];
        for column in belief.diffuse.chunks_exact(states) {
            for (line, value) in infinite.chunks_exact_mut(states).zip(column) {
                line.iter_mut().zip(column).for_each(|(sum, other)| *sum += value * other);
            }
        }
        Believed { belief, infinite }
    }
}

/// A vector of the backward pass and its term in κ⁻¹.
type Pair = (Vec<f64>, Vec<f64>);

/// The backward quantities just before one instant's observations.
pub(crate) struct Back {
    pub(super) r: Pair,
    pub(super) n0: Vec<f64>,
    n1: Vec<f64>,
    n2: Vec<f64>,
    is_diffuse: bool,
    work: Vec<f64>,
}

impl Back {
    pub(crate) fn new(states: usize) -> Self {
        let square = || vec![0.0; states * states];
        let zeros = || vec![0.0; states];
        Back {
            r: (zeros(), zeros()),
            n0: square(),
            n1: square(),
            n2: square(),
            is_diffuse: false,
            work: zeros(),
        }
    }

    /// Go back over one observation.
    pub(crate) fn unsee(&mut self, seen: &Seen) {
        let (h, k, k0) = (&seen.row, &seen.gain, &seen.gain_below);
        pull(&mut self.r, h, k, k0);
        if seen.strength > 0.0 {
            self.is_diffuse = true;
            add_scaled(&mut self.r.1, h, seen.innovation / seen.strength);
            let infinite = seen.strength;
            let below = -seen.variance / (infinite * infinite);
            let n1k0 = times(&self.n1, k0);
            let n0k0 = times(&self.n0, k0);
            let extra = 2.0 * dot(&n1k0, k) + dot(&n0k0, k0) + below;
            shrink(&mut self.n2, h, k, extra, Some(&n1k0), &mut self.work);
            let extra = 2.0 * dot(&n0k0, k) + 1.0 / infinite;
            shrink(&mut self.n1, h, k, extra, Some(&n0k0), &mut self.work);
            shrink(&mut self.n0, h, k, 0.0, None, &mut self.work);
        } else {
            add_scaled(&mut self.r.0, h, seen.innovation / seen.variance);
            shrink(&mut self.n0, h, k, 1.0 / seen.variance, None, &mut self.work);
            if self.is_diffuse {
                shrink(&mut self.n1, h, k, 0.0, None, &mut self.work);
                shrink(&mut self.n2, h, k, 0.0, None, &mut self.work);
            }
        }
    }

    /// Add P* r0 + P∞ r1.
    pub(crate) fn add_to(&self, believed: &Believed, out: &mut [f64]) {
        add_scaled(out, &times(&believed.belief.cov, &self.r.0), 1.0);
        if !believed.infinite.is_empty() {
            add_scaled(out, &times(&believed.infinite, &self.r.1), 1.0);
        }
    }

    /// Go back over a motion: r ← Fᵀ r, N ← Fᵀ N F.
    pub(crate) fn unmove(&mut self, motion: &Motion) {
        motion.pull_vector(&mut self.r.0);
        motion.pull_matrix(&mut self.n0);
        if self.is_diffuse {
            motion.pull_vector(&mut self.r.1);
            motion.pull_matrix(&mut self.n1);
            motion.pull_matrix(&mut self.n2);
        }
    }
}

/// v0 ← v0 − h (k·v0), v1 ← v1 − h (k·v1 + k0·v0)
pub(super) fn pull(pair: &mut Pair, h: &[f64], k: &[f64], k0: &[f64]) {
    let below = if k0.is_empty() { 0.0 } else { dot(k0, &pair.0) };
    let along = dot(k, &pair.1) + below;
    add_scaled(&mut pair.1, h, -along);
    let along = dot(k, &pair.0);
    add_scaled(&mut pair.0, h, -along);
}

/// N ← (I − k hᵀ)ᵀ N (I − k hᵀ) + extra h hᵀ − h wᵀ − w hᵀ
///
/// The two factors are applied one after the other. Written out as N − h tᵀ − t hᵀ + …, a gain near one would
/// leave the rounding of N where nearly nothing should remain, and a vague start multiplies that by P².
fn shrink(n: &mut [f64], h: &[f64], k: &[f64], extra: f64, w: Option<&[f64]>, work: &mut [f64]) {
    let states = h.len();
    let through = times(n, k);
    for (line, value) in n.chunks_exact_mut(states).zip(&through) {
        add_scaled(line, h, -value);
    }
    work.fill(0.0);
    for (line, value) in n.chunks_exact(states).zip(k) {
        add_scaled(work, line, *value);
    }
    for i in 0..states {
        for j in 0..=i {
            let lower = n[i * states + j] - h[i] * work[j];
            let upper = n[j * states + i] - h[j] * work[i];
            let beside = w.map_or(0.0, |vector| h[i] * vector[j] + vector[i] * h[j]);
            let value = 0.5 * (lower + upper) + extra * h[i] * h[j] - beside;
            n[i * states + j] = value;
            n[j * states + i] = value;
        }
    }
}

pub(super) fn add_scaled(out: &mut [f64], values: &[f64], factor: f64) {
    out.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}
