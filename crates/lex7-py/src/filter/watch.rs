//! Bindings of what runs beside a stream: lag smoother, gate, adaptive noise, timeline, anomaly score.
use lex7_core::filter::{
    Adaptive, Belief, FixedLag, Guard, Model, Observed, Row, Surprise, SurpriseSettings, Timeline,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{raise, take};

type Bytes<'py> = Bound<'py, PyBytes>;
type Told = (f64, f64, f64);

/// Add these classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FilterFixedLag>()?;
    module.add_class::<FilterGuard>()?;
    module.add_class::<FilterAdaptive>()?;
    module.add_class::<FilterTimeline>()?;
    module.add_class::<FilterSurprise>()
}

fn bytes<'py>(py: Python<'py>, belief: Option<&Belief>) -> Option<Bytes<'py>> {
    belief.map(|one| PyBytes::new(py, &one.encode()))
}

/// A smoother that lags behind its stream.
#[pyclass(module = "lex7._core", name = "FilterFixedLag")]
struct FilterFixedLag {
    inner: FixedLag,
}

#[pymethods]
impl FilterFixedLag {
    #[new]
    #[pyo3(signature = (model, lag, belief, saved=None))]
    fn new(
        py: Python<'_>,
        model: &[u8],
        lag: usize,
        belief: Option<&[u8]>,
        saved: Option<&[u8]>,
    ) -> PyResult<Self> {
        let build = || match saved {
            Some(bytes) => FixedLag::decode(Model::decode(model)?, bytes),
            None => FixedLag::new(Model::decode(model)?, lag, belief.map(Belief::decode).transpose()?),
        };
        Ok(FilterFixedLag { inner: build().map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns the bytes of the belief `lag` values ago, or none.
    #[pyo3(signature = (time_ns, value, observation_sd=None, inputs=None))]
    fn update<'py>(
        &mut self,
        py: Python<'py>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::observation_sd)] observation_sd: Option<f64>,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<Option<Bytes<'py>>> {
        let inputs = inputs.as_deref().unwrap_or(&[]);
        let out = self.inner.update(Observed { time_ns, value, observation_sd, inputs });
        Ok(bytes(py, out.map_err(|error| raise(py, error))?.as_ref()))
    }

    /// Return the bytes of the newest belief, or none.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        bytes(py, self.inner.belief())
    }

    /// Return how many values it lags behind.
    fn lag(&self) -> usize {
        self.inner.lag()
    }

    /// Return the canonical bytes.
    fn encode<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.inner.encode())
    }
}

/// A stream behind a gate.
#[pyclass(module = "lex7._core", name = "FilterGuard")]
struct FilterGuard {
    inner: Guard,
}

#[pymethods]
impl FilterGuard {
    #[new]
    fn new(
        py: Python<'_>,
        model: &[u8],
        nis_max: f64,
        rejects_max: u32,
        resumed: Option<(Vec<u8>, u32)>,
    ) -> PyResult<Self> {
        let build = || {
            let resumed = match resumed {
                Some((belief, rejected)) => Some((Belief::decode(&belief)?, rejected)),
                None => None,
            };
            Guard::new(Model::decode(model)?, nis_max, rejects_max, resumed)
        };
        Ok(FilterGuard { inner: build().map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns the judgement's code, innovation, its variance and the weight.
    #[pyo3(signature = (time_ns, value, observation_sd=None, inputs=None))]
    fn update(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::observation_sd)] observation_sd: Option<f64>,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<(u8, f64, f64, f64)> {
        let inputs = inputs.as_deref().unwrap_or(&[]);
        let out = self
            .inner
            .update(Observed { time_ns, value, observation_sd, inputs })
            .map_err(|error| raise(py, error))?;
        Ok((out.judgement as u8, out.innovation, out.variance, out.weight))
    }

    /// Return the bytes of the belief, or none.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        bytes(py, self.inner.belief())
    }

    /// Return how many values were rejected in a row.
    fn rejected(&self) -> u32 {
        self.inner.rejected()
    }
}

/// A stream that learns its observation noise.
#[pyclass(module = "lex7._core", name = "FilterAdaptive")]
struct FilterAdaptive {
    inner: Adaptive,
}

#[pymethods]
impl FilterAdaptive {
    #[new]
    fn new(
        py: Python<'_>,
        model: &[u8],
        forgetting: f64,
        strength: f64,
        resumed: Option<(Vec<u8>, f64, f64)>,
    ) -> PyResult<Self> {
        let build = || {
            let model = Model::decode(model)?;
            match resumed {
                None => Adaptive::new(model, forgetting, strength),
                Some((belief, shape, scale)) => {
                    Adaptive::resume(model, forgetting, (shape, scale), Belief::decode(&belief)?)
                }
            }
        };
        Ok(FilterAdaptive { inner: build().map_err(|error| raise(py, error))? })
    }

