//! The arguments of one update, taken from whatever came: a number, or a refusal that names the argument.
use lex7_core::filter::FilterError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::raise;

fn kind(value: &Bound<'_, PyAny>) -> String {
    let name = |class: Bound<'_, PyType>| class.name().map(|text| text.to_string());
    name(value.get_type()).unwrap_or_else(|_| "another type".to_owned())
}

fn refused(value: &Bound<'_, PyAny>, argument: &'static str, expected: &str) -> PyErr {
    let error = FilterError::Argument { argument, expected: expected.to_owned(), got: kind(value) };
    raise(value.py(), error)
}

fn float(value: &Bound<'_, PyAny>, argument: &'static str) -> PyResult<f64> {
    value.extract().map_err(|_| refused(value, argument, "a number"))
}

/// A time in integer nanoseconds.
pub(super) fn time_ns(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    value.extract().map_err(|_| refused(value, "time_ns", "integer nanoseconds within 64 bits"))
}

/// A value, NaN where missing.
pub(super) fn value(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    float(value, "value")
}

/// An innovation, NaN where missing.
pub(super) fn innovation(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    float(value, "innovation")
}

/// The variance of an innovation.
pub(super) fn variance(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    float(value, "variance")
}

/// A noise of its own, or none.
pub(super) fn observation_sd(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if value.is_none() { Ok(None) } else { float(value, "observation_sd").map(Some) }
}

/// A row of inputs, or none.
pub(super) fn inputs(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<f64>>> {
    if value.is_none() {
        return Ok(None);
    }
    if value.is_instance_of::<PyString>() {
        return Err(refused(value, "inputs", "a row of numbers"));
    }
    value.extract().map(Some).map_err(|_| refused(value, "inputs", "a row of numbers"))
}
