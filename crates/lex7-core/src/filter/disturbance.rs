//! Disturbances given the whole series, and the score of the likelihood that follows from them.
//!
//! With r and N of the backward pass: E[η|Y] = Q r, Var[η|Y] = Q − Q N Q; for an observation of noise R,
//! u = ν/F − kᵀr and D = 1/F + kᵀN k give E[ε|Y] = R u, Var[ε|Y] = R − R² D (Durbin & Koopman 2012,
//! §4.5; while diffuse the terms in 1/F fall away, §5.4). The score by the logarithm of a standard
//! deviation is ½ Σ (rᵀ dQ r − tr(dQ N)) (Koopman & Shephard 1992), and one EM step needs nothing else.
use super::run::Series;
use super::smooth::{Back, Tape, times};
use super::smooth_run::record;
use super::step::dot;
use super::transition::{sensitivities, start_sensitivities};
use super::{Belief, FilterError, Kind, Model, NS_PER_DAY, Robust, refuse};

/// What moved the state and what was noise, given everything seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Disturbances {
    /// (rows,) E[ε|Y], NaN where missing.
    pub noise: Vec<f64>,
    /// (rows,) Var[ε|Y], NaN where missing.
    pub noise_vars: Vec<f64>,
    /// (rows,) R − Var[ε|Y]: the variance of the estimate itself.
    pub noise_spreads: Vec<f64>,
    /// (rows, n) E[η|Y] of the motion that led to the row; zero where time stood still.
    pub moves: Vec<f64>,
    /// (rows, n, n) Var[η|Y].
    pub move_covs: Vec<f64>,
    /// (rows, n) diagonal of Q N Q: the variance of the estimate itself.
    pub move_spreads: Vec<f64>,
}

/// Return the disturbances of a series under a model.
pub fn disturbances(
    model: &Model,
    series: &Series,
    initial: Option<&Belief>,
) -> Result<Disturbances, FilterError> {
    let tape = record(model, series, initial)?;
    let (rows, states) = (series.values.len(), model.states());
    let mut out = Disturbances {
        noise: vec![f64::NAN; rows],
        noise_vars: vec![f64::NAN; rows],
        noise_spreads: vec![f64::NAN; rows],
        moves: vec![0.0; rows * states],
        move_covs: vec![0.0; rows * states * states],
        move_spreads: vec![0.0; rows * states],
    };
    tape.walk_back(|back, row, seen| {
        if let Some(seen) = seen {
            let (u, d) = back.residual(seen);
            out.noise[row] = seen.noise_var * u;
            out.noise_spreads[row] = (seen.noise_var * (seen.noise_var * d)).max(0.0);
            out.noise_vars[row] = (seen.noise_var - out.noise_spreads[row]).max(0.0);
            return;
        }
        let Some(motion) = tape.motion_to(row) else { return };
        let noise = motion.noise_matrix(states);
        let place = row * states;
        out.moves[place..place + states].copy_from_slice(&times(&noise, back.r()));
        let spread = super::smooth::square(&noise, &super::smooth::square(back.n(), &noise, states), states);
        let cov = &mut out.move_covs[place * states..(place + states) * states];
        for i in 0..states {
            out.move_spreads[place + i] = spread[i * states + i].max(0.0);
            for j in 0..=i {
                let value = noise[i * states + j] - 0.5 * (spread[i * states + j] + spread[j * states + i]);
                let value = if i == j { value.max(0.0) } else { value };
                cov[i * states + j] = value;
                cov[j * states + i] = value;
            }
        }
    });
    match out.noise.iter().chain(&out.moves).position(|value| value.is_infinite()) {
        Some(at) => Err(FilterError::Diverged { row: at % rows }),
        None => Ok(out),
    }
}

/// The score by the logarithm of every standard deviation, and how many scalar noises it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Derivative of the log-likelihood by the logarithm of each parameter; zero for decays and
    /// parameters that are no standard deviation.
    pub slopes: Vec<f64>,
    /// How many scalar disturbances have that standard deviation; 0 where it has no such meaning.
    pub counts: Vec<f64>,
}

