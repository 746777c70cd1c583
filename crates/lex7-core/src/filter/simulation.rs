//! Draws of whole state paths given the whole series: the simulation smoother.
//!
//! x̃ = x̂(y) + x⁺ − x̂(y⁺), where x⁺ and y⁺ are drawn from the model started at zero (Durbin & Koopman
//! 2002, method 2). The smoother is linear, so x̂(y⁺) is a pass over the gains that are already on the
//! tape. Diffuse directions start at zero in the draw: the smoother finds any such part again exactly, and
//! it cancels. Every number comes from a counter (draw, row, place), so draws may be made in any order.
use crate::rng::philox;
use crate::special::normal_quantile;

use super::motion::Motion;
use super::run::Series;
use super::smooth::{Back, Believed, Seen, Tape, add_scaled, pull, times};
use super::smooth_run::record;
use super::step::dot;
use super::{Belief, FilterError, Model, refuse};

/// Numbers in one answer: 256 MiB.
const NUMBERS_MAX: usize = 1 << 25;

/// Return `draws` paths of the state, (draws, rows, n), given the whole series.
pub fn simulate_states(
    model: &Model,
    series: &Series,
    initial: Option<&Belief>,
    (seed, first, count): (u64, u32, u32),
) -> Result<Vec<f64>, FilterError> {
    check(series.values.len() * model.states(), first, count)?;
    draws(&record(model, series, initial)?, (seed, first, count))
}

fn check(numbers: usize, first: u32, count: u32) -> Result<usize, FilterError> {
    let size = numbers.saturating_mul(count as usize);
    if size > NUMBERS_MAX {
        return Err(refuse("draws", &format!("draws × rows × states of at most {NUMBERS_MAX}"), size));
    }
    if first.checked_add(count).is_none() {
        return Err(refuse("draws", "a first draw that leaves room for the others", first));
    }
    Ok(size)
}

/// Return paths of the state that a tape was recorded of, (draws, rows, n).
pub(crate) fn draws(tape: &Tape, (seed, first, count): (u64, u32, u32)) -> Result<Vec<f64>, FilterError> {
    let states = tape.instants.first().map_or(0, |one| one.before.states());
    let size = check(tape.instants.len() * states, first, count)?;
    let means = tape.track().smooth()?.means;
    let factors = tape.factors();
    let mut out = Vec::with_capacity(size);
    for draw in first..first + count {
        let path = tape.draw([seed as u32, (seed >> 32) as u32], draw, &factors);
        let centred = tape.smooth_zero(&path.observed);
        out.extend(means.iter().zip(&path.states).zip(&centred).map(|((mean, x), hat)| mean + x - hat));
    }
    match out.iter().position(|value| !value.is_finite()) {
        Some(_) => Err(FilterError::Diverged { row: 0 }),
        None => Ok(out),
    }
}

/// A path of the model started at zero.
struct Path {
    states: Vec<f64>,
    /// One number per observation on the tape, in its order.
    observed: Vec<f64>,
}

/// Square roots of the start's covariance and of every motion's noise.
struct Factors {
    start: Vec<f64>,
    motions: Vec<Vec<f64>>,
}

/// A standard normal that belongs to a counter.
fn normal(key: [u32; 2], draw: u32, row: usize, place: u32) -> f64 {
    let words = philox(key, [draw, row as u32, place, 0x534D_4F4F]);
    let cell = (u64::from(words[0]) << 21) ^ (u64::from(words[1]) >> 11);
    normal_quantile((cell as f64 + 0.5) / 9_007_199_254_740_992.0)
}

impl Tape {
    fn factors(&self) -> Factors {
        let states = self.instants[0].before.states();
        let motions = self.motions.iter().map(|motion| root(&motion.noise_matrix(states), states)).collect();
        Factors { start: root(&self.instants[0].before.cov, states), motions }
    }

