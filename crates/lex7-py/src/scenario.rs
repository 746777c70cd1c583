//! Bindings of counter-based scenarios and of the levels of everyday flows.
use lex7_core::flow;
use lex7_core::rng;
use lex7_core::scenario::{Calendar, Law, Paths, ScenarioError};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(philox4x32, module)?)?;
    module.add_function(wrap_pyfunction!(cash_rows, module)?)?;
    module.add_function(wrap_pyfunction!(cash_passages, module)?)?;
    module.add_function(wrap_pyfunction!(flow_filter, module)?)?;
    module.add_function(wrap_pyfunction!(flow_weigh, module)?)?;
    Ok(())
}

fn refuse(error: ScenarioError) -> PyErr {
    PyValueError::new_err(match error {
        ScenarioError::Columns => "expected the five calendar columns to have one length",
        ScenarioError::Row => "expected rows inside the calendar that end on or after their first day",
        ScenarioError::Law => "expected 18 finite numbers and no negative spread in the law",
    })
}

/// Read the 18 numbers of a law, in the order of the fields of `Law`.
fn read_law(values: &[f64]) -> PyResult<Law> {
    let &[
        cash,
        m,
        l,
        mm,
        ml,
        ll,
        reversion,
        wander,
        spread,
        noise,
        mean,
        var,
        sd,
        shape,
        rate,
        smallest,
        excess,
        drift,
    ] = values
    else {
        return Err(refuse(ScenarioError::Law));
    };
    Ok(Law {
        cash,
        level: [m, l],
        level_cov: [mm, ml, ll],
        reversion,
        wander,
        spread,
        noise,
        income: [mean, var, sd],
        shock: [shape, rate, smallest, excess],
        drift,
    })
}

/// Borrow the rows of a (5, n) array as the calendar's columns.
fn read_calendar<'a>(columns: &'a PyReadonlyArray2<'_, f64>) -> PyResult<Calendar<'a>> {
    let count = columns.shape()[1];
    let flat = columns.as_slice()?;
    if columns.shape()[0] != 5 {
        return Err(refuse(ScenarioError::Columns));
    }
    let column = |index: usize| &flat[index * count..(index + 1) * count];
    Ok(Calendar {
        weekday: column(0),
        bills: column(1),
        bills_sd: column(2),
        income: column(3),
        income_sd: column(4),
    })
}

#[pyfunction]
fn philox4x32(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    rng::philox(key, counter)
}

/// Draw the rows of paths `first..first + count`; borrows its arguments for the call.
#[pyfunction]
fn cash_rows<'py>(
    py: Python<'py>,
    law: PyReadonlyArray1<'py, f64>,
    calendar: PyReadonlyArray2<'py, f64>,
    key: [u32; 2],
    rows: PyReadonlyArray2<'py, i64>,
    paths: (u32, u32),
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let law = read_law(law.as_slice()?)?;
    let columns = read_calendar(&calendar)?;
    let pairs = read_rows(&rows)?;
    let (first, count) = paths;
    let mut out = vec![0.0; count as usize * pairs.len()];
    py.detach(|| Paths::new(law, columns, key)?.rows(first, &pairs, &mut out)).map_err(refuse)?;
    PyArray1::from_vec(py, out).reshape([count as usize, pairs.len()])
}

fn read_rows(rows: &PyReadonlyArray2<'_, i64>) -> PyResult<Vec<(usize, usize)>> {
    if rows.shape()[1] != 2 {
        return Err(refuse(ScenarioError::Row));
    }
    rows.as_slice()?
        .chunks_exact(2)
        .map(|pair| Some((usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?)))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| refuse(ScenarioError::Row))
}

/// Draw the days until cash crosses zero with income off from a day; borrows its arguments for the call.
#[pyfunction]
fn cash_passages<'py>(
    py: Python<'py>,
    law: PyReadonlyArray1<'py, f64>,
    calendar: PyReadonlyArray2<'py, f64>,
    key: [u32; 2],
    from_day: usize,
    paths: (u32, u32),
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let law = read_law(law.as_slice()?)?;
    let columns = read_calendar(&calendar)?;
    let (first, count) = paths;
    let mut out = vec![0.0; count as usize];
    py.detach(|| Paths::new(law, columns, key)?.passages(first, from_day, &mut out)).map_err(refuse)?;
    Ok(PyArray1::from_vec(py, out))
}

const FLOW_EXPECTED: &str = "expected two or more finite blocks, phi in [0, 1) and ratios of 0 or more";

/// Return m, l, their covariance mm, ml, ll, the squares and the score; borrows its argument for the call.
#[pyfunction]
fn flow_filter(
    py: Python<'_>,
    blocks: PyReadonlyArray1<'_, f64>,
    phi: f64,
    ratio: f64,
) -> PyResult<(f64, f64, f64, f64, f64, f64, f64)> {
    let blocks = blocks.as_slice()?;
    let belief =
        py.detach(|| flow::filter(blocks, phi, ratio)).ok_or_else(|| PyValueError::new_err(FLOW_EXPECTED))?;
    let ([m, l], [mm, ml, ll]) = (belief.mean, belief.cov);
    Ok((m, l, mm, ml, ll, belief.squares, belief.score))
}

/// Return the log evidence of phi and the mean ratio; borrows its arguments for the call.
#[pyfunction]
fn flow_weigh(
    py: Python<'_>,
    blocks: PyReadonlyArray1<'_, f64>,
    phi: f64,
    ratios: PyReadonlyArray1<'_, f64>,
    weights: PyReadonlyArray1<'_, f64>,
) -> PyResult<(f64, f64)> {
    let (blocks, ratios, weights) = (blocks.as_slice()?, ratios.as_slice()?, weights.as_slice()?);
    py.detach(|| flow::weigh(blocks, phi, ratios, weights))
        .ok_or_else(|| PyValueError::new_err(FLOW_EXPECTED))
}
