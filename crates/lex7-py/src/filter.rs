//! Bindings of filters, smoothers and fits. Arrays in are borrowed for the call, arrays out are new.
use lex7_core::filter::{self, Belief, Factor, FilterError, Forecast, Free, Keep, Model, Series};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

mod bank;
mod batch;
mod detector;
mod estimate;
mod outputs;
mod outputs_many;
mod smooth;
mod steps;
mod stream;
mod take;
mod watch;

type Floats<'py> = Bound<'py, PyArray1<f64>>;
type Square<'py> = Bound<'py, PyArray2<f64>>;
type Rows<'py> = (Floats<'py>, Floats<'py>, Floats<'py>);
type Found = (Vec<f64>, (f64, f64), Vec<f64>, Vec<bool>, (bool, usize));
type Decoded<'py> = (i64, Floats<'py>, Square<'py>, Square<'py>, Square<'py>, bool);
type States<'py> = (Square<'py>, Bound<'py, PyArray3<f64>>);

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_run, module)?)?;
    module.add_function(wrap_pyfunction!(filter_forecast, module)?)?;
    module.add_function(wrap_pyfunction!(filter_combine, module)?)?;
    module.add_function(wrap_pyfunction!(filter_fit, module)?)?;
    module.add_function(wrap_pyfunction!(filter_scale, module)?)?;
    module.add_function(wrap_pyfunction!(filter_model_check, module)?)?;
    module.add_function(wrap_pyfunction!(filter_noise_var, module)?)?;
    module.add_function(wrap_pyfunction!(filter_belief_encode, module)?)?;
    module.add_function(wrap_pyfunction!(filter_belief_decode, module)?)?;
    module.add_function(wrap_pyfunction!(filter_begin, module)?)?;
    module.add_function(wrap_pyfunction!(filter_belief_pinned, module)?)?;
    module.add_function(wrap_pyfunction!(filter_state_hash, module)?)?;
    bank::register(module)?;
    detector::register(module)?;
    batch::register(module)?;
    smooth::register(module)?;
    outputs::register(module)?;
    outputs_many::register(module)?;
    estimate::register(module)?;
    watch::register(module)?;
    steps::register(module)?;
    stream::register(module)
}

/// Map a refusal of the core to the Python class that carries its fields.
fn raise(py: Python<'_>, error: FilterError) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let module = py.import("lex7.filters.errors")?;
        match error {
            FilterError::Argument { argument, expected, got } => {
                module.getattr("FilterArgumentError")?.call1((argument, expected, got))
            }
            FilterError::Diffuse { left } => module.getattr("FilterDiffuseError")?.call1((left,)),
            FilterError::Diverged { row } => module.getattr("FilterDivergedError")?.call1((row,)),
            FilterError::DivergedIn { series, row } => {
                module.getattr("FilterDivergedError")?.call1((row, series))
            }
        }
    };
    match build() {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

fn square<'py>(py: Python<'py>, values: &[f64], rows: usize) -> PyResult<Square<'py>> {
    let columns = values.len().checked_div(rows).unwrap_or(0);
    values.to_pyarray(py).reshape([rows, columns])
}

/// Run a filter over one series.
#[pyfunction]
#[pyo3(signature = (model, times_ns, values, observation_sd, inputs, belief, keep_all))]
#[allow(clippy::too_many_arguments)]
fn filter_run<'py>(
    py: Python<'py>,
    model: &[u8],
    times_ns: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    observation_sd: Option<PyReadonlyArray1<'py, f64>>,
    inputs: PyReadonlyArray2<'py, f64>,
    belief: Option<&[u8]>,
    keep_all: bool,
) -> PyResult<(Bound<'py, PyBytes>, f64, Rows<'py>, Option<States<'py>>)> {
    let sds = observation_sd.as_ref().map(|array| array.as_slice()).transpose()?;
    let series = Series {
        times_ns: times_ns.as_slice()?,
        values: values.as_slice()?,
        observation_sd: sds,
        inputs: inputs.as_slice()?,
        columns: inputs.as_array().ncols(),
    };
    let keep = if keep_all { Keep::All } else { Keep::Final };
    let result = py.detach(|| {
        let model = Model::decode(model)?;
        let initial = belief.map(Belief::decode).transpose()?;
        filter::run(&model, &series, initial.as_ref(), keep)
    });
    let run = result.map_err(|error| raise(py, error))?;
    let rows = (run.innovations.to_pyarray(py), run.variances.to_pyarray(py), run.weights.to_pyarray(py));
    let states = if keep_all {
        let (count, size) = (run.innovations.len(), run.belief.states());
        let covs = run.covs.to_pyarray(py).reshape([count, size, size])?;
        Some((square(py, &run.means, count)?, covs))
    } else {
        None
    };
    Ok((PyBytes::new(py, &run.belief.encode()), run.loglik, rows, states))
}