    /// Take in one value; returns innovation, its variance and the weight.
    #[pyo3(signature = (time_ns, value, inputs=None))]
    fn update(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<Told> {
        let row = inputs.as_deref().unwrap_or(&[]);
        self.inner.update(time_ns, value, row).map_err(|error| raise(py, error))
    }

    /// Return the bytes of the belief, or none.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        bytes(py, self.inner.belief())
    }

    /// Return shape and scale of the noise variance's law.
    fn law(&self) -> (f64, f64) {
        self.inner.law()
    }

    /// Return the standard deviation of the noise as it is expected now.
    fn observation_sd(&self) -> f64 {
        self.inner.observation_sd()
    }
}

/// A filter over a window of observations that may still change.
#[pyclass(module = "lex7._core", name = "FilterTimeline")]
struct FilterTimeline {
    inner: Timeline,
}

#[pymethods]
impl FilterTimeline {
    #[new]
    fn new(py: Python<'_>, model: &[u8], rows_max: usize, saved: Option<&[u8]>) -> PyResult<Self> {
        let build = || {
            let model = Model::decode(model)?;
            match saved {
                None => Timeline::new(model, rows_max),
                Some(bytes) => Timeline::decode(model, bytes),
            }
        };
        Ok(FilterTimeline { inner: build().map_err(|error| raise(py, error))? })
    }

    /// Put one observation where its time belongs; returns its number and what it did there.
    #[pyo3(signature = (time_ns, value, observation_sd=None, inputs=None))]
    fn insert(
        &mut self,
        py: Python<'_>,
        #[pyo3(from_py_with = take::time_ns)] time_ns: i64,
        #[pyo3(from_py_with = take::value)] value: f64,
        #[pyo3(from_py_with = take::observation_sd)] observation_sd: Option<f64>,
        #[pyo3(from_py_with = take::inputs)] inputs: Option<Vec<f64>>,
    ) -> PyResult<(u64, f64, f64, f64)> {
        let row = Row { number: 0, time_ns, value, observation_sd, inputs: inputs.unwrap_or_default() };
        let (number, told) = self.inner.insert(row).map_err(|error| raise(py, error))?;
        Ok((number, told.0, told.1, told.2))
    }

    /// Take an observation back; returns how many rows were filtered again.
    fn retract(&mut self, py: Python<'_>, number: u64) -> PyResult<usize> {
        self.inner.retract(number).map_err(|error| raise(py, error))
    }

    /// Return the bytes of the belief, or none.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bytes<'py>> {
        bytes(py, self.inner.belief())
    }

    /// Return how many rows can still change, and the time before which nothing can.
    fn window(&self) -> (usize, Option<i64>) {
        (self.inner.rows().len(), self.inner.horizon_ns())
    }

    /// Return the canonical bytes.
    fn encode<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.inner.encode())
    }
}

/// A running score of how surprising innovations are.
#[pyclass(module = "lex7._core", name = "FilterSurprise")]
struct FilterSurprise {
    inner: Surprise,
}

#[pymethods]
impl FilterSurprise {
    /// `settings` are short, long, freedom, warmup and trust.
    #[new]
    fn new(py: Python<'_>, settings: (f64, f64, f64, f64, f64), saved: Option<&[u8]>) -> PyResult<Self> {
        let (short, long, freedom, warmup, trust) = settings;
        let built = match saved {
            Some(bytes) => Surprise::decode(bytes),
            None => Surprise::new(SurpriseSettings { short, long, freedom, warmup, trust }),
        };
        Ok(FilterSurprise { inner: built.map_err(|error| raise(py, error))? })
    }

    /// Score one innovation: the probability, those of spike and drift, and the deviation.
    fn update(
        &mut self,
        #[pyo3(from_py_with = take::innovation)] innovation: f64,
        #[pyo3(from_py_with = take::variance)] variance: f64,
    ) -> (f64, f64, f64, f64) {
        let out = self.inner.update(innovation, variance);
        (out.probability, out.spike, out.drift, out.deviation)
    }

    /// Return the canonical bytes.
    fn encode<'py>(&self, py: Python<'py>) -> Bytes<'py> {
        PyBytes::new(py, &self.inner.encode())
    }
}