/// Return the score of the log-likelihood of a Gaussian model, from its smoother.
pub fn scores(model: &Model, series: &Series) -> Result<Scores, FilterError> {
    if model.robust != Robust::Gaussian {
        return Err(refuse("model", "Gaussian noise", "robust noise"));
    }
    let tape = record(model, series, None)?;
    let places = 1 + model.components.iter().map(|part| part.parameters.len()).sum::<usize>();
    let mut out = Scores { slopes: vec![0.0; places], counts: vec![0.0; places] };
    let kinds = deviations(model);
    let mut known: Vec<(f64, Vec<super::transition::Sensitivity>)> = Vec::new();
    tape.walk_back(|back, row, seen| {
        if let Some(seen) = seen {
            if series.observation_sd.is_none() {
                let (u, d) = back.residual(seen);
                out.slopes[0] += seen.noise_var * (u * u - d);
                out.counts[0] += 1.0;
            }
            return;
        }
        if row == 0 {
            for (place, state, slope) in start_sensitivities(model) {
                if kinds[place] > 0.0 {
                    let diagonal = back.n()[state * model.states() + state];
                    out.slopes[place] += 0.5 * slope * (back.r()[state] * back.r()[state] - diagonal);
                    out.counts[place] += 1.0;
                }
            }
            return;
        }
        let step = i128::from(series.times_ns[row]) - i128::from(series.times_ns[row - 1]);
        if step == 0 {
            return;
        }
        let days = step as f64 / NS_PER_DAY;
        let found = known.iter().rposition(|one| one.0 == days).unwrap_or_else(|| {
            known.push((days, sensitivities(model, days)));
            known.len() - 1
        });
        for one in known[found].1.iter().filter(|one| kinds[one.place] > 0.0) {
            out.slopes[one.place] += 0.5 * pull(back, one.offset, one.size, one.noise);
            out.counts[one.place] += if one.size == 1 { 1.0 } else { kinds[one.place] };
        }
    });
    Ok(out)
}

/// rᵀ dQ r − tr(dQ N) of one block.
fn pull(back: &Back, at: usize, size: usize, noise: [f64; 3]) -> f64 {
    let (r, n) = (back.r(), back.n());
    let states = r.len();
    let entry = |i: usize, j: usize| r[at + i] * r[at + j] - n[(at + i) * states + at + j];
    if size == 1 {
        return noise[0] * entry(0, 0);
    }
    noise[0] * entry(0, 0) + 2.0 * noise[1] * entry(0, 1) + noise[2] * entry(1, 1)
}

/// Return for every parameter how many scalar noises one block of it has; 0 for what is no deviation.
fn deviations(model: &Model) -> Vec<f64> {
    let mut out = vec![1.0];
    for part in &model.components {
        let ranks: &[f64] = match part.kind {
            Kind::Level => &[1.0],
            Kind::Trend => &[1.0, 2.0],
            Kind::DampedTrend => &[1.0, 2.0, 0.0],
            Kind::AutoRegression => &[1.0, 0.0],
            Kind::Season => &[2.0, 0.0, 0.0],
            Kind::Regression => &[1.0, 0.0],
            Kind::Step => &[],
        };
        out.extend_from_slice(ranks);
    }
    out
}

impl Tape {
    /// Walk back over the whole tape: called for every observation before it is undone, then once for
    /// the instant, when r and N speak of the state on arrival there.
    pub(crate) fn walk_back(&self, mut visit: impl FnMut(&Back, usize, Option<&super::smooth::Seen>)) {
        let Some(first) = self.instants.first() else { return };
        let mut back = Back::new(first.before.states());
        for (row, instant) in self.instants.iter().enumerate().rev() {
            for seen in instant.seen.iter().rev() {
                visit(&back, row, Some(seen));
                back.unsee(seen);
            }
            visit(&back, row, None);
            self.undo_motion(instant, &mut back);
        }
    }
}

impl Back {
    /// r, without its term in κ⁻¹.
    pub(crate) fn r(&self) -> &[f64] {
        &self.r.0
    }

    /// N, without its terms in κ⁻¹ and κ⁻².
    pub(crate) fn n(&self) -> &[f64] {
        &self.n0
    }

    /// u and D of an observation that is about to be undone.
    pub(crate) fn residual(&self, seen: &super::smooth::Seen) -> (f64, f64) {
        let along = dot(&seen.gain, self.r());
        let spread = dot(&times(self.n(), &seen.gain), &seen.gain);
        if seen.strength > 0.0 {
            return (-along, spread);
        }
        (seen.innovation / seen.variance - along, 1.0 / seen.variance + spread)
    }
}