/// Forecast the signal with its covariances between times.
#[pyfunction]
fn filter_forecast<'py>(
    py: Python<'py>,
    model: &[u8],
    belief: &[u8],
    times_ns: PyReadonlyArray1<'py, i64>,
    inputs: PyReadonlyArray2<'py, f64>,
    chosen: Option<Vec<bool>>,
) -> PyResult<(Floats<'py>, Square<'py>, f64)> {
    let (times, columns) = (times_ns.as_slice()?, inputs.as_array().ncols());
    let numbers = inputs.as_slice()?;
    let result = py.detach(|| {
        let model = Model::decode(model)?;
        let belief = Belief::decode(belief)?;
        let out = filter::forecast(&model, &belief, times, (numbers, columns), chosen.as_deref())?;
        Ok((out, model.noise_variance()))
    });
    let (out, noise) = result.map_err(|error| raise(py, error))?;
    Ok((out.mean.to_pyarray(py), square(py, &out.cov, times.len())?, noise))
}

/// Return the moments of linear combinations of a forecast.
#[pyfunction]
fn filter_combine<'py>(
    py: Python<'py>,
    coefficients: PyReadonlyArray2<'py, f64>,
    mean: PyReadonlyArray1<'py, f64>,
    cov: PyReadonlyArray2<'py, f64>,
) -> PyResult<(Floats<'py>, Square<'py>)> {
    let rows = coefficients.as_array().nrows();
    let given = Forecast { mean: mean.as_slice()?.to_vec(), cov: cov.as_slice()?.to_vec() };
    let lines = coefficients.as_slice()?;
    let out = py.detach(|| filter::combine(lines, &given)).map_err(|error| raise(py, error))?;
    Ok((out.mean.to_pyarray(py), square(py, &out.cov, rows)?))
}

/// Fit the free parameters; `free` rows are (place, lower, upper, median, factor).
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn filter_fit<'py>(
    py: Python<'py>,
    model: &[u8],
    times_ns: PyReadonlyArray1<'py, i64>,
    values: PyReadonlyArray1<'py, f64>,
    observation_sd: Option<PyReadonlyArray1<'py, f64>>,
    inputs: PyReadonlyArray2<'py, f64>,
    free: Vec<(usize, f64, f64, f64, f64)>,
    starts: Vec<Vec<f64>>,
) -> PyResult<Found> {
    let sds = observation_sd.as_ref().map(|array| array.as_slice()).transpose()?;
    let series = Series {
        times_ns: times_ns.as_slice()?,
        values: values.as_slice()?,
        observation_sd: sds,
        inputs: inputs.as_slice()?,
        columns: inputs.as_array().ncols(),
    };
    let free: Vec<Free> = free
        .into_iter()
        .map(|(place, lower, upper, median, factor)| Free { place, lower, upper, median, factor })
        .collect();
    let result = py.detach(|| filter::fit(&Model::decode(model)?, &series, &free, &starts));
    let fitted = result.map_err(|error| raise(py, error))?;
    let ending = (fitted.converged, fitted.evaluations);
    Ok((fitted.values, (fitted.loglik, fitted.objective), fitted.log_sd, fitted.identified, ending))
}

/// Return the scales of a series: of its values and of its steps.
#[pyfunction]
fn filter_scale(values: PyReadonlyArray1<'_, f64>) -> PyResult<(f64, f64)> {
    Ok(filter::scale_of(values.as_slice()?))
}

/// Check the bytes of a model and return its states and input columns.
#[pyfunction]
fn filter_model_check(py: Python<'_>, model: &[u8]) -> PyResult<(usize, usize)> {
    let model = Model::decode(model).map_err(|error| raise(py, error))?;
    Ok((model.states(), model.inputs()))
}

