//! Bindings of models with several outputs: linear ones, and sums of components.
use lex7_core::filter::{
    self, Belief, FilterError, Linear, LinearFree, LinearRows, Model, Moves, Noises, Recorded, Smoothed,
    VectorModel, VectorSeries,
};
use numpy::{PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::smooth::states;
use super::{Floats, Square, States, raise, square};

type Vector<'py> = PyReadonlyArray1<'py, f64>;
type Matrix<'py> = PyReadonlyArray2<'py, f64>;
type Cube<'py> = PyReadonlyArray3<'py, f64>;
pub(super) type Filtered<'py> = (Bound<'py, PyBytes>, Floats<'py>, States<'py>, Option<States<'py>>);
type Signal<'py> = (Floats<'py>, Square<'py>);
type Told<'py> =
    ((Square<'py>, Square<'py>, Square<'py>), (Square<'py>, Bound<'py, PyArray3<f64>>, Square<'py>));
/// Matrices (transition, process covariance, loading, observation covariance), drift and offset, start.
pub(super) type LinearGiven<'py> =
    ((Matrix<'py>, Matrix<'py>, Matrix<'py>, Matrix<'py>), (Vector<'py>, Vector<'py>), Bound<'py, PyBytes>);
/// Values, drifts, offsets, loadings, observation covariances.
type Columns<'py> = (Matrix<'py>, Matrix<'py>, Matrix<'py>, Cube<'py>, Cube<'py>);
/// The same, then transitions and process covariances.
pub(super) type LinearColumns<'py> = (Columns<'py>, (Cube<'py>, Cube<'py>));
/// The model's bytes, loading, observation covariance, and a belief to go on from.
pub(super) type VectorGiven<'py> =
    (Bound<'py, PyBytes>, Matrix<'py>, Matrix<'py>, Option<Bound<'py, PyBytes>>);
/// Times, inputs, and the columns.
pub(super) type VectorColumns<'py> = (PyReadonlyArray1<'py, i64>, Matrix<'py>, Columns<'py>);

/// Add these functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_run_linear, module)?)?;
    module.add_function(wrap_pyfunction!(filter_linear_signal, module)?)?;
    module.add_function(wrap_pyfunction!(filter_linear_disturbances, module)?)?;
    module.add_function(wrap_pyfunction!(filter_linear_draws, module)?)?;
    module.add_function(wrap_pyfunction!(filter_linear_round, module)?)?;
    module.add_function(wrap_pyfunction!(filter_run_vector, module)?)?;
    module.add_function(wrap_pyfunction!(filter_vector_signal, module)?)?;
    module.add_function(wrap_pyfunction!(filter_vector_disturbances, module)?)?;
    module.add_function(wrap_pyfunction!(filter_vector_draws, module)?)?;
    module.add_function(wrap_pyfunction!(filter_through, module)?)
}

/// Return a linear model, copied.
pub(super) fn linear_of(py: Python<'_>, (matrices, vectors, start): &LinearGiven<'_>) -> PyResult<Linear> {
    Ok(Linear {
        transition: matrices.0.as_slice()?.to_vec(),
        process_cov: matrices.1.as_slice()?.to_vec(),
        loading: matrices.2.as_slice()?.to_vec(),
        observation_cov: matrices.3.as_slice()?.to_vec(),
        drift: vectors.0.as_slice()?.to_vec(),
        offset: vectors.1.as_slice()?.to_vec(),
        start: Belief::decode(start.as_bytes()).map_err(|error| raise(py, error))?,
    })
}

/// Borrow the rows of a linear model.
pub(super) fn rows_of<'a>((columns, motions): &'a LinearColumns<'_>) -> PyResult<LinearRows<'a>> {
    Ok(LinearRows {
        values: columns.0.as_slice()?,
        transitions: motions.0.as_slice()?,
        process_covs: motions.1.as_slice()?,
        drifts: columns.1.as_slice()?,
        offsets: columns.2.as_slice()?,
        loadings: columns.3.as_slice()?,
        observation_covs: columns.4.as_slice()?,
    })
}

/// Return a model of several outputs, copied, with the belief to go on from.
pub(super) fn vector_of(
    py: Python<'_>,
    (model, loading, observation_cov, belief): &VectorGiven<'_>,
) -> PyResult<(VectorModel, Option<Belief>)> {
    let initial = belief.as_ref().map(|one| Belief::decode(one.as_bytes())).transpose();
    let initial = initial.map_err(|error| raise(py, error))?;
    let model = Model::decode(model.as_bytes()).map_err(|error| raise(py, error))?;
    let (loading, observation_cov) = (loading.as_slice()?.to_vec(), observation_cov.as_slice()?.to_vec());
    Ok((VectorModel { model, loading, observation_cov }, initial))
}

