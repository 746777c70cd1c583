//! Python bindings: every function borrows, detaches from the interpreter, calls `lex7-core` and maps the error.
//!
//! One file per subject; each registers its own functions and classes. Nothing is computed here.
use pyo3::prelude::*;

mod apple;
mod bark;
mod canon;
mod elementary;
mod filter;
mod kernels;
mod sampling;
mod scenario;
mod solve;
mod special;
mod ssm;

/// The compiled module `lex7._core`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", lex7_core::VERSION)?;
    kernels::register(module)?;
    bark::register(module)?;
    apple::register(module)?;
    elementary::register(module)?;
    filter::register(module)?;
    special::register(module)?;
    solve::register(module)?;
    sampling::register(module)?;
    scenario::register(module)?;
    ssm::register(module)?;
    Ok(())
}
