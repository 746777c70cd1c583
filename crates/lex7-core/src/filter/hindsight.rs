//! Hindsight: every state given the whole series, in factored form.
//!
//! Between two instants stands a link: given the later state x', the earlier one is x = m + G (x' − m') + e with
//! the covariance of e as factors. Both come from one weighted Gram-Schmidt of the two states together, the
//! later one first, so no covariance is inverted or subtracted: a smoothed covariance is the sum of two squares,
//! C + G V' Gᵀ, whatever the model (Rauch, Tung & Striebel 1965, in the square-root manner of Park & Kailath
//! 1995). Directions D that are still diffuse are conditioned on first: D' = F D is turned onto its first rows
//! by reflections, which fixes that part of the gain, and the rows left over are finite.
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

use super::factored::Factor;
use super::motion::Motion;
use super::orthogonal::{Rows, Turned, entry};
use super::smooth::Smoothed;
use super::step::dot;
use super::{Belief, FilterError, Forecast};

/// A row of which less than this share of what its variance would be if nothing cancelled is left is rounding.
const LEFT_MIN: f64 = 1e-28;

/// What is known of the earlier state given the later one.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// m
    mean: Vec<f64>,
    /// G, (n, n)
    gain: Vec<f64>,
    /// The covariance given the later state: D on the diagonal, U above it.
    rest: Vec<f64>,
    /// m' on arrival, before looking.
    arrival: Vec<f64>,
}

/// Mean and factored covariance of one state.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) mean: Vec<f64>,
    /// D on the diagonal, U above it.
    pub(crate) factor: Vec<f64>,
}

impl Known {
    /// What a belief without diffuse directions knows.
    pub(crate) fn of(belief: &Belief) -> Self {
        let factor = match &belief.factor {
            Some(factor) => factor.numbers.clone(),
            None => Factor::of(&belief.cov, belief.states()).numbers,
        };
        Known { mean: belief.mean.clone(), factor }
    }

    /// Write the covariance.
    pub(crate) fn expand(&self, cov: &mut [f64]) {
        let states = self.mean.len();
        for i in 0..states {
            for j in 0..=i {
                let mut sum = 0.0;
                for k in i..states {
                    sum += entry(&self.factor, states, i, k)
                        * self.factor[k * states + k]
                        * entry(&self.factor, states, j, k);
                }
                cov[i * states + j] = sum;
                cov[j * states + i] = sum;
            }
        }
    }

    /// The diagonal of the covariance.
    fn variances(&self) -> Vec<f64> {
        let states = self.mean.len();
        let square = |i, k| {
            let part = entry(&self.factor, states, i, k);
            part * part * self.factor[k * states + k]
        };
        (0..states).map(|i| (i..states).fold(0.0, |sum, k| sum + square(i, k))).collect()
    }

    /// V h
    fn along(&self, h: &[f64]) -> Vec<f64> {
        let states = h.len();
        let mut seen = vec![0.0; states];
        for k in 0..states {
            for i in 0..=k {
                seen[k] += entry(&self.factor, states, i, k) * h[i];
            }
            seen[k] *= self.factor[k * states + k];
        }
        let at = |i: usize, k: usize| entry(&self.factor, states, i, k);
        let sum = |i: usize| (i..states).fold(0.0, |sum, k| sum + at(i, k) * seen[k]);
        (0..states).map(sum).collect()
    }
}

impl Link {
    /// Link a belief, after its observations, to the state that a motion leads to; `arrival` is the mean there.
    pub(crate) fn between(belief: &Belief, motion: &Motion, arrival: &[f64]) -> Result<Self, FilterError> {
        let states = belief.states();
        let lost = || FilterError::Diffuse { left: belief.diffuse_count() };
        let moved: Vec<f64> =
            belief.diffuse.chunks_exact(states).flat_map(|column| motion.push_vector(column)).collect();
        let turned = Turned::of(&moved, states).ok_or_else(lost)?;
        let count = belief.diffuse_count();
        // x = D ε + …, D' ε = the first rows of Qᵀ x': ε = R⁻¹ of those.
        let infinite = over_upper(&belief.diffuse, &turned.upper, states, count);
        let known = Known::of(belief);
        let mut rows = both(&known, motion, &turned);
        let width = rows.weights.len();
        let (mine, later) = rows.numbers.split_at_mut(states * width);
        for (i, line) in mine.chunks_exact_mut(width).enumerate() {
            for (d, other) in later.chunks_exact(width).take(count).enumerate() {
                let share = infinite[i * count + d];
                line.iter_mut().zip(other).for_each(|(value, part)| *value -= share * part);
            }
        }
        // Rows of the diffuse part are spent: they stand at the front of the later state.
        let spent = states * width..(states + count) * width;
        rows.numbers.drain(spent);
        rows.count -= count;
        let mut least = vec![0.0; states];
        least.extend(scale_of(&known, motion, &turned)[count..].iter().map(|scale| LEFT_MIN * scale));
        let shares = rows.eliminate(states, &least);
        let gain = gain_of(&shares, &infinite, (states, count), &turned);
        rows.numbers.truncate(states * width);
        rows.count = states;
        let (mean, arrival) = (known.mean, arrival.to_vec());
        Ok(Link { mean, gain, rest: rows.eliminate(0, &[]), arrival })
    }