/// Borrow the rows of several outputs.
pub(super) fn series_of<'a>(
    (times_ns, inputs, columns): &'a VectorColumns<'_>,
) -> PyResult<VectorSeries<'a>> {
    Ok(VectorSeries {
        times_ns: times_ns.as_slice()?,
        values: columns.0.as_slice()?,
        inputs: inputs.as_slice()?,
        columns: inputs.as_array().ncols(),
        drifts: columns.1.as_slice()?,
        offsets: columns.2.as_slice()?,
        loadings: columns.3.as_slice()?,
        observation_covs: columns.4.as_slice()?,
    })
}

fn with_linear<T: Send>(
    py: Python<'_>,
    given: &LinearGiven<'_>,
    columns: &LinearColumns<'_>,
    work: impl FnOnce(&Linear, &LinearRows) -> Result<T, FilterError> + Send,
) -> PyResult<T> {
    let (model, rows) = (linear_of(py, given)?, rows_of(columns)?);
    py.detach(|| work(&model, &rows)).map_err(|error| raise(py, error))
}

fn with_vector<T: Send>(
    py: Python<'_>,
    given: &VectorGiven<'_>,
    columns: &VectorColumns<'_>,
    work: impl FnOnce(&VectorModel, &VectorSeries, Option<&Belief>) -> Result<T, FilterError> + Send,
) -> PyResult<T> {
    let ((vector, initial), series) = (vector_of(py, given)?, series_of(columns)?);
    py.detach(|| work(&vector, &series, initial.as_ref())).map_err(|error| raise(py, error))
}

pub(super) fn filtered<'py>(
    py: Python<'py>,
    belief: &Belief,
    logliks: &[f64],
    (means, covs): (&[f64], &[f64]),
    smoothed: Option<&Smoothed>,
) -> PyResult<Filtered<'py>> {
    let rows = logliks.len();
    let after = smoothed.map(|one| states(py, &one.means, &one.covs, rows)).transpose()?;
    let moments = states(py, means, covs, rows)?;
    Ok((PyBytes::new(py, &belief.encode()), logliks.to_pyarray(py), moments, after))
}

fn told<'py>(py: Python<'py>, rows: usize, (noises, moves): (Noises, Moves)) -> PyResult<Told<'py>> {
    let size = moves.means.len().checked_div(rows).unwrap_or(0);
    let covs = moves.covs.to_pyarray(py).reshape([rows, size, size])?;
    let noises = (
        square(py, &noises.means, rows)?,
        square(py, &noises.vars, rows)?,
        square(py, &noises.spreads, rows)?,
    );
    Ok((noises, (square(py, &moves.means, rows)?, covs, square(py, &moves.spreads, rows)?)))
}

fn paths<'py>(
    py: Python<'py>,
    found: &[f64],
    (draws, rows): (u32, usize),
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let size = found.len().checked_div(rows * draws as usize).unwrap_or(0);
    found.to_pyarray(py).reshape([draws as usize, rows, size])
}

fn both(recorded: &Recorded, values: &[f64]) -> Result<(Noises, Moves), FilterError> {
    Ok((recorded.noises(values)?, recorded.moves()?))
}

/// Filter, and smooth if asked, a linear model.
#[pyfunction]
fn filter_run_linear<'py>(
    py: Python<'py>,
    model: LinearGiven<'py>,
    columns: LinearColumns<'py>,
    smooths: bool,
) -> PyResult<Filtered<'py>> {
    let run = with_linear(py, &model, &columns, |linear, rows| filter::run_linear(linear, rows, smooths))?;
    filtered(py, &run.belief, &run.logliks, (&run.means, &run.covs), run.smoothed.as_ref())
}

/// Return the joint moments of all outputs at chosen rows given all rows; row after row, outputs within.
#[pyfunction]
fn filter_linear_signal<'py>(
    py: Python<'py>,
    model: LinearGiven<'py>,
    columns: LinearColumns<'py>,
    chosen: Vec<usize>,
) -> PyResult<Signal<'py>> {
    let found = with_linear(py, &model, &columns, |linear, rows| {
        filter::record_linear(linear, rows)?.1.signal(&chosen)
    })?;
    Ok((found.mean.to_pyarray(py), square(py, &found.cov, found.mean.len())?))
}

