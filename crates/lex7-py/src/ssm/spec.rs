//! The shape of a model.
use lex7_core::ssm::{Layout, Spec};
use lex7_kernels::Format;
use pyo3::prelude::*;

use super::raise;

/// A checked shape.
#[pyclass(frozen)]
#[derive(Clone)]
pub(super) struct SsmSpec(pub(super) Spec);

#[pymethods]
impl SsmSpec {
    #[new]
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (
        *, d_model, n_layer, vocab, vocab_padded, d_inner, d_state = 128, head_dim = 64, n_groups = 1,
        d_conv = 4, tied = true, norm_eps = 1e-5, dt_limit = (0.0, f32::INFINITY), head_outputs = 0,
    ))]
    fn new(
        py: Python<'_>,
        d_model: usize,
        n_layer: usize,
        vocab: usize,
        vocab_padded: usize,
        d_inner: usize,
        d_state: usize,
        head_dim: usize,
        n_groups: usize,
        d_conv: usize,
        tied: bool,
        norm_eps: f32,
        dt_limit: (f32, f32),
        head_outputs: usize,
    ) -> PyResult<Self> {
        let spec = Spec {
            d_model,
            n_layer,
            vocab,
            vocab_padded,
            d_inner,
            d_state,
            head_dim,
            n_groups,
            d_conv,
            tied,
            norm_eps,
            dt_limit,
            head_outputs,
        };
        spec.check().map_err(|refusal| raise(py, "", refusal))?;
        Ok(Self(spec))
    }

    #[getter]
    fn d_model(&self) -> usize {
        self.0.d_model
    }

    #[getter]
    fn n_layer(&self) -> usize {
        self.0.n_layer
    }

    #[getter]
    fn vocab(&self) -> usize {
        self.0.vocab
    }

    #[getter]
    fn vocab_padded(&self) -> usize {
        self.0.vocab_padded
    }

    #[getter]
    fn d_inner(&self) -> usize {
        self.0.d_inner
    }

    #[getter]
    fn d_state(&self) -> usize {
        self.0.d_state
    }

    #[getter]
    fn head_dim(&self) -> usize {
        self.0.head_dim
    }

    #[getter]
    fn n_groups(&self) -> usize {
        self.0.n_groups
    }

    #[getter]
    fn d_conv(&self) -> usize {
        self.0.d_conv
    }

    #[getter]
    fn tied(&self) -> bool {
        self.0.tied
    }

    #[getter]
    fn norm_eps(&self) -> f32 {
        self.0.norm_eps
    }

    #[getter]
    fn dt_limit(&self) -> (f32, f32) {
        self.0.dt_limit
    }

    #[getter]
    fn head_outputs(&self) -> usize {
        self.0.head_outputs
    }

    fn tensors<'py>(&self, py: Python<'py>) -> PyResult<Vec<(String, Bound<'py, pyo3::types::PyTuple>)>> {
        let layout = Layout::new(&self.0, Format::F32, 0).map_err(|refusal| raise(py, "", refusal))?;
        let row =
            |place: lex7_core::ssm::Place| Ok((place.name, pyo3::types::PyTuple::new(py, place.shape)?));
        layout.places.into_iter().map(row).collect()
    }

    fn parameters(&self, py: Python<'_>) -> PyResult<u64> {
        let layout = Layout::new(&self.0, Format::F32, 0).map_err(|refusal| raise(py, "", refusal))?;
        Ok(layout.places.iter().map(|place| place.numbers() as u64).sum())
    }

    fn state_bytes(&self) -> usize {
        self.0.state_bytes()
    }
}
