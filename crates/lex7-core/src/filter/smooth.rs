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

/// One instant: how the state got there, what was believed before looking, what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Instant {
    pub(crate) motion: Option<usize>,
    pub(crate) before: Belief,
    /// What was believed after looking; none in a run that does not tell.
    pub(crate) after: Option<Belief>,
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
        self.instants.push(Instant { motion, before: belief.clone(), after: None, seen: Vec::new() });
    }

    /// Note what is believed after the observations of an instant.
    pub(crate) fn leave(&mut self, belief: &Belief) {
        if let Some(last) = self.instants.last_mut() {
            last.after = Some(belief.clone());
        }
    }

    /// Return the run for hindsight; none where it does not tell what was believed after every instant.
    fn track(&self) -> Option<Track<'_>> {
        let moments = self.instants.iter().map(|one| {
            let belief = one.after.as_ref()?;
            Some(Moment { motion: one.motion, arrival: &one.before.mean, belief })
        });
        Some(Track { motions: &self.motions, moments: moments.collect::<Option<_>>()? })
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

    /// Return means and covariances of all rows.
    pub(crate) fn smooth(&self) -> Result<Smoothed, FilterError> {
        if let Some(track) = self.track() {
            return track.smooth();
        }
        let Some(states) = self.instants.first().map(|first| first.before.states()) else {
            return Ok(Smoothed { means: Vec::new(), covs: Vec::new() });
        };
        let rows = self.instants.len();
        let mut out = Smoothed { means: vec![0.0; rows * states], covs: vec![0.0; rows * states * states] };
        let mut back = Back::new(states);
        for (row, instant) in self.instants.iter().enumerate().rev() {
            instant.seen.iter().rev().for_each(|seen| back.unsee(seen));
            let believed = Believed::of(&instant.before);
            back.mean(&believed, &mut out.means[row * states..(row + 1) * states]);
            back.cov(&believed, &mut out.covs[row * states * states..(row + 1) * states * states]);
            self.undo_motion(instant, &mut back);
        }
        settled(out)
    }

    /// Return the joint moments of signals hᵀx at chosen rows, ascending, given the whole series.
    pub(crate) fn joint(&self, chosen: &[(usize, Vec<f64>)]) -> Result<super::Forecast, FilterError> {
        if let Some(track) = self.track() {
            return track.joint(chosen);
        }
        let states = self.instants.first().map_or(0, |first| first.before.states());
        let size = chosen.len();
        let mut out = super::Forecast { mean: vec![0.0; size], cov: vec![0.0; size * size] };
        let mut back = Back::new(states);
        let mut left = size;
        for (row, instant) in self.instants.iter().enumerate().rev() {
            instant.seen.iter().rev().for_each(|seen| back.unsee(seen));
            while left > 0 && chosen[left - 1].0 == row {
                left -= 1;
                let believed = Believed::of(&instant.before);
                let h = &chosen[left].1;
                let mut mean = vec![0.0; states];
                back.mean(&believed, &mut mean);
                out.mean[left] = dot(h, &mean);
                back.later.push(back.probe(&believed, h));
                let (star, infinite) = believed.images(h);
                for (probe, later) in back.later.iter().rev().zip(left..) {
                    let value = dot(&star, &probe.0) + dot(&infinite, &probe.1);
                    out.cov[left * size + later] = value;
                    out.cov[later * size + left] = value;
                }
            }
            self.undo_motion(instant, &mut back);
        }
        if out.mean.iter().chain(&out.cov).all(|value| value.is_finite()) {
            Ok(out)
        } else {
            Err(FilterError::Diverged { row: 0 })
        }
    }

    pub(crate) fn undo_motion(&self, instant: &Instant, back: &mut Back) {
        if let Some(motion) = instant.motion {
            back.unmove(&self.motions[motion]);
        }
    }
}

fn settled(out: Smoothed) -> Result<Smoothed, FilterError> {
    let width = if out.means.is_empty() { 1 } else { out.covs.len() / out.means.len() };
    match out.means.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(FilterError::Diverged { row: at / width }),
        None => Ok(out),
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

    /// Return P* v and P∞ v.
    fn images(&self, v: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let star = times(&self.belief.cov, v);
        let infinite = if self.infinite.is_empty() { vec![0.0; v.len()] } else { times(&self.infinite, v) };
        (star, infinite)
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
    /// Signals of later rows, carried back: Cov(x_now, s_later) = P* z0 + P∞ z1.
    later: Vec<Pair>,
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
            later: Vec::new(),
            work: zeros(),
        }
    }

    /// Go back over one observation.
    pub(crate) fn unsee(&mut self, seen: &Seen) {
        let (h, k, k0) = (&seen.row, &seen.gain, &seen.gain_below);
        for pair in &mut self.later {
            pull(pair, h, k, k0);
        }
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
        for pair in &mut self.later {
            motion.pull_vector(&mut pair.0);
            motion.pull_vector(&mut pair.1);
        }
    }

    /// m + P* r0 + P∞ r1
    pub(crate) fn mean(&self, believed: &Believed, out: &mut [f64]) {
        out.copy_from_slice(&believed.belief.mean);
        self.add_to(believed, out);
    }

    /// P* − P* N0 P* − P∞ N1 P* − P* N1 P∞ − P∞ N2 P∞, symmetric by construction.
    pub(crate) fn cov(&self, believed: &Believed, out: &mut [f64]) {
        let states = self.work.len();
        let star = &believed.belief.cov;
        let mut middle = square(&self.n0, star, states);
        if !believed.infinite.is_empty() {
            add_scaled(&mut middle, &square(&self.n1, &believed.infinite, states), 1.0);
        }
        let mut total = square(star, &middle, states);
        if !believed.infinite.is_empty() {
            let mut middle = square(&self.n1, star, states);
            add_scaled(&mut middle, &square(&self.n2, &believed.infinite, states), 1.0);
            add_scaled(&mut total, &square(&believed.infinite, &middle, states), 1.0);
        }
        for i in 0..states {
            for j in 0..=i {
                let value = star[i * states + j] - 0.5 * (total[i * states + j] + total[j * states + i]);
                let value = if i == j { value.max(0.0) } else { value };
                out[i * states + j] = value;
                out[j * states + i] = value;
            }
        }
    }

    /// Carry every state of this instant back, to be met by `beside`.
    pub(crate) fn watch(&mut self, believed: &Believed) {
        let states = self.work.len();
        let unit = |i: usize| (0..states).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        self.later = (0..states).map(|i| self.probe(believed, &unit(i))).collect();
    }

    /// Cov(x_now, state `index` of the instant that is watched).
    pub(crate) fn beside(&self, believed: &Believed, index: usize) -> Vec<f64> {
        let (upper, lower) = &self.later[index];
        let mut out = times(&believed.belief.cov, upper);
        if !believed.infinite.is_empty() {
            add_scaled(&mut out, &times(&believed.infinite, lower), 1.0);
        }
        out
    }

    /// h − N P h, split by powers of κ.
    fn probe(&self, believed: &Believed, h: &[f64]) -> Pair {
        let (star, infinite) = believed.images(h);
        let mut upper = h.to_vec();
        add_scaled(&mut upper, &times(&self.n0, &star), -1.0);
        let mut lower = vec![0.0; h.len()];
        if !believed.infinite.is_empty() {
            add_scaled(&mut upper, &times(&self.n1, &infinite), -1.0);
            add_scaled(&mut lower, &times(&self.n1, &star), -1.0);
            add_scaled(&mut lower, &times(&self.n2, &infinite), -1.0);
        }
        (upper, lower)
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
