//! Which SIMD level the kernels use in this process.

use std::sync::OnceLock;

use lex7_kernels::Level;
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

const SETTING: &str = "LEX7_KERNELS";
static LEVEL: OnceLock<Level> = OnceLock::new();

/// The level of this process: the widest the machine runs, or what `LEX7_KERNELS` caps it to.
pub(crate) fn level() -> Level {
    *LEVEL.get_or_init(Level::detect)
}

/// The name of the level in use: `scalar`, `avx2`, `avx512` or `amx`.
#[pyfunction]
fn kernel_level() -> &'static str {
    level().name()
}

fn chosen() -> PyResult<Level> {
    let Ok(name) = std::env::var(SETTING) else {
        return Ok(Level::detect());
    };
    Level::named(&name).map(Level::available).ok_or_else(|| {
        PyImportError::new_err(format!("{SETTING}: expected scalar, avx2, avx512 or amx, got {name:?}"))
    })
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let level = chosen()?;
    LEVEL.get_or_init(|| level);
    module.add_function(wrap_pyfunction!(kernel_level, module)?)?;
    Ok(())
}
