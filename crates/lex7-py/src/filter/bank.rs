//! Banks of filters as an object, and the coordinates of manifolds.
use lex7_core::filter::{self, Bank, Belief, FilterError, Model};
use numpy::{PyReadonlyArray1, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{Floats, raise, take};

type Parts<'py> = (Vec<f64>, Vec<Bound<'py, PyBytes>>);

/// Add this class and these functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_box_plus, module)?)?;
    module.add_function(wrap_pyfunction!(filter_box_minus, module)?)?;
    module.add_class::<FilterBank>()
}

/// Filters of one shape, mixed by how well they predict.
#[pyclass(module = "lex7._core", name = "FilterBank")]
struct FilterBank {
    bank: Bank,
}

#[pymethods]
impl FilterBank {
    #[new]
    fn new(
        py: Python<'_>,
        models: Vec<Vec<u8>>,
        forgetting: f64,
        saved: Option<(Vec<f64>, Vec<Vec<u8>>)>,
    ) -> PyResult<Self> {
        let build = || -> Result<Bank, FilterError> {
            let models = models.iter().map(|model| Model::decode(model)).collect::<Result<_, _>>()?;
            let saved = match saved {
                None => None,
                Some((weights, beliefs)) => {
                    let decoded = beliefs.iter().map(|one| Belief::decode(one)).collect::<Result<_, _>>()?;
                    Some((weights, decoded))
                }
            };
            Bank::new(models, forgetting, saved)
        };
        Ok(FilterBank { bank: build().map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns innovation, variance and log-density of the mixture.
    #[pyo3(signature = (time_ns, value, inputs=None))]
    fn update(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<(f64, f64, f64)> {
        let row = inputs.as_deref().unwrap_or(&[]);
        let out = self.bank.update(time_ns, value, row).map_err(|error| raise(py, error))?;
        Ok((out.innovation, out.variance, out.log_density))
    }

    /// Return the weights of the filters.
    fn weights<'py>(&self, py: Python<'py>) -> Floats<'py> {
        self.bank.weights().to_pyarray(py)
    }

    /// Return the bytes of the belief with the moments of the mixture, or none before the first value.
    fn belief<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let belief = self.bank.belief().map_err(|error| raise(py, error))?;
        Ok(belief.map(|one| PyBytes::new(py, &one.encode())))
    }

    /// Return log-weights and the bytes of all beliefs, or none before the first value.
    fn parts<'py>(&self, py: Python<'py>) -> Option<Parts<'py>> {
        let (weights, beliefs) = self.bank.parts()?;
        Some((weights.to_vec(), beliefs.iter().map(|one| PyBytes::new(py, &one.encode())).collect()))
    }
}

/// Return x ⊞ δ for every coordinate.
#[pyfunction]
fn filter_box_plus<'py>(
    py: Python<'py>,
    codes: &[u8],
    state: PyReadonlyArray1<'py, f64>,
    delta: PyReadonlyArray1<'py, f64>,
) -> PyResult<Floats<'py>> {
    let out = filter::box_plus(codes, state.as_slice()?, delta.as_slice()?);
    Ok(out.map_err(|error| raise(py, error))?.to_pyarray(py))
}

/// Return y ⊟ x for every coordinate.
#[pyfunction]
fn filter_box_minus<'py>(
    py: Python<'py>,
    codes: &[u8],
    value: PyReadonlyArray1<'py, f64>,
    state: PyReadonlyArray1<'py, f64>,
) -> PyResult<Floats<'py>> {
    let out = filter::box_minus(codes, value.as_slice()?, state.as_slice()?);
    Ok(out.map_err(|error| raise(py, error))?.to_pyarray(py))
}