    /// Return what is known of the earlier state, given what is known of the later one.
    pub(crate) fn back(&self, later: &Known) -> Known {
        let states = self.mean.len();
        let mean = self.back_mean(&later.mean);
        let mut rows = Rows::new(states, 2 * states);
        for i in 0..states {
            for j in 0..states {
                let mut sum = 0.0;
                for k in 0..=j {
                    sum += self.gain[i * states + k] * entry(&later.factor, states, k, j);
                }
                rows.numbers[(2 * i + 1) * states + j] = sum;
                if j >= i {
                    rows.numbers[2 * i * states + j] = entry(&self.rest, states, i, j);
                }
            }
            rows.weights[i] = self.rest[i * states + i];
            rows.weights[states + i] = later.factor[i * states + i];
        }
        Known { mean, factor: rows.eliminate(0, &[]) }
    }

    /// Return all numbers in a fixed order: mean, gain, rest, arrival.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        self.mean.iter().chain(&self.gain).chain(&self.rest).chain(&self.arrival).copied()
    }

    /// Build a link from its numbers; none if they are no link's.
    pub(crate) fn of_numbers(numbers: &[f64], states: usize) -> Option<Self> {
        let (mean, rest) = numbers.split_at_checked(states)?;
        let (gain, rest) = rest.split_at_checked(states * states)?;
        let (rest, arrival) = rest.split_at_checked(states * states)?;
        let is_factor = |(at, value): (usize, &f64)| match (at / states).cmp(&(at % states)) {
            core::cmp::Ordering::Less => true,
            core::cmp::Ordering::Equal => *value >= 0.0,
            core::cmp::Ordering::Greater => value.to_bits() == 0,
        };
        let is_link = arrival.len() == states
            && numbers.iter().all(|value| value.is_finite())
            && rest.iter().enumerate().all(is_factor);
        is_link.then(|| Link {
            mean: mean.to_vec(),
            gain: gain.to_vec(),
            rest: rest.to_vec(),
            arrival: arrival.to_vec(),
        })
    }

    /// m + G (x' − m')
    fn back_mean(&self, later: &[f64]) -> Vec<f64> {
        let apart: Vec<f64> = later.iter().zip(&self.arrival).map(|(a, b)| a - b).collect();
        let lines = self.gain.chunks_exact(later.len());
        self.mean.iter().zip(lines).map(|(mean, line)| mean + dot(line, &apart)).collect()
    }

    /// c ← G c: the covariance with something later, carried back.
    pub(crate) fn carry(&self, cov: &mut [f64]) {
        let moved: Vec<f64> = self.gain.chunks_exact(cov.len()).map(|line| dot(line, cov)).collect();
        cov.copy_from_slice(&moved);
    }
}

/// The earlier state's rows, then the later one's, turned: over the columns of U and of the noise.
fn both(known: &Known, motion: &Motion, turned: &Turned) -> Rows {
    let states = known.mean.len();
    let (root, weights) = motion.noise_root(states);
    let mut rows = Rows::new(2 * states, 2 * states);
    let width = 2 * states;
    for j in 0..states {
        let mut column: Vec<f64> =
            (0..states).map(|i| if i <= j { entry(&known.factor, states, i, j) } else { 0.0 }).collect();
        (0..states).for_each(|i| rows.numbers[i * width + j] = column[i]);
        column = motion.push_vector(&column);
        turned.turn(&mut column);
        (0..states).for_each(|i| rows.numbers[(states + i) * width + j] = column[i]);
        let mut column: Vec<f64> = (0..states).map(|i| root[i * states + j]).collect();
        turned.turn(&mut column);
        (0..states).for_each(|i| rows.numbers[(states + i) * width + states + j] = column[i]);
        rows.weights[j] = known.factor[j * states + j];
        rows.weights[states + j] = weights[j];
    }
    rows
}

/// The variances of the later state, turned, if nothing cancelled: what rounding is a share of.
fn scale_of(known: &Known, motion: &Motion, turned: &Turned) -> Vec<f64> {
    let states = known.mean.len();
    let noise = motion.noise_matrix(states);
    let mut scale = motion.push_scale(&known.variances());
    scale.iter_mut().zip(noise.iter().step_by(states + 1)).for_each(|(sum, own)| *sum += own);
    turned.turn_scale(&scale)
}

/// Return D R⁻¹, (n, d), for d columns of length n and R upper triangular in the first rows of `upper`.
fn over_upper(columns: &[f64], upper: &[f64], states: usize, count: usize) -> Vec<f64> {
    let mut out = vec![0.0; states * count];
    for i in 0..states {
        for j in 0..count {
            let mut sum = columns[j * states + i];
            for k in 0..j {
                sum -= out[i * count + k] * upper[k * count + j];
            }
            out[i * count + j] = sum / upper[j * count + j];
        }
    }
    out
}