/// Return the variance of the observation noise of a model.
#[pyfunction]
fn filter_noise_var(py: Python<'_>, model: &[u8]) -> PyResult<f64> {
    Ok(Model::decode(model).map_err(|error| raise(py, error))?.noise_variance())
}

/// Refuse shapes that do not match, and a covariance that is not symmetric.
fn check_belief(
    mean: &PyReadonlyArray1<'_, f64>,
    cov: &PyReadonlyArray2<'_, f64>,
    diffuse: &PyReadonlyArray2<'_, f64>,
) -> Result<(), FilterError> {
    let size = mean.as_array().len();
    let refuse = |argument, expected: String, got: String| FilterError::Argument { argument, expected, got };
    let (rows, columns) = cov.as_array().dim();
    if (rows, columns) != (size, size) {
        return Err(refuse("cov", format!("shape ({size}, {size})"), format!("shape ({rows}, {columns})")));
    }
    let (directions, width) = diffuse.as_array().dim();
    if directions > 0 && width != size {
        let got = format!("shape ({directions}, {width})");
        return Err(refuse("diffuse", format!("rows of {size} numbers"), got));
    }
    let matrix = cov.as_array();
    for i in 0..size {
        for j in 0..i {
            let (lower, upper) = (matrix[[i, j]], matrix[[j, i]]);
            if (lower - upper).abs() > 1e-9 * (lower.abs() + upper.abs()) {
                let got = format!("{lower} and {upper} at ({i}, {j}) and ({j}, {i})");
                return Err(refuse("cov", "symmetric".to_owned(), got));
            }
        }
    }
    Ok(())
}

/// Return the canonical bytes of a belief.
#[pyfunction]
fn filter_belief_encode<'py>(
    py: Python<'py>,
    time_ns: i64,
    mean: PyReadonlyArray1<'py, f64>,
    cov: PyReadonlyArray2<'py, f64>,
    diffuse: PyReadonlyArray2<'py, f64>,
    factor: PyReadonlyArray2<'py, f64>,
    is_pinned: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let numbers = factor.as_slice()?.to_vec();
    check_belief(&mean, &cov, &diffuse).map_err(|error| raise(py, error))?;
    let belief = Belief {
        time_ns,
        mean: mean.as_slice()?.to_vec(),
        cov: cov.as_slice()?.to_vec(),
        diffuse: diffuse.as_slice()?.to_vec(),
        factor: (!numbers.is_empty()).then_some(Factor { numbers, is_pinned }),
    };
    let belief = belief.checked().map_err(|error| raise(py, error))?;
    Ok(PyBytes::new(py, &belief.encode()))
}

/// Return time, mean, covariance and diffuse columns (one per row) of a belief, its factors, and whether it
/// keeps them.
#[pyfunction]
fn filter_belief_decode<'py>(py: Python<'py>, belief: &[u8]) -> PyResult<Decoded<'py>> {
    let belief = Belief::decode(belief).map_err(|error| raise(py, error))?;
    let count = belief.diffuse_count();
    let diffuse = belief.diffuse.to_pyarray(py).reshape([count, belief.states()])?;
    let cov = square(py, &belief.cov, belief.states())?;
    let (numbers, is_pinned) = match &belief.factor {
        Some(factor) => (&factor.numbers[..], factor.is_pinned),
        None => (&[][..], false),
    };
    let factor = square(py, numbers, numbers.len().isqrt())?;
    Ok((belief.time_ns, belief.mean.to_pyarray(py), cov, diffuse, factor, is_pinned))
}

/// Return the bytes of a model's start at a time.
#[pyfunction]
fn filter_begin<'py>(py: Python<'py>, model: &[u8], time_ns: i64) -> PyResult<Bound<'py, PyBytes>> {
    let model = Model::decode(model).map_err(|error| raise(py, error))?;
    Ok(PyBytes::new(py, &filter::begin(&model, time_ns).encode()))
}

/// Return the bytes of the same belief in factored form for good.
#[pyfunction]
fn filter_belief_pinned<'py>(py: Python<'py>, belief: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let pinned = Belief::decode(belief).and_then(Belief::pinned).map_err(|error| raise(py, error))?;
    Ok(PyBytes::new(py, &pinned.encode()))
}

/// Return the SHA-256 that names a kernel state.
#[pyfunction]
fn filter_state_hash<'py>(py: Python<'py>, state: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &filter::state_hash(state))
}
