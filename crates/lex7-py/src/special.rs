//! Bindings of special functions and joint probabilities. Arrays in are borrowed for the call, arrays out are new.
use lex7_core::joint::{self, JointError};
use lex7_core::{band, special};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(normal_cdf, module)?)?;
    module.add_function(wrap_pyfunction!(normal_quantile, module)?)?;
    module.add_function(wrap_pyfunction!(bivariate_normal_cdf, module)?)?;
    module.add_function(wrap_pyfunction!(joint_bounds, module)?)?;
    module.add_function(wrap_pyfunction!(joint_common_z, module)?)?;
    module.add_function(wrap_pyfunction!(joint_reallocate, module)?)?;
    module.add_function(wrap_pyfunction!(band_probability, module)?)?;
    module.add_function(wrap_pyfunction!(band_reach, module)?)?;
    Ok(())
}

/// Map a refusal of the core to the Python class that carries its fields.
fn raise(py: Python<'_>, error: JointError) -> PyErr {
    let JointError::Argument(argument, expected, got) = error;
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let class = py.import("lex7.directive.problem")?.getattr("MomentsError")?;
        class.call1((argument, expected, got))
    };
    match build() {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

/// Φ of each entry.
#[pyfunction]
fn normal_cdf<'py>(py: Python<'py>, x: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let values = x.as_slice()?;
    let found: Vec<f64> = py.detach(|| values.iter().map(|&value| special::normal_cdf(value)).collect());
    Ok(found.to_pyarray(py))
}

/// Φ⁻¹.
#[pyfunction]
fn normal_quantile(p: f64) -> f64 {
    special::normal_quantile(p)
}

/// P(X ≤ h and Y ≤ k) with correlation rho.
#[pyfunction]
fn bivariate_normal_cdf(h: f64, k: f64, rho: f64) -> f64 {
    special::bivariate_normal_cdf(h, k, rho)
}

/// Bounds on P(all rows hold); with a confidence no tighter than it takes to compare with it.
#[pyfunction]
#[pyo3(signature = (z, cov, confidence=None))]
fn joint_bounds<'py>(
    py: Python<'py>,
    z: PyReadonlyArray1<'py, f64>,
    cov: PyReadonlyArray2<'py, f64>,
    confidence: Option<f64>,
) -> PyResult<(f64, f64)> {
    let (z, cov) = (z.as_slice()?, cov.as_slice()?);
    let found = py.detach(|| joint::bounds(z, cov, confidence)).map_err(|error| raise(py, error))?;
    Ok((found.low, found.high))
}

/// The least common z whose lower bound reaches the confidence.
#[pyfunction]
fn joint_common_z<'py>(
    py: Python<'py>,
    cov: PyReadonlyArray2<'py, f64>,
    confidence: f64,
    is_band: bool,
) -> PyResult<f64> {
    let cov = cov.as_slice()?;
    py.detach(|| joint::common_z(cov, confidence, is_band)).map_err(|error| raise(py, error))
}

/// New z per row, larger where there is room.
#[pyfunction]
fn joint_reallocate<'py>(
    py: Python<'py>,
    z_now: PyReadonlyArray1<'py, f64>,
    cov: PyReadonlyArray2<'py, f64>,
    confidence: f64,
    share: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (z_now, cov) = (z_now.as_slice()?, cov.as_slice()?);
    let found =
        py.detach(|| joint::reallocate(z_now, cov, confidence, share)).map_err(|error| raise(py, error))?;
    Ok(found.to_pyarray(py))
}

/// P(|y| ≤ half) per row.
#[pyfunction]
fn band_probability<'py>(
    py: Python<'py>,
    mean: PyReadonlyArray1<'py, f64>,
    sd: PyReadonlyArray1<'py, f64>,
    half: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (mean, sd) = (mean.as_slice()?, sd.as_slice()?);
    let pairs = mean.iter().zip(sd);
    let found: Vec<f64> = pairs.map(|(&mean, &sd)| band::probability(mean, sd, half)).collect();
    Ok(found.to_pyarray(py))
}

/// How far the mean may lie from zero, per row; NaN where no mean reaches the confidence.
#[pyfunction]
fn band_reach<'py>(
    py: Python<'py>,
    sd: PyReadonlyArray1<'py, f64>,
    half: f64,
    confidence: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let sd = sd.as_slice()?;
    let found: Vec<f64> = py.detach(|| sd.iter().map(|&sd| band::reach(sd, half, confidence)).collect());
    Ok(found.to_pyarray(py))
}