/// Return G from the shares of the earlier rows in the later ones, and turn it back.
fn gain_of(shares: &[f64], infinite: &[f64], (states, count): (usize, usize), turned: &Turned) -> Vec<f64> {
    let side = 2 * states - count;
    let mut gain = vec![0.0; states * states];
    for (i, line) in gain.chunks_exact_mut(states).enumerate() {
        line[..count].copy_from_slice(&infinite[i * count..(i + 1) * count]);
        // Shares are by the orthogonal rows: K U = shares, with U unit upper triangular.
        for j in states..side {
            let mut sum = shares[i * side + j];
            for k in states..j {
                sum -= line[count + k - states] * shares[k * side + j];
            }
            line[count + j - states] = sum;
        }
        turned.turn_back(line);
    }
    gain
}

/// One instant of a track.
pub(crate) struct Moment<'a> {
    /// The place of the motion that led here, or none where no time passed.
    pub(crate) motion: Option<usize>,
    /// The mean before looking.
    pub(crate) arrival: &'a [f64],
    /// After looking.
    pub(crate) belief: &'a Belief,
}

/// A filter run, as hindsight looks at it.
pub(crate) struct Track<'a> {
    pub(crate) motions: &'a [Motion],
    pub(crate) moments: Vec<Moment<'a>>,
}

impl Track<'_> {
    /// Walk back from the last instant, calling for each with what is known of it and the link to the one after.
    fn walk(&self, mut visit: impl FnMut(usize, &Known, Option<&Link>)) -> Result<(), FilterError> {
        let Some(last) = self.moments.last() else { return Ok(()) };
        if last.belief.diffuse_count() > 0 {
            return Err(FilterError::Diffuse { left: last.belief.diffuse_count() });
        }
        let mut known = Known::of(last.belief);
        visit(self.moments.len() - 1, &known, None);
        for (row, pair) in self.moments.windows(2).enumerate().rev() {
            let (now, next) = (pair[0].belief, &pair[1]);
            let link = match next.motion {
                None => {
                    // The same state, but for a known drift.
                    let drift = next.arrival.iter().zip(&now.mean).map(|(a, b)| a - b);
                    known.mean.iter_mut().zip(drift).for_each(|(mean, moved)| *mean -= moved);
                    None
                }
                Some(motion) => {
                    let link = Link::between(now, &self.motions[motion], next.arrival)?;
                    known = link.back(&known);
                    Some(link)
                }
            };
            if known.mean.iter().chain(&known.factor).any(|value| !value.is_finite()) {
                return Err(FilterError::Diverged { row });
            }
            visit(row, &known, link.as_ref());
        }
        Ok(())
    }

    /// Return means and covariances of all rows.
    pub(crate) fn smooth(&self) -> Result<Smoothed, FilterError> {
        let states = self.moments.first().map_or(0, |first| first.belief.states());
        let (rows, size) = (self.moments.len(), states * states);
        let mut out = Smoothed { means: vec![0.0; rows * states], covs: vec![0.0; rows * size] };
        self.walk(|row, known, _| {
            out.means[row * states..(row + 1) * states].copy_from_slice(&known.mean);
            known.expand(&mut out.covs[row * size..(row + 1) * size]);
        })?;
        Ok(out)
    }

    /// Return Cov(x_t, x_{t−1} | Y) of every row, (rows, n, n); zero in the first.
    pub(crate) fn lagged(&self) -> Result<Vec<f64>, FilterError> {
        let states = self.moments.first().map_or(0, |first| first.belief.states());
        let size = states * states;
        let mut out = vec![0.0; self.moments.len() * size];
        let mut later = vec![0.0; size];
        self.walk(|row, known, link| {
            if row + 1 < self.moments.len() {
                for line in later.chunks_exact_mut(states) {
                    link.iter().for_each(|link| link.carry(line));
                }
                out[(row + 1) * size..(row + 2) * size].copy_from_slice(&later);
            }
            known.expand(&mut later);
        })?;
        Ok(out)
    }

    /// Return the joint moments of signals hᵀx at chosen rows, ascending, given the whole series.
    pub(crate) fn joint(&self, chosen: &[(usize, Vec<f64>)]) -> Result<Forecast, FilterError> {
        let size = chosen.len();
        let mut out = Forecast { mean: vec![0.0; size], cov: vec![0.0; size * size] };
        // Covariances of the state with the signals that were met, latest first.
        let mut met: Vec<Vec<f64>> = Vec::new();
        self.walk(|row, known, link| {
            if let Some(link) = link {
                met.iter_mut().for_each(|cov| link.carry(cov));
            }
            // Several signals may belong to one row.
            while let Some((at, h)) = chosen[..size - met.len()].last()
                && *at == row
            {
                let place = size - met.len() - 1;
                out.mean[place] = dot(h, &known.mean);
                met.push(known.along(h));
                for (cov, other) in met.iter().rev().zip(place..) {
                    let value = dot(h, cov);
                    out.cov[place * size + other] = value;
                    out.cov[other * size + place] = value;
                }
            }
        })?;
        if out.mean.iter().chain(&out.cov).all(|value| value.is_finite()) {
            Ok(out)
        } else {
            Err(FilterError::Diverged { row: 0 })
        }
    }
}
