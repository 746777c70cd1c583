//! The likelihood and its exact gradient: the filter forwards, its adjoint backwards.
//!
//! Parameters are taken by their logarithms. The diffuse directions never depend on a free parameter
//! (standard deviations enter the noise alone, decays act on states that start proper), so the diffuse
//! gain is a constant of the adjoint.
use super::engine::take;
use super::factored::{self, Bench};
use super::gradient_packed::Trail;
use super::packed::Layout;
use super::run::{Keep, Series, run};
use super::step::{Workspace, apply, begin, carry, dot, predict, size, sized, spread_symmetric};
use super::transition::{Cell, Sensitivity, discretise, sensitivities, start_of, start_sensitivities};
use super::{Belief, Kind, Model, NS_PER_DAY};

/// What the backward pass needs of one row.
struct Mark {
    /// Place in `Tape::steps` of the transition that led here, or none for no time at all.
    step: Option<usize>,
    innovation: f64,
    /// Infinite where the row saw a diffuse direction, NaN where it is missing.
    variance: f64,
    noise_var: f64,
}

/// One kind of transition: its blocks transposed, and how they depend on the parameters.
struct Stride {
    days: f64,
    cells: Vec<Cell>,
    back: Vec<Cell>,
    sensitivities: Vec<Sensitivity>,
}

struct Tape {
    marks: Vec<Mark>,
    strides: Vec<Stride>,
    /// (rows, n): P h before the update, or the diffuse gain.
    vectors: Vec<f64>,
    /// (rows, n + n²): mean and covariance before the transition, kept where a decay is free.
    before: Vec<f64>,
    keeps_before: bool,
    /// The row before which packed form takes over.
    reached: usize,
}

/// Return the log-likelihood of a checked series of Gaussian noise and its gradient.
///
/// `free` lists places of parameters, 0 for the observation sd; none where a number is not finite.
pub(crate) fn value_and_gradient(model: &Model, series: &Series, free: &[usize]) -> Option<(f64, Vec<f64>)> {
    let belief = begin(&start_of(model), *series.times_ns.first()?);
    sized!(belief.states(), both(model, series, free, belief))
}

fn both<const N: usize>(
    model: &Model,
    series: &Series,
    free: &[usize],
    mut belief: Belief,
) -> Option<(f64, Vec<f64>)> {
    let states = size::<N>(belief.states());
    let mut space = Workspace::new(states, model.robust);
    let layout = Layout::of(model).filter(|_| !has_free_decay(model, free));
    let start = belief.clone();
    let (mut value, mut tape) =
        forward::<N>(model, series, free, (&mut belief, states), (&mut space, layout));
    let mut trail = None;
    if let Some(layout) = layout
        && tape.reached < series.times_ns.len()
    {
        let mut rest = Trail::new(model, series, layout);
        let strides = &mut tape.strides;
        let more = rest.ahead(&belief, tape.reached, |from_ns, to_ns| {
            let days = (i128::from(to_ns) - i128::from(from_ns)) as f64 / NS_PER_DAY;
            let place = stride(strides, model, days);
            (place, strides[place].cells.clone(), strides[place].sensitivities.clone())
        });
        match more {
            Some(more) => {
                value += more;
                trail = Some(rest);
            }
            None => {
                // The packed form refuses a value somewhere: all rows in the general form.
                belief = start;
                (value, tape) = forward::<N>(model, series, free, (&mut belief, states), (&mut space, None));
            }
        }
    }
    if !value.is_finite() {
        return None;
    }
    let gradient = backward(model, series, free, (&tape, trail.as_mut(), states), &mut space);
    gradient.iter().all(|slope| slope.is_finite()).then_some((value, gradient))
}

