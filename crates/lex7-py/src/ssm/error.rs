//! The errors of models as Python classes.
use lex7_core::ssm::SsmError;
use pyo3::prelude::*;

/// Map a refusal to the Python class that carries its fields.
pub(super) fn raise(py: Python<'_>, path: &str, refusal: SsmError) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let module = py.import("lex7.ssm.errors")?;
        match refusal {
            SsmError::File { field, expected, got } => {
                module.getattr("ModelFileError")?.call1((path, field, expected, got))
            }
            SsmError::Argument { argument, expected, got } => {
                module.getattr("ModelArgumentError")?.call1((argument, expected, got))
            }
            SsmError::Snapshot { field, expected, got } => {
                module.getattr("SnapshotError")?.call1((field, expected, got))
            }
            SsmError::Token { index, vocab, got } => {
                let expected = format!("from 0 to {}", vocab - 1);
                module.getattr("TokenError")?.call1((format!("tokens[{index}]"), expected, got.to_string()))
            }
        }
    };
    match build() {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

/// A file that the system does not give us.
pub(super) fn unreadable(py: Python<'_>, path: &str, failure: &std::io::Error) -> PyErr {
    raise(py, path, SsmError::file("the file", "readable", failure))
}
