//! Many series at once, over threads. The bits of a series depend neither on their number nor on its neighbours.
use std::thread;

use lex7_core::filter::{Batch, FilterError, Keep, Model, Run, run_batch};
use numpy::{PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{Floats, Square, raise, square};
use crate::kernels::level;

const SETTING: &str = "LEX7_THREADS";
const THREADS_MAX: usize = 256;

type Cube<'py> = Bound<'py, numpy::PyArray3<f64>>;
type Kept<'py> = (Square<'py>, Square<'py>, Square<'py>, Cube<'py>, Bound<'py, numpy::PyArray4<f64>>);
type Outcome<'py> = (Vec<Bound<'py, PyBytes>>, Floats<'py>, Square<'py>, Cube<'py>, Option<Kept<'py>>);
type Columns<'py> = (
    PyReadonlyArray1<'py, i64>,
    PyReadonlyArray2<'py, f64>,
    Option<PyReadonlyArray2<'py, f64>>,
    PyReadonlyArray3<'py, f64>,
);

/// Add this subject's functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_run_batch, module)?)
}

/// The threads of the setting, or one per processor.
pub(super) fn default_threads() -> Result<usize, FilterError> {
    let Ok(text) = std::env::var(SETTING) else {
        return Ok(thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX));
    };
    match text.parse() {
        Ok(count) if (1..=THREADS_MAX).contains(&count) => Ok(count),
        _ => Err(FilterError::Argument {
            argument: SETTING,
            expected: format!("a number from 1 to {THREADS_MAX}"),
            got: text,
        }),
    }
}

/// Run the filter over many series; `threads` of 0 takes the setting, or one per processor.
#[pyfunction]
fn filter_run_batch<'py>(
    py: Python<'py>,
    models: Vec<Vec<u8>>,
    columns: Columns<'py>,
    keep_all: bool,
    threads: usize,
) -> PyResult<Outcome<'py>> {
    let (times_ns, values, observation_sd, inputs) = &columns;
    let sds = observation_sd.as_ref().map(|array| array.as_slice()).transpose()?;
    let (count, rows) = (values.as_array().nrows(), values.as_array().ncols());
    let (times_ns, values) = (times_ns.as_slice()?, values.as_slice()?);
    let (columns, inputs) = (inputs.as_array().dim().2, inputs.as_slice()?);
    let keep = if keep_all { Keep::All } else { Keep::Final };
    let result = py.detach(|| {
        let models = models.iter().map(|model| Model::decode(model)).collect::<Result<Vec<_>, _>>()?;
        let batch = Batch { models: &models, count, times_ns, values, observation_sd: sds, inputs, columns };
        batch.check()?;
        let threads = if threads == 0 { default_threads()? } else { threads };
        spread(&batch, keep, threads)
    });
    let runs = result.map_err(|error| raise(py, error))?;
    let states = runs[0].belief.states();
    let flat = |part: fn(&Run) -> &[f64]| -> Vec<f64> { runs.iter().flat_map(part).copied().collect() };
    let means = square(py, &flat(|run| &run.belief.mean), count)?;
    let covs = flat(|run| &run.belief.cov).to_pyarray(py).reshape([count, states, states])?;
    let logliks: Vec<f64> = runs.iter().map(|run| run.loglik).collect();
    let kept = if keep_all {
        Some((
            square(py, &flat(|run| &run.innovations), count)?,
            square(py, &flat(|run| &run.variances), count)?,
            square(py, &flat(|run| &run.weights), count)?,
            flat(|run| &run.means).to_pyarray(py).reshape([count, rows, states])?,
            flat(|run| &run.covs).to_pyarray(py).reshape([count, rows, states, states])?,
        ))
    } else {
        None
    };
    let beliefs = runs.iter().map(|run| PyBytes::new(py, &run.belief.encode())).collect();
    Ok((beliefs, logliks.to_pyarray(py), means, covs, kept))
}

/// Share the series out among threads in stretches of whole registers; the first error by series counts.
fn spread(batch: &Batch, keep: Keep, threads: usize) -> Result<Vec<Run>, FilterError> {
    let registers = batch.count.div_ceil(lex7_kernels::filter::LANES_MAX);
    let share = registers.div_ceil(threads.min(registers)) * lex7_kernels::filter::LANES_MAX;
    let level = level();
    let starts: Vec<usize> = (0..batch.count).step_by(share).collect();
    let work = |start: usize| run_batch(batch, keep, level, start..batch.count.min(start + share));
    if starts.len() == 1 {
        return work(0);
    }
    let parts = thread::scope(|scope| {
        let handles: Vec<_> = starts.iter().map(|start| scope.spawn(|| work(*start))).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<_>, _>>()
    });
    Ok(parts?.into_iter().flatten().collect())
}
