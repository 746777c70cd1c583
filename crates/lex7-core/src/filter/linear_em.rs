//! One round of expectation and maximisation for the matrices of a linear model.
//!
//! With ŵ, x̂ and their covariances given all rows (Shumway & Stoffer 1982): a free transition moves by
//! Δ = Σ E[w x₋ᵀ] (Σ E[x₋ x₋ᵀ])⁻¹, a free loading by Δ = Σ E[e xᵀ] (Σ E[x xᵀ])⁻¹, and a free covariance is the
//! mean of E[w wᵀ] or E[e eᵀ] after that move. Sums are of disturbances, not of states, so little is lost
//! where noise is small. Entries missing beside present ones are expected through their noise.
use super::linear::{Linear, LinearRows, record_linear, row_of};
use super::outputs::{Recorded, factored};
use super::{FilterError, refuse};

/// Which matrices a round may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearFree {
    /// The transition.
    pub transition: bool,
    /// The loading.
    pub loading: bool,
    /// The process covariance: 0 fixed, 1 its diagonal, 2 all of it.
    pub process_cov: u8,
    /// The observation covariance, likewise.
    pub observation_cov: u8,
}

/// What a round found.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearRound {
    /// The log-likelihood of the model as it came.
    pub loglik: f64,
    /// The model after the round.
    pub model: Linear,
}

/// Sums of E[u uᵀ], E[u vᵀ] and E[v vᵀ] for u = w or e and v = the states beside them.
struct Sums {
    uu: Vec<f64>,
    uv: Vec<f64>,
    vv: Vec<f64>,
    count: f64,
}

/// Return the log-likelihood of a model and the model after one round.
pub fn linear_round(
    model: &Linear,
    given: &LinearRows,
    free: LinearFree,
) -> Result<LinearRound, FilterError> {
    if free.loading && !given.loadings.is_empty() {
        return Err(refuse("free", "a fixed loading where it differs by row", "a free one"));
    }
    if free.observation_cov > 0 && !given.observation_covs.is_empty() {
        return Err(refuse("free", "a fixed observation_cov where it differs by row", "a free one"));
    }
    if free.transition && !given.transitions.is_empty() {
        return Err(refuse("free", "a fixed transition where it differs by row", "a free one"));
    }
    if free.process_cov > 0 && !given.process_covs.is_empty() {
        return Err(refuse("free", "a fixed process_cov where it differs by row", "a free one"));
    }
    let (run, recorded) = record_linear(model, given)?;
    let mut loglik = 0.0;
    run.logliks.iter().for_each(|value| loglik += value);
    let mut next = model.clone();
    let n = model.start.states();
    if free.transition || free.process_cov > 0 {
        let sums = moved(model, given, &recorded)?;
        if sums.count == 0.0 {
            return Err(refuse("values", "at least two rows", "one"));
        }
        maximise(
            &sums,
            ("transition", free.transition),
            free.process_cov,
            (&mut next.transition, &mut next.process_cov),
            n,
        )?;
    }
    if free.loading || free.observation_cov > 0 {
        let sums = seen(model, given, &recorded)?;
        if sums.count == 0.0 {
            return Err(refuse("values", "an entry that is not missing", "none"));
        }
        maximise(
            &sums,
            ("loading", free.loading),
            free.observation_cov,
            (&mut next.loading, &mut next.observation_cov),
            n,
        )?;
    }
    Ok(LinearRound { loglik, model: next })
}