#[inline(always)]
fn forward<const N: usize>(
    model: &Model,
    series: &Series,
    free: &[usize],
    (belief, states): (&mut Belief, usize),
    (space, layout): (&mut Workspace, Option<Layout>),
) -> (f64, Tape) {
    let rows = series.times_ns.len();
    let mut bench = Bench::new(states);
    let keeps_before = has_free_decay(model, free);
    let mut tape = Tape {
        marks: Vec::with_capacity(rows),
        strides: Vec::new(),
        vectors: Vec::with_capacity(rows * states),
        before: Vec::new(),
        keeps_before,
        reached: rows,
    };
    let mut value = 0.0;
    for (row, (&time_ns, &observed)) in series.times_ns.iter().zip(series.values).enumerate() {
        if layout.is_some() && belief.diffuse.is_empty() && belief.factor.is_none() {
            tape.reached = row;
            break;
        }
        if observed.is_nan() {
            continue;
        }
        if keeps_before {
            belief.expand();
            tape.before.extend_from_slice(&belief.mean);
            tape.before.extend_from_slice(&belief.cov);
        }
        let step = (time_ns != belief.time_ns).then(|| {
            let days = (i128::from(time_ns) - i128::from(belief.time_ns)) as f64 / NS_PER_DAY;
            stride(&mut tape.strides, model, days)
        });
        if let Some(step) = step {
            let cells = &tape.strides[step].cells;
            match belief.factor {
                Some(_) => factored::predict::<N>(belief, &mut bench, cells, states),
                None => predict(belief, cells, states),
            }
            belief.time_ns = time_ns;
        }
        space.look(model, time_ns, series.input_row(row));
        let noise_var = series.noise_var(model, row);
        let outcome = take(belief, (&mut *space, &mut bench), observed, noise_var, states);
        value += space.log_density(&outcome);
        tape.vectors.extend_from_slice(if outcome.variance.is_finite() {
            space.cross()
        } else {
            space.gain()
        });
        let (innovation, variance) = (outcome.innovation, outcome.variance);
        tape.marks.push(Mark { step, innovation, variance, noise_var });
    }
    (value, tape)
}

fn stride(strides: &mut Vec<Stride>, model: &Model, days: f64) -> usize {
    // Newest first: most series step by the same length again and again.
    if let Some(place) = strides.iter().rposition(|known| known.days == days) {
        return place;
    }
    let mut cells = Vec::new();
    discretise(model, days, &mut cells);
    let back = cells.iter().map(Cell::transposed).collect();
    strides.push(Stride { days, cells, back, sensitivities: sensitivities(model, days) });
    strides.len() - 1
}

fn has_free_decay(model: &Model, free: &[usize]) -> bool {
    let mut place = 1;
    model.components.iter().any(|part| {
        let decay = match part.kind {
            Kind::AutoRegression => Some(place + 1),
            Kind::DampedTrend => Some(place + 2),
            _ => None,
        };
        place += part.parameters.len();
        decay.is_some_and(|at| free.contains(&at))
    })
}

#[inline(always)]
fn backward(
    model: &Model,
    series: &Series,
    free: &[usize],
    (tape, trail, states): (&Tape, Option<&mut Trail>, usize),
    space: &mut Workspace,
) -> Vec<f64> {
    let places = 1 + model.components.iter().map(|part| part.parameters.len()).sum::<usize>();
    let mut slopes = vec![0.0; places];
    // The adjoint has the shape of a belief, and runs back through transposed transitions.
    let zeros = vec![0.0; states * states];
    let mut adjoint =
        Belief { time_ns: 0, mean: vec![0.0; states], cov: zeros, diffuse: Vec::new(), factor: None };
    if let Some(trail) = trail {
        trail.back(&mut slopes, &mut adjoint);
    }
    let (mut turned, mut carried) = (vec![0.0; states], vec![0.0; states]);
    let present: Vec<usize> = (0..series.values.len()).filter(|row| !series.values[*row].is_nan()).collect();
    for (index, mark) in tape.marks.iter().enumerate().rev() {
        let row = present[index];
        space.look(model, series.times_ns[row], series.input_row(row));
        let vector = &tape.vectors[index * states..(index + 1) * states];
        let noise_slope = if mark.variance.is_finite() {
            unlearn(&mut adjoint, space.row(), vector, mark, &mut turned, states)
        } else {
            unlearn_diffuse(&mut adjoint, space.row(), vector, &mut turned, states)
        };
        if series.observation_sd.is_none() {
            slopes[0] += 2.0 * mark.noise_var * noise_slope;
        }
        let Some(step) = mark.step else { continue };
        let stride = &tape.strides[step];
        let size = states + states * states;
        let before = if tape.keeps_before { &tape.before[index * size..(index + 1) * size] } else { &[][..] };
        for one in &stride.sensitivities {
            slopes[one.place] += noise_part(one, &adjoint.cov, states);
            if one.moves_transition() && !before.is_empty() {
                slopes[one.place] += transition_part(one, &adjoint, before, &stride.cells, &mut carried);
            }
        }
        carry(&mut adjoint, &stride.back, states);
    }
    for (place, state, slope) in start_sensitivities(model) {
        slopes[place] += slope * adjoint.cov[state * states + state];
    }
    free.iter().map(|place| slopes[*place]).collect()
}

