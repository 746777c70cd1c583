//! Bindings of logarithms and log-normal moments.
use lex7_core::elementary::{ElementaryError, log_normal, logarithms};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(elementary_log, module)?)?;
    module.add_function(wrap_pyfunction!(elementary_log_normal, module)?)
}

type Moments<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>);

/// Borrows for the call.
#[pyfunction]
fn elementary_log<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let values = values.as_slice()?;
    let result = py.detach(|| logarithms(values)).map_err(refuse)?;
    Ok(result.into_pyarray(py))
}

/// Borrows for the call.
#[pyfunction]
fn elementary_log_normal<'py>(
    py: Python<'py>,
    mean: PyReadonlyArray1<'py, f64>,
    cov: PyReadonlyArray2<'py, f64>,
) -> PyResult<Moments<'py>> {
    let (mean, cov) = (mean.as_slice()?, cov.as_slice()?);
    let (centre, spread) = py.detach(|| log_normal(mean, cov)).map_err(refuse)?;
    let size = centre.len();
    Ok((centre.into_pyarray(py), spread.into_pyarray(py).reshape([size, size])?))
}

fn refuse(error: ElementaryError) -> PyErr {
    PyValueError::new_err(match error {
        ElementaryError::Shape => "the covariance does not fit the mean",
        ElementaryError::NotFinite => "expected finite numbers, positive ones for a logarithm",
    })
}
