//! Bindings of disturbances, scores, simulated paths and tail probabilities.
use lex7_core::filter::{self, Belief, Model};
use numpy::{PyArray3, PyArrayMethods, ToPyArray};
use pyo3::prelude::*;

use super::smooth::{Columns, with_series};
use super::{Floats, Square, square};

type Moments<'py> = (Square<'py>, Bound<'py, PyArray3<f64>>, Square<'py>);
type Noises<'py> = (Floats<'py>, Floats<'py>, Floats<'py>);

/// Add these functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_disturbances, module)?)?;
    module.add_function(wrap_pyfunction!(filter_scores, module)?)?;
    module.add_function(wrap_pyfunction!(filter_simulate_states, module)?)?;
    module.add_function(wrap_pyfunction!(chi_square_tail, module)?)?;
    module.add_function(wrap_pyfunction!(gamma_tail, module)?)?;
    module.add_function(wrap_pyfunction!(student_tail, module)?)
}

/// Return the noises (means, variances, spreads of the means) and the moves of the state likewise.
#[pyfunction]
fn filter_disturbances<'py>(
    py: Python<'py>,
    model: &[u8],
    columns: Columns<'py>,
    belief: Option<&[u8]>,
) -> PyResult<(Noises<'py>, Moments<'py>)> {
    let rows = columns.0.as_slice()?.len();
    let out = with_series(py, &columns, |series| {
        let initial = belief.map(Belief::decode).transpose()?;
        filter::disturbances(&Model::decode(model)?, series, initial.as_ref())
    })?;
    let size = out.moves.len().checked_div(rows).unwrap_or(0);
    let noises = (out.noise.to_pyarray(py), out.noise_vars.to_pyarray(py), out.noise_spreads.to_pyarray(py));
    let covs = out.move_covs.to_pyarray(py).reshape([rows, size, size])?;
    Ok((noises, (square(py, &out.moves, rows)?, covs, square(py, &out.move_spreads, rows)?)))
}

/// Return the score by the logarithm of each parameter, and how many noises each stands for.
#[pyfunction]
fn filter_scores(py: Python<'_>, model: &[u8], columns: Columns<'_>) -> PyResult<(Vec<f64>, Vec<f64>)> {
    let out = with_series(py, &columns, |series| filter::scores(&Model::decode(model)?, series))?;
    Ok((out.slopes, out.counts))
}

/// Return paths of the state given the series, (draws, rows, states); `lane` is seed, first draw, draws.
#[pyfunction]
fn filter_simulate_states<'py>(
    py: Python<'py>,
    model: &[u8],
    columns: Columns<'py>,
    belief: Option<&[u8]>,
    lane: (u64, u32, u32),
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let rows = columns.0.as_slice()?.len();
    let out = with_series(py, &columns, |series| {
        let initial = belief.map(Belief::decode).transpose()?;
        filter::simulate_states(&Model::decode(model)?, series, initial.as_ref(), lane)
    })?;
    let draws = lane.2 as usize;
    let size = out.len().checked_div(rows * draws).unwrap_or(0);
    out.to_pyarray(py).reshape([draws, rows, size])
}

/// P(X > x) for a chi-square of that many degrees of freedom.
#[pyfunction]
fn chi_square_tail(x: f64, freedom: f64) -> f64 {
    filter::chi_square_tail(x, freedom)
}

/// P(X > x) for a gamma of that shape and scale 1.
#[pyfunction]
fn gamma_tail(shape: f64, x: f64) -> f64 {
    filter::gamma_tail(shape, x)
}

/// P(|T| > t) for Student's t of that many degrees of freedom.
#[pyfunction]
fn student_tail(t: f64, freedom: f64) -> f64 {
    filter::student_tail(t, freedom)
}