    fn draw(&self, key: [u32; 2], draw: u32, factors: &Factors) -> Path {
        let states = self.instants[0].before.states();
        let mut state = vec![0.0; states];
        let mut out = Path { states: Vec::new(), observed: Vec::new() };
        for (row, instant) in self.instants.iter().enumerate() {
            if let Some(place) = instant.motion {
                state = self.motions[place].push_vector(&state);
            }
            let factor = match (row, instant.motion) {
                (0, _) => Some(&factors.start),
                (_, Some(place)) => Some(&factors.motions[place]),
                _ => None,
            };
            if let Some(factor) = factor {
                let noise: Vec<f64> = (0..states).map(|i| normal(key, draw, row, i as u32)).collect();
                state.iter_mut().zip(times(factor, &noise)).for_each(|(sum, value)| *sum += value);
            }
            for (index, seen) in instant.seen.iter().enumerate() {
                let noise = normal(key, draw, row, (states + index) as u32);
                out.observed.push(dot(&seen.row, &state) + seen.noise_var.sqrt() * noise);
            }
            out.states.extend_from_slice(&state);
        }
        out
    }

    /// Return the smoothed means of other observations of the same model, started at zero.
    fn smooth_zero(&self, observed: &[f64]) -> Vec<f64> {
        let states = self.instants[0].before.states();
        let mut mean = vec![0.0; states];
        let mut before = Vec::with_capacity(self.instants.len() * states);
        let mut innovations = Vec::with_capacity(observed.len());
        let mut values = observed.iter();
        for instant in &self.instants {
            if let Some(place) = instant.motion {
                mean = self.motions[place].push_vector(&mean);
            }
            before.extend_from_slice(&mean);
            for seen in &instant.seen {
                let innovation = values.next().map_or(0.0, |value| value - dot(&seen.row, &mean));
                innovations.push(innovation);
                mean.iter_mut().zip(&seen.gain).for_each(|(m, k)| *m += k * innovation);
            }
        }
        let mut back = Back::new(states);
        let mut out = before;
        let mut at = innovations.len();
        for (instant, line) in self.instants.iter().zip(out.chunks_exact_mut(states)).rev() {
            for seen in instant.seen.iter().rev() {
                at -= 1;
                back.unsee_mean(seen, innovations[at]);
            }
            back.add_to(&Believed::of(&instant.before), line);
            if let Some(place) = instant.motion {
                back.unmove_mean(&self.motions[place]);
            }
        }
        out
    }
}

impl Back {
    /// Go back over one observation with another innovation, means alone.
    pub(crate) fn unsee_mean(&mut self, seen: &Seen, innovation: f64) {
        pull(&mut self.r, &seen.row, &seen.gain, &seen.gain_below);
        if seen.strength > 0.0 {
            add_scaled(&mut self.r.1, &seen.row, innovation / seen.strength);
        } else {
            add_scaled(&mut self.r.0, &seen.row, innovation / seen.variance);
        }
    }

    /// Go back over a motion, means alone.
    pub(crate) fn unmove_mean(&mut self, motion: &Motion) {
        motion.pull_vector(&mut self.r.0);
        motion.pull_vector(&mut self.r.1);
    }
}

/// Return L with L Lᵀ = a positive semi-definite matrix; directions at rounding level are dropped.
fn root(matrix: &[f64], states: usize) -> Vec<f64> {
    let mut out = vec![0.0; states * states];
    for j in 0..states {
        let scale = matrix[j * states + j];
        let pivot = scale - dot(&out[j * states..j * states + j], &out[j * states..j * states + j]);
        if pivot <= 1e-14 * scale {
            continue;
        }
        let side = pivot.sqrt();
        out[j * states + j] = side;
        for i in j + 1..states {
            let sum = dot(&out[i * states..i * states + j], &out[j * states..j * states + j]);
            out[i * states + j] = (matrix[i * states + j] - sum) / side;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::smooth::square;
    use super::*;

    #[test]
    fn a_root_times_its_transpose_is_the_matrix_even_where_it_is_singular() {
        // Rank two: the third row is the sum of the others.
        let matrix = [4.0, 2.0, 6.0, 2.0, 5.0, 7.0, 6.0, 7.0, 13.0];
        let factor = root(&matrix, 3);
        let mut turned = vec![0.0; 9];
        (0..3).for_each(|i| (0..3).for_each(|j| turned[j * 3 + i] = factor[i * 3 + j]));
        let product = square(&factor, &turned, 3);
        assert!(product.iter().zip(&matrix).all(|(a, b)| (a - b).abs() < 1e-12), "{product:?}");
    }
}