/// Pull the adjoint back through m ← m + c ν/S, P ← P − c cᵀ/S and add that of the density.
///
/// Returns the adjoint of the noise variance.
#[inline(always)]
fn unlearn(
    adjoint: &mut Belief,
    row: &[f64],
    cross: &[f64],
    mark: &Mark,
    turned: &mut [f64],
    states: usize,
) -> f64 {
    if mark.variance <= 0.0 {
        return 0.0;
    }
    let (nu, s) = (mark.innovation, mark.variance);
    let cov = &mut adjoint.cov[..states * states];
    for (out, line) in turned[..states].iter_mut().zip(cov.chunks_exact(states)) {
        *out = dot(line, &cross[..states]);
    }
    let along = dot(&adjoint.mean, cross);
    let quadratic = dot(turned, cross);
    let variance_slope = -0.5 * (1.0 / s - nu * nu / (s * s)) - along * nu / (s * s) + quadratic / (s * s);
    let innovation_slope = -nu / s + along / s;
    for i in 0..states {
        // The adjoint of c = P h.
        turned[i] = adjoint.mean[i] * nu / s - 2.0 * turned[i] / s + variance_slope * row[i];
        adjoint.mean[i] -= row[i] * innovation_slope;
    }
    spread_symmetric(cov, row, turned, states);
    variance_slope
}

/// Pull the adjoint back through the diffuse update, whose gain is constant.
#[inline(always)]
fn unlearn_diffuse(
    adjoint: &mut Belief,
    row: &[f64],
    gain: &[f64],
    turned: &mut [f64],
    states: usize,
) -> f64 {
    let along = dot(&adjoint.mean, gain);
    let cov = &mut adjoint.cov[..states * states];
    for (out, line) in turned.iter_mut().zip(cov.chunks_exact(states)) {
        *out = dot(line, gain);
    }
    let quadratic = dot(turned, gain);
    // (I − k hᵀ)ᵀ A (I − k hᵀ) = A − h (A k)ᵀ − (A k) hᵀ + (kᵀA k) h hᵀ
    for i in 0..states {
        adjoint.mean[i] -= row[i] * along;
        turned[i] = quadratic * row[i] - 2.0 * turned[i];
    }
    spread_symmetric(cov, row, turned, states);
    quadratic
}

/// Adjoint of the process noise, times its sensitivity.
fn noise_part(one: &Sensitivity, cov: &[f64], states: usize) -> f64 {
    let i = one.offset;
    let mut sum = one.noise[0] * cov[i * states + i];
    if one.size == 2 {
        sum += 2.0 * one.noise[1] * cov[(i + 1) * states + i];
        sum += one.noise[2] * cov[(i + 1) * states + i + 1];
    }
    sum
}

/// Adjoint of the transition, 2 (P Fᵀ A)ᵀ + a mᵀ on the block, times its sensitivity.
fn transition_part(
    one: &Sensitivity,
    adjoint: &Belief,
    before: &[f64],
    cells: &[Cell],
    carried: &mut [f64],
) -> f64 {
    let states = carried.len();
    let (mean, cov) = before.split_at(states);
    let mut sum = 0.0;
    for column in 0..one.size {
        let c = one.offset + column;
        carried.copy_from_slice(&cov[c * states..(c + 1) * states]);
        apply(carried, cells);
        for line in 0..one.size {
            let r = one.offset + line;
            let slope =
                2.0 * dot(carried, &adjoint.cov[r * states..(r + 1) * states]) + adjoint.mean[r] * mean[c];
            sum += one.transition[line * one.size + column] * slope;
        }
    }
    sum
}

/// Return the log-likelihood alone, or none where it is not finite.
pub(crate) fn value_of(model: &Model, series: &Series) -> Option<f64> {
    run(model, series, None, Keep::Final).ok().map(|run| run.loglik).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests;
