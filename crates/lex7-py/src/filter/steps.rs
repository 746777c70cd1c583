//! One step of many error-state filters. Arrays in are borrowed for the call, arrays out are new.
use lex7_core::filter::{Stepped, Steps, error_steps};
use numpy::{
    PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray2, PyReadonlyArray3, PyUntypedArrayMethods,
    ToPyArray,
};
use pyo3::prelude::*;

use super::raise;

type Cube<'py> = PyReadonlyArray3<'py, f64>;
type Matrix<'py> = PyReadonlyArray2<'py, f64>;
type Found<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray3<f64>>, Bound<'py, PyArray1<f64>>);

/// Add this function to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_error_steps, module)?)
}

/// Carry and correct a batch: `jacobians` of motion and observation, `noises` of process and observation.
#[pyfunction]
fn filter_error_steps<'py>(
    py: Python<'py>,
    jacobians: (Cube<'py>, Cube<'py>),
    noises: (Matrix<'py>, Matrix<'py>),
    covs: Cube<'py>,
    innovations: Matrix<'py>,
) -> PyResult<Found<'py>> {
    let (states, outputs) = (covs.shape()[1], innovations.shape()[1]);
    let steps = Steps {
        transitions: jacobians.0.as_slice()?,
        process_cov: noises.0.as_slice()?,
        loadings: jacobians.1.as_slice()?,
        observation_cov: noises.1.as_slice()?,
        covs: covs.as_slice()?,
        innovations: innovations.as_slice()?,
    };
    let found = py.detach(|| error_steps(&steps, states, outputs)).map_err(|error| raise(py, error))?;
    let Stepped { errors, covs, logliks } = found;
    let count = logliks.len();
    Ok((
        errors.to_pyarray(py).reshape([count, states])?,
        covs.to_pyarray(py).reshape([count, states, states])?,
        logliks.to_pyarray(py),
    ))
}
