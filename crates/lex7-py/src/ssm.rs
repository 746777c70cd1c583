//! Bindings of Mamba-2 models and sessions.
//!
//! Arrays in are borrowed for the call, arrays out are new; a snapshot is copied once each way. A session
//! is one Python object with one state: two threads that feed it at once take turns.
use std::sync::{Arc, Mutex, PoisonError};

use lex7_core::ssm::{self, AdapterRows, Engine, Model, Session, Want, Weights};
use lex7_kernels::{Format, Level, Mapping, Team};
use numpy::{PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::kernels::level;
use error::raise;
use spec::SsmSpec;

mod error;
mod spec;
mod write;

type Matrix<'py> = Bound<'py, PyArray2<f32>>;
type AdapterRow<'py> = (String, PyReadonlyArray2<'py, f32>, PyReadonlyArray2<'py, f32>, f32);

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SsmSpec>()?;
    module.add_class::<SsmModel>()?;
    module.add_class::<SsmSession>()?;
    module.add_class::<SsmMark>()?;
    module.add_function(wrap_pyfunction!(ssm_step_many, module)?)?;
    module.add_function(wrap_pyfunction!(ssm_read, module)?)?;
    module.add_function(wrap_pyfunction!(ssm_peak, module)?)?;
    write::register(module)
}

/// The most threads of a model.
const THREADS_MAX: usize = 64;

struct File(Mapping);

impl Weights for File {
    fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    fn is_whole(&self) -> bool {
        self.0.is_whole()
    }
}

/// Engines that nobody uses at the moment: sessions on several Python threads do not wait for each other.
#[derive(Default)]
struct Engines {
    idle: Mutex<Vec<Engine>>,
}

impl Engines {
    fn with<T>(&self, threads: usize, work: impl FnOnce(&mut Engine) -> T) -> T {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = idle.unwrap_or_else(|| Engine::new(level(), threads));
        let result = work(&mut engine);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        result
    }
}

/// A mapped model file.
#[pyclass(frozen)]
struct SsmModel {
    model: Model,
    path: String,
    threads: usize,
    engines: Arc<Engines>,
}

impl SsmModel {
    fn new(model: Model, path: &str, threads: usize) -> PyResult<Self> {
        if threads == 0 || threads > THREADS_MAX {
            let expected = format!("from 1 to {THREADS_MAX}");
            return Python::attach(|py| {
                Err(raise(py, path, ssm::SsmError::argument("threads", expected, threads)))
            });
        }
        Ok(Self { model, path: path.to_string(), threads, engines: Arc::default() })
    }
}

#[pymethods]
impl SsmModel {
    #[staticmethod]
    #[pyo3(signature = (path, *, verify = false, copied = false, threads = 1))]
    fn open(py: Python<'_>, path: &str, verify: bool, copied: bool, threads: usize) -> PyResult<Self> {
        let opened = py.detach(|| {
            let file = std::fs::File::open(path)?;
            let mapping = if copied { Mapping::copy(&file)? } else { Mapping::open(file)? };
            let model = Model::open(Box::new(File(mapping)));
            let checked =
                model.and_then(|model| if verify { model.verify().map(|()| model) } else { Ok(model) });
            Ok::<_, std::io::Error>(checked)
        });
        let checked = opened.map_err(|failure| error::unreadable(py, path, &failure))?;
        Self::new(checked.map_err(|refusal| raise(py, path, refusal))?, path, threads)
    }

    fn with_adapters(&self, py: Python<'_>, adapters: Vec<AdapterRow<'_>>) -> PyResult<Self> {
        let mut rows = Vec::with_capacity(adapters.len());
        for (name, a, b, scale) in &adapters {
            let rank = a.as_array().nrows();
            rows.push(AdapterRows { name, a: a.as_slice()?, b: b.as_slice()?, rank, scale: *scale });
        }
        let model = py
            .detach(|| self.model.with_adapters(&rows))
            .map_err(|refusal| raise(py, &self.path, refusal))?;
        Self::new(model, &self.path, self.threads)
    }

    fn with_threads(&self, threads: usize) -> PyResult<Self> {
        Self::new(self.model.clone(), &self.path, threads)
    }

    #[getter]
    fn spec(&self) -> SsmSpec {
        SsmSpec(*self.model.spec())
    }

    #[getter]
    fn quant(&self) -> &'static str {
        self.model.format().name()
    }

    #[getter]
    fn threads(&self) -> usize {
        self.threads
    }

    #[getter]
    fn meta<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.model.meta())
    }

    #[getter]
    fn file_bytes(&self) -> u64 {
        self.model.layout().file_bytes
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.model.hash())
    }

    fn tensor<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArrayDyn<f32>>> {
        let found = py.detach(|| self.model.tensor(name));
        let (numbers, shape) = found.map_err(|refusal| raise(py, &self.path, refusal))?;
        numbers.to_pyarray(py).reshape(shape)
    }
}

/// A place to roll back to.
#[pyclass(frozen)]
struct SsmMark(Session);

/// A session.
#[pyclass(frozen)]
struct SsmSession {
    model: Py<SsmModel>,
    session: Mutex<Session>,
}

impl SsmSession {
    fn held(&self) -> std::sync::MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, py: Python<'_>, tokens: &[i64], want: Want) -> PyResult<Vec<f32>> {
        let owner = self.model.get();
        let result = py.detach(|| {
            let mut session = self.held();
            owner.engines.with(owner.threads, |engine| ssm::feed(engine, &mut session, tokens, want))
        });
        result.map_err(|refusal| raise(py, &owner.path, refusal))
    }

    fn rows<'py>(&self, py: Python<'py>, tokens: &[i64], want: Want) -> PyResult<Matrix<'py>> {
        let numbers = self.run(py, tokens, want)?;
        let columns = numbers.len() / tokens.len();
        numbers.to_pyarray(py).reshape([tokens.len(), columns])
    }

    fn of(model: Py<SsmModel>, session: Session) -> Self {
        Self { model, session: Mutex::new(session) }
    }
}

