//! The streaming filter as an object: one observation per call.
use lex7_core::filter::{Belief, Model, Observed, Stream};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{raise, take};

/// Add this class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FilterStream>()
}

/// A filter that takes in observations as they come.
#[pyclass(module = "lex7._core", name = "FilterStream")]
struct FilterStream {
    stream: Stream,
}

#[pymethods]
impl FilterStream {
    #[new]
    fn new(py: Python<'_>, model: &[u8], belief: Option<&[u8]>) -> PyResult<Self> {
        let build = || Stream::new(Model::decode(model)?, belief.map(Belief::decode).transpose()?);
        Ok(FilterStream { stream: build().map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns innovation, its variance and the weight.
    #[pyo3(signature = (time_ns, value, observation_sd=None, inputs=None))]
    fn update(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::observation_sd)] observation_sd: Option<f64>,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<(f64, f64, f64)> {
        // One step takes less time than leaving and entering the interpreter again.
        let inputs = inputs.as_deref().unwrap_or(&[]);
        let observed = Observed { time_ns, value, observation_sd, inputs };
        self.stream.update(observed).map_err(|error| raise(py, error))
    }

    /// Return the canonical bytes of the belief, or none before the first observation.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.stream.belief().map(|belief| PyBytes::new(py, &belief.encode()))
    }
}
