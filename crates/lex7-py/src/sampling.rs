//! Bindings of the choice of a token.
use lex7_core::sampling::{self, Allowed, SamplingError, Wish};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;

/// Add this subject's functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sampling_choose, module)?)
}

/// Temperature, top-p and top-k.
type Settings = (f64, f64, usize);

/// Borrows for the call. `counter` is (seed, position).
#[pyfunction]
#[pyo3(signature = (logits, token_count, mask, settings, counter))]
fn sampling_choose(
    py: Python<'_>,
    logits: PyReadonlyArray1<'_, f32>,
    token_count: usize,
    mask: Option<PyReadonlyArray1<'_, u32>>,
    settings: Settings,
    counter: (u64, u64),
) -> PyResult<(u32, f64)> {
    let logits = logits.as_slice()?;
    let mask = mask.as_ref().map(|words| words.as_slice()).transpose()?;
    let (temperature, top_p, top_k) = settings;
    let wish = Wish { temperature, top_p, top_k, seed: counter.0, position: counter.1 };
    let chosen = py.detach(|| sampling::choose(logits, Allowed { token_count, mask }, wish));
    chosen.map_err(|error| raise(py, error))
}

fn raise(py: Python<'_>, error: SamplingError) -> PyErr {
    let (argument, expected, got) = match error {
        SamplingError::NotFinite { token } => ("logits", "finite", format!("another at token {token}")),
        SamplingError::NothingAllowed => ("mask", "one that allows a token", "none".into()),
        SamplingError::Settings => ("sampler", "temperature >= 0 and top_p in (0, 1]", "others".into()),
    };
    let made = py
        .import("lex7.ssm.errors")
        .and_then(|module| module.getattr("ModelArgumentError"))
        .and_then(|class| class.call1((argument, expected, got)));
    match made {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}