#[pymethods]
impl SsmSession {
    #[new]
    fn new(py: Python<'_>, model: Py<SsmModel>) -> Self {
        let session = py.detach(|| Session::new(&model.get().model));
        Self::of(model, session)
    }

    #[staticmethod]
    fn restore(py: Python<'_>, model: Py<SsmModel>, snapshot: &[u8]) -> PyResult<Self> {
        let restored = py.detach(|| Session::restore(&model.get().model, snapshot));
        let session = restored.map_err(|refusal| raise(py, &model.get().path, refusal))?;
        Ok(Self::of(model, session))
    }

    #[getter]
    fn model(&self, py: Python<'_>) -> Py<SsmModel> {
        self.model.clone_ref(py)
    }

    #[getter]
    fn position(&self) -> u64 {
        self.held().position()
    }

    fn feed<'py>(&self, py: Python<'py>, tokens: Vec<i64>) -> PyResult<Bound<'py, PyArray1<f32>>> {
        Ok(self.run(py, &tokens, Want::Last)?.to_pyarray(py))
    }

    fn feed_all<'py>(&self, py: Python<'py>, tokens: Vec<i64>) -> PyResult<Matrix<'py>> {
        self.rows(py, &tokens, Want::All)
    }

    fn feed_hidden<'py>(&self, py: Python<'py>, tokens: Vec<i64>) -> PyResult<Matrix<'py>> {
        self.rows(py, &tokens, Want::Hidden)
    }

    fn feed_head<'py>(&self, py: Python<'py>, tokens: Vec<i64>) -> PyResult<Matrix<'py>> {
        self.rows(py, &tokens, Want::Head)
    }

    fn fork(&self, py: Python<'_>) -> Self {
        Self::of(self.model.clone_ref(py), self.held().clone())
    }

    fn mark(&self) -> SsmMark {
        SsmMark(self.held().clone())
    }

    fn rollback(&self, py: Python<'_>, mark: &SsmMark) -> PyResult<()> {
        self.held().rollback(&mark.0).map_err(|refusal| raise(py, &self.model.get().path, refusal))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let session = py.detach(|| self.held().clone());
        PyBytes::new(py, session.snapshot())
    }

    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let hash = py.detach(|| self.held().clone().hash());
        PyBytes::new(py, &hash)
    }
}

/// One token for each session of one model, in one batch.
#[pyfunction]
fn ssm_step_many<'py>(
    py: Python<'py>,
    sessions: Vec<Py<SsmSession>>,
    tokens: Vec<i64>,
) -> PyResult<Matrix<'py>> {
    let Some(first) = sessions.first() else {
        return Err(raise(py, "", ssm::SsmError::argument("sessions", "at least one", "none")));
    };
    let owner = first.get().model.get();
    let distinct: std::collections::BTreeSet<usize> =
        sessions.iter().map(|one| one.as_ptr() as usize).collect();
    if distinct.len() != sessions.len() {
        return Err(raise(py, "", ssm::SsmError::argument("sessions", "each session once", "one twice")));
    }
    let result = py.detach(|| {
        // Locked in the order of their addresses, so that two batches cannot wait for each other.
        let mut order: Vec<usize> = (0..sessions.len()).collect();
        order.sort_by_key(|at| sessions[*at].as_ptr() as usize);
        let mut held: Vec<_> = order.iter().map(|at| (*at, sessions[*at].get().held())).collect();
        held.sort_by_key(|(at, _)| *at);
        let mut parts: Vec<&mut Session> = held.iter_mut().map(|(_, session)| &mut **session).collect();
        owner.engines.with(owner.threads, |engine| ssm::step_many(engine, &mut parts, &tokens))
    });
    let numbers = result.map_err(|refusal| raise(py, &owner.path, refusal))?;
    let columns = numbers.len() / sessions.len();
    numbers.to_pyarray(py).reshape([sessions.len(), columns])
}

/// Read the bytes that one step of these sessions reads and writes, and nothing else: its bound.
#[pyfunction]
fn ssm_read(py: Python<'_>, sessions: Vec<Py<SsmSession>>) -> u64 {
    let held: Vec<Session> = sessions.iter().map(|one| one.get().held().clone()).collect();
    let Some(first) = sessions.first() else {
        return 0;
    };
    let owner = first.get().model.get();
    py.detach(|| {
        let states: Vec<&Session> = held.iter().collect();
        owner.engines.with(owner.threads, |engine| engine.read(&states))
    })
}

/// Multiply integers in registers and nothing else: the bound of a prefill; returns how many products.
#[pyfunction]
fn ssm_peak(py: Python<'_>, name: &str, threads: usize, rounds: usize) -> PyResult<u64> {
    let Some(chosen) = Level::named(name) else {
        let expected = "scalar, avx2, avx512 or amx";
        return Err(raise(py, "", ssm::SsmError::argument("level", expected, format!("{name:?}"))));
    };
    let threads = threads.clamp(1, THREADS_MAX);
    Ok(py.detach(|| Team::new(chosen.min(level()), threads).peak(rounds)))
}

/// The format of that name.
fn format_named(py: Python<'_>, name: &str) -> PyResult<Format> {
    Format::named(name)
        .ok_or_else(|| raise(py, "", ssm::SsmError::argument("quant", "f32, q8 or q4", format!("{name:?}"))))
}
