//! Bindings of smoothers and of linear models with vector observations.
use lex7_core::filter::{self, Belief, FilterError, Forecast, Model, Series};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

use super::{Floats, Square, States, raise, square};

type Matrix<'py> = PyReadonlyArray2<'py, f64>;

/// Add these functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_smooth, module)?)?;
    module.add_function(wrap_pyfunction!(filter_smooth_signal, module)?)
}

pub(super) fn states<'py>(
    py: Python<'py>,
    means: &[f64],
    covs: &[f64],
    rows: usize,
) -> PyResult<States<'py>> {
    use numpy::PyArrayMethods;
    let size = means.len().checked_div(rows).unwrap_or(0);
    Ok((square(py, means, rows)?, covs.to_pyarray(py).reshape([rows, size, size])?))
}

/// The columns of a series as Python hands them over.
pub(super) type Columns<'py> =
    (PyReadonlyArray1<'py, i64>, PyReadonlyArray1<'py, f64>, Option<PyReadonlyArray1<'py, f64>>, Matrix<'py>);

pub(super) fn with_series<T: Send>(
    py: Python<'_>,
    columns: &Columns<'_>,
    work: impl FnOnce(&Series) -> Result<T, FilterError> + Send,
) -> PyResult<T> {
    let (times_ns, values, sds, inputs) = columns;
    let series = Series {
        times_ns: times_ns.as_slice()?,
        values: values.as_slice()?,
        observation_sd: sds.as_ref().map(|array| array.as_slice()).transpose()?,
        inputs: inputs.as_slice()?,
        columns: inputs.as_array().ncols(),
    };
    py.detach(|| work(&series)).map_err(|error| raise(py, error))
}

/// Return smoothed means and covariances of every row.
#[pyfunction]
fn filter_smooth<'py>(
    py: Python<'py>,
    model: &[u8],
    columns: Columns<'py>,
    belief: Option<&[u8]>,
) -> PyResult<States<'py>> {
    let rows = columns.0.as_slice()?.len();
    let out = with_series(py, &columns, |series| {
        let initial = belief.map(Belief::decode).transpose()?;
        filter::smooth(&Model::decode(model)?, series, initial.as_ref())
    })?;
    states(py, &out.means, &out.covs, rows)
}

/// Return the joint moments of the signal at chosen rows, given the whole series.
#[pyfunction]
fn filter_smooth_signal<'py>(
    py: Python<'py>,
    model: &[u8],
    columns: Columns<'py>,
    belief: Option<&[u8]>,
    rows: Vec<usize>,
    chosen: Option<Vec<bool>>,
) -> PyResult<(Floats<'py>, Square<'py>)> {
    let Forecast { mean, cov } = with_series(py, &columns, |series| {
        let initial = belief.map(Belief::decode).transpose()?;
        filter::smooth_signal(&Model::decode(model)?, series, initial.as_ref(), &rows, chosen.as_deref())
    })?;
    Ok((mean.to_pyarray(py), square(py, &cov, rows.len())?))
}