/// Move a matrix and its noise to where the expected likelihood is largest.
fn maximise(
    sums: &Sums,
    (name, moves): (&'static str, bool),
    shape: u8,
    (matrix, cov): (&mut [f64], &mut [f64]),
    n: usize,
) -> Result<(), FilterError> {
    let m = matrix.len() / n;
    let mut delta = vec![0.0; m * n];
    if moves {
        delta = divide(name, &sums.uv, &sums.vv, n)?;
        matrix.iter_mut().zip(&delta).for_each(|(value, step)| *value += step);
    }
    if shape == 0 {
        return Ok(());
    }
    for i in 0..m {
        for j in 0..=i {
            let mut value = sums.uu[i * m + j];
            for k in 0..n {
                value -= delta[i * n + k] * sums.uv[j * n + k] + sums.uv[i * n + k] * delta[j * n + k];
                for l in 0..n {
                    value += delta[i * n + k] * sums.vv[k * n + l] * delta[j * n + l];
                }
            }
            value /= sums.count;
            let kept = if i == j {
                value.max(0.0)
            } else if shape == 2 {
                value
            } else {
                0.0
            };
            cov[i * m + j] = kept;
            cov[j * m + i] = kept;
        }
    }
    Ok(())
}

/// Sums over what moved the state, beside the state it moved from.
fn moved(model: &Linear, given: &LinearRows, recorded: &Recorded) -> Result<Sums, FilterError> {
    let n = model.start.states();
    let (smoothed, moves, lagged) = (recorded.smooth()?, recorded.moves()?, recorded.lagged()?);
    let rows = smoothed.means.len() / n;
    let mut sums = Sums { uu: vec![0.0; n * n], uv: vec![0.0; n * n], vv: vec![0.0; n * n], count: 0.0 };
    for row in 1..rows {
        let w = &moves.means[row * n..(row + 1) * n];
        let x = &smoothed.means[(row - 1) * n..row * n];
        let v = &smoothed.covs[(row - 1) * n * n..row * n * n];
        let transition = row_of(given.transitions, &model.transition, row);
        for i in 0..n {
            for j in 0..n {
                let at = i * n + j;
                let mut beside = lagged[row * n * n + at];
                (0..n).for_each(|k| beside -= transition[i * n + k] * v[k * n + j]);
                sums.uu[at] += w[i] * w[j] + moves.covs[row * n * n + at];
                sums.uv[at] += w[i] * x[j] + beside;
                sums.vv[at] += x[i] * x[j] + v[at];
            }
        }
        sums.count += 1.0;
    }
    Ok(sums)
}

/// Sums over the noise of what was seen, beside the state.
fn seen(model: &Linear, given: &LinearRows, recorded: &Recorded) -> Result<Sums, FilterError> {
    let (n, p) = (model.start.states(), model.offset.len());
    let smoothed = recorded.smooth()?;
    let mut sums = Sums { uu: vec![0.0; p * p], uv: vec![0.0; p * n], vv: vec![0.0; n * n], count: 0.0 };
    for (row, observed) in given.values.chunks_exact(p).enumerate() {
        let present: Vec<usize> = (0..p).filter(|i| !observed[*i].is_nan()).collect();
        if present.is_empty() {
            continue;
        }
        let x = &smoothed.means[row * n..(row + 1) * n];
        let v = &smoothed.covs[row * n * n..(row + 1) * n * n];
        let z = &recorded.lines[row * p * n..(row + 1) * p * n];
        let (spread, rest) = expected(&model.observation_cov, p, &present)?;
        // e = A (y_o − c_o − Z_o x) + what is left of the noise of missing entries.
        let size = present.len();
        let known: Vec<f64> = present
            .iter()
            .map(|&o| {
                let mut left = observed[o] - recorded.offsets[row * p + o];
                (0..n).for_each(|k| left -= z[o * n + k] * x[k]);
                left
            })
            .collect();
        let mut mean = vec![0.0; p];
        // A Z_o, (p, n)
        let mut line = vec![0.0; p * n];
        for i in 0..p {
            for (place, &o) in present.iter().enumerate() {
                mean[i] += spread[i * size + place] * known[place];
                (0..n).for_each(|k| line[i * n + k] += spread[i * size + place] * z[o * n + k]);
            }
        }
        let mut through = vec![0.0; p * n];
        for i in 0..p {
            for k in 0..n {
                (0..n).for_each(|l| through[i * n + k] += line[i * n + l] * v[l * n + k]);
            }
        }
        for i in 0..p {
            for j in 0..p {
                let mut value = mean[i] * mean[j] + rest[i * p + j];
                (0..n).for_each(|k| value += through[i * n + k] * line[j * n + k]);
                sums.uu[i * p + j] += value;
            }
            for k in 0..n {
                sums.uv[i * n + k] += mean[i] * x[k] - through[i * n + k];
            }
        }
        for (at, value) in sums.vv.iter_mut().enumerate() {
            *value += x[at / n] * x[at % n] + v[at];
        }
        sums.count += 1.0;
    }
    Ok(sums)
}

/// Return A and the covariance left in e = A e_present + rest: identity and none where present.
fn expected(cov: &[f64], p: usize, present: &[usize]) -> Result<(Vec<f64>, Vec<f64>), FilterError> {
    let size = present.len();
    let mut spread = vec![0.0; p * size];
    let mut rest = vec![0.0; p * p];
    let (factor, vars) = factored("observation_cov", cov, p, present)?;
    for i in 0..p {
        if let Some(place) = present.iter().position(|o| *o == i) {
            spread[i * size + place] = 1.0;
            continue;
        }
        let mut g: Vec<f64> = present.iter().map(|o| cov[i * p + o]).collect();
        for k in 0..size {
            (0..k).for_each(|l| g[k] -= factor[k * size + l] * g[l]);
        }
        (0..size).for_each(|k| g[k] = if vars[k] > 0.0 { g[k] / vars[k] } else { 0.0 });
        for k in (0..size).rev() {
            (k + 1..size).for_each(|l| g[k] -= factor[l * size + k] * g[l]);
        }
        spread[i * size..(i + 1) * size].copy_from_slice(&g);
    }
    let missing: Vec<usize> = (0..p).filter(|i| !present.contains(i)).collect();
    for &i in &missing {
        for &j in &missing {
            let mut value = cov[i * p + j];
            for (place, &o) in present.iter().enumerate() {
                value -= spread[i * size + place] * cov[o * p + j];
            }
            rest[i * p + j] = value;
        }
    }
    Ok((spread, rest))
}

/// a s⁻¹ for a symmetric positive definite s, (n, n).
fn divide(name: &'static str, a: &[f64], s: &[f64], n: usize) -> Result<Vec<f64>, FilterError> {
    let all: Vec<usize> = (0..n).collect();
    let (factor, vars) = factored("values", s, n, &all)?;
    if vars.contains(&0.0) {
        return Err(refuse(
            "free",
            &format!("a {name} that the series identifies"),
            "states that move as one",
        ));
    }
    let mut out = a.to_vec();
    for g in out.chunks_exact_mut(n) {
        for k in 0..n {
            (0..k).for_each(|l| g[k] -= factor[k * n + l] * g[l]);
        }
        (0..n).for_each(|k| g[k] /= vars[k]);
        for k in (0..n).rev() {
            (k + 1..n).for_each(|l| g[k] -= factor[l * n + k] * g[l]);
        }
    }
    Ok(out)
}
