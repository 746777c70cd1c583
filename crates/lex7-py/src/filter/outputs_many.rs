//! Many models of several outputs at once, and one of them on a stream.
use std::thread;

use lex7_core::filter::{
    self, FilterError, OutputsRun, VectorSeen, VectorStream, run_linear, run_vector, within,
};
use numpy::ToPyArray;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::batch::default_threads;
use super::outputs::{
    Filtered, LinearColumns, LinearGiven, VectorColumns, VectorGiven, filtered, linear_of, rows_of,
    series_of, vector_of,
};
use super::{Floats, raise};

/// Add this subject's functions to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(filter_run_linears, module)?)?;
    module.add_function(wrap_pyfunction!(filter_run_vectors, module)?)?;
    module.add_class::<FilterVectorStream>()
}

/// Share runs out among threads; the first error by series counts.
fn spread(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<OutputsRun, FilterError> + Sync,
) -> Result<Vec<OutputsRun>, FilterError> {
    let threads = if threads == 0 { default_threads()? } else { threads };
    let share = count.div_ceil(threads.clamp(1, count.max(1))).max(1);
    let stretch = |start: usize| -> Result<Vec<OutputsRun>, FilterError> {
        let end = count.min(start + share);
        (start..end).map(|index| work(index).map_err(|error| within(error, index))).collect()
    };
    let parts = thread::scope(|scope| {
        let starts = (0..count).step_by(share);
        let handles: Vec<_> = starts.map(|start| scope.spawn(move || stretch(start))).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<_>, _>>()
    });
    Ok(parts?.into_iter().flatten().collect())
}

fn all<'py>(py: Python<'py>, runs: Result<Vec<OutputsRun>, FilterError>) -> PyResult<Vec<Filtered<'py>>> {
    let one = |run: &OutputsRun| {
        filtered(py, &run.belief, &run.logliks, (&run.means, &run.covs), run.smoothed.as_ref())
    };
    runs.map_err(|error| raise(py, error))?.iter().map(one).collect()
}

/// Filter, and smooth if asked, one linear model per table of rows; `threads` of 0 takes the setting.
#[pyfunction]
fn filter_run_linears<'py>(
    py: Python<'py>,
    given: Vec<(LinearGiven<'py>, LinearColumns<'py>)>,
    smooths: bool,
    threads: usize,
) -> PyResult<Vec<Filtered<'py>>> {
    let models = given.iter().map(|one| linear_of(py, &one.0)).collect::<PyResult<Vec<_>>>()?;
    let rows = given.iter().map(|one| rows_of(&one.1)).collect::<PyResult<Vec<_>>>()?;
    let work = |index: usize| run_linear(&models[index], &rows[index], smooths);
    all(py, py.detach(|| spread(rows.len(), threads, work)))
}

/// Filter, and smooth if asked, one model of several outputs per series.
#[pyfunction]
fn filter_run_vectors<'py>(
    py: Python<'py>,
    given: Vec<(VectorGiven<'py>, VectorColumns<'py>)>,
    smooths: bool,
    threads: usize,
) -> PyResult<Vec<Filtered<'py>>> {
    let models = given.iter().map(|one| vector_of(py, &one.0)).collect::<PyResult<Vec<_>>>()?;
    let series = given.iter().map(|one| series_of(&one.1)).collect::<PyResult<Vec<_>>>()?;
    let work = |index: usize| {
        let (vector, initial) = &models[index];
        run_vector(vector, &series[index], initial.as_ref(), smooths)
    };
    all(py, py.detach(|| spread(series.len(), threads, work)))
}

/// A filter of several outputs that takes in rows as they come.
#[pyclass(module = "lex7._core", name = "FilterVectorStream")]
struct FilterVectorStream {
    stream: VectorStream,
}

#[pymethods]
impl FilterVectorStream {
    #[new]
    fn new(py: Python<'_>, given: VectorGiven<'_>) -> PyResult<Self> {
        let (vector, belief) = vector_of(py, &given)?;
        let stream = VectorStream::new(vector, belief).map_err(|error| raise(py, error))?;
        Ok(FilterVectorStream { stream })
    }

    /// Take in one row; returns innovations, their variances and the log-density.
    fn update<'py>(
        &mut self,
        py: Python<'py>,
        columns: VectorColumns<'py>,
    ) -> PyResult<(Floats<'py>, Floats<'py>, f64)> {
        let seen = self.stream.update(&series_of(&columns)?).map_err(|error| raise(py, error))?;
        let VectorSeen { innovations, variances, loglik } = seen;
        Ok((innovations.to_pyarray(py), variances.to_pyarray(py), loglik))
    }

    /// Return the canonical bytes of the belief, or none before the first row.
    fn belief<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.stream.belief().map(|belief: &filter::Belief| PyBytes::new(py, &belief.encode()))
    }
}