/// Return noises and moves of a linear model given all rows: means, variances and spreads of each.
#[pyfunction]
fn filter_linear_disturbances<'py>(
    py: Python<'py>,
    model: LinearGiven<'py>,
    columns: LinearColumns<'py>,
) -> PyResult<Told<'py>> {
    let found = with_linear(py, &model, &columns, |linear, rows| {
        both(&filter::record_linear(linear, rows)?.1, rows.values)
    })?;
    told(py, columns.0.0.as_array().nrows(), found)
}

/// Return paths of the state given all rows; `lane` is seed, first draw, draws.
#[pyfunction]
fn filter_linear_draws<'py>(
    py: Python<'py>,
    model: LinearGiven<'py>,
    columns: LinearColumns<'py>,
    lane: (u64, u32, u32),
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let found =
        with_linear(py, &model, &columns, |linear, rows| filter::record_linear(linear, rows)?.1.draws(lane))?;
    paths(py, &found, (lane.2, columns.0.0.as_array().nrows()))
}

/// Return the log-likelihood, and transition, process covariance, loading and observation covariance after
/// one round; `free` says of each matrix how it may change.
#[pyfunction]
fn filter_linear_round<'py>(
    py: Python<'py>,
    model: LinearGiven<'py>,
    columns: LinearColumns<'py>,
    free: (bool, u8, bool, u8),
) -> PyResult<(f64, (Square<'py>, Square<'py>, Square<'py>, Square<'py>))> {
    let free =
        LinearFree { transition: free.0, process_cov: free.1, loading: free.2, observation_cov: free.3 };
    let found = with_linear(py, &model, &columns, |linear, rows| filter::linear_round(linear, rows, free))?;
    let (next, n, p) = (&found.model, found.model.drift.len(), found.model.offset.len());
    let matrices = (
        square(py, &next.transition, n)?,
        square(py, &next.process_cov, n)?,
        square(py, &next.loading, p)?,
        square(py, &next.observation_cov, p)?,
    );
    Ok((found.loglik, matrices))
}

/// Filter, and smooth if asked, several outputs of one sum of components.
#[pyfunction]
fn filter_run_vector<'py>(
    py: Python<'py>,
    model: VectorGiven<'py>,
    columns: VectorColumns<'py>,
    smooths: bool,
) -> PyResult<Filtered<'py>> {
    let run = with_vector(py, &model, &columns, |vector, series, initial| {
        filter::run_vector(vector, series, initial, smooths)
    })?;
    filtered(py, &run.belief, &run.logliks, (&run.means, &run.covs), run.smoothed.as_ref())
}

/// Return the joint moments of all outputs at chosen rows given all rows; row after row, outputs within.
#[pyfunction]
fn filter_vector_signal<'py>(
    py: Python<'py>,
    model: VectorGiven<'py>,
    columns: VectorColumns<'py>,
    chosen: Vec<usize>,
) -> PyResult<Signal<'py>> {
    let found = with_vector(py, &model, &columns, |vector, series, initial| {
        filter::record_vector(vector, series, initial)?.1.signal(&chosen)
    })?;
    Ok((found.mean.to_pyarray(py), square(py, &found.cov, found.mean.len())?))
}

/// Return noises and moves given all rows: means, variances and spreads of each.
#[pyfunction]
fn filter_vector_disturbances<'py>(
    py: Python<'py>,
    model: VectorGiven<'py>,
    columns: VectorColumns<'py>,
) -> PyResult<Told<'py>> {
    let found = with_vector(py, &model, &columns, |vector, series, initial| {
        both(&filter::record_vector(vector, series, initial)?.1, series.values)
    })?;
    told(py, columns.2.0.as_array().nrows(), found)
}

/// Return paths of the state given all rows; `lane` is seed, first draw, draws.
#[pyfunction]
fn filter_vector_draws<'py>(
    py: Python<'py>,
    model: VectorGiven<'py>,
    columns: VectorColumns<'py>,
    lane: (u64, u32, u32),
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let found = with_vector(py, &model, &columns, |vector, series, initial| {
        filter::record_vector(vector, series, initial)?.1.draws(lane)
    })?;
    paths(py, &found, (lane.2, columns.2.0.as_array().nrows()))
}

/// Return rows of inputs through a matrix (n, inputs), as (rows, n).
#[pyfunction]
fn filter_through<'py>(py: Python<'py>, matrix: Matrix<'py>, inputs: Matrix<'py>) -> PyResult<Square<'py>> {
    let (rows, columns) = inputs.as_array().dim();
    let found = filter::through(matrix.as_slice()?, inputs.as_slice()?, columns);
    square(py, &found.map_err(|error| raise(py, error))?, rows)
}
