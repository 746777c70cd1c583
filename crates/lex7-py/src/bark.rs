//! Bindings of canonical CBOR, entries, seals and their verification.
use pyo3::prelude::*;

/// Add this subject's functions and classes to the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
