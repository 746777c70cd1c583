//! The anomaly detector as an object: one value per call, or an array of them.
use lex7_core::filter::Detector;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{raise, take};

/// Add this class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FilterDetector>()
}

/// A detector of unusual values under way.
#[pyclass(module = "lex7._core", name = "FilterDetector")]
struct FilterDetector {
    detector: Detector,
}

#[pymethods]
impl FilterDetector {
    #[new]
    fn new(py: Python<'_>, saved: Option<&[u8]>) -> PyResult<Self> {
        let detector = saved.map_or_else(|| Ok(Detector::default()), Detector::decode);
        Ok(FilterDetector { detector: detector.map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns its score.
    fn update(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
    ) -> PyResult<f64> {
        self.detector.update(time_ns, value).map_err(|error| raise(py, error))
    }

    /// Take in values in order; arrays are borrowed for the call.
    fn update_all<'py>(
        &mut self,
        py: Python<'py>,
        times_ns: PyReadonlyArray1<'py, i64>,
        values: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (times, values) = (times_ns.as_slice()?, values.as_slice()?);
        let detector = &mut self.detector;
        let scores: Result<Vec<f64>, _> = py.detach(|| {
            let mut next = detector.clone();
            let found: Result<_, _> = times.iter().zip(values).map(|(t, y)| next.update(*t, *y)).collect();
            if found.is_ok() {
                *detector = next;
            }
            found
        });
        Ok(scores.map_err(|error| raise(py, error))?.into_pyarray(py))
    }

    /// Return the canonical bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.detector.encode())
    }
}
