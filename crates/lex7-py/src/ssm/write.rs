//! Writing model files: a few rows at a time, to a file beside the last name, renamed when it is whole.
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use lex7_core::ssm::{AdapterRows, Header, Layout, Packed, SsmError, TensorWriter, fill_rows, merge};
use numpy::{
    PyArray2, PyArrayMethods, PyReadonlyArray2, PyReadonlyArrayDyn, PyUntypedArrayMethods, ToPyArray,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::error::{raise, unreadable};
use super::format_named;
use super::spec::SsmSpec;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ssm_write, module)?)?;
    module.add_function(wrap_pyfunction!(ssm_random, module)?)?;
    module.add_function(wrap_pyfunction!(ssm_merge, module)?)?;
    Ok(())
}

/// Rows of a tensor from one on, by its name and its place in the layout.
type Rows<'a> = &'a mut dyn FnMut(usize, &mut [f32]);

enum Failure {
    Io(io::Error),
    Refused(SsmError),
}

impl From<io::Error> for Failure {
    fn from(failure: io::Error) -> Self {
        Self::Io(failure)
    }
}

impl From<SsmError> for Failure {
    fn from(refusal: SsmError) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    fn into_python(self, py: Python<'_>, path: &str) -> PyErr {
        match self {
            Self::Io(failure) => unreadable(py, path, &failure),
            Self::Refused(refusal) => raise(py, path, refusal),
        }
    }
}

/// A model file in the making; what is not finished is removed.
struct Draft {
    file: File,
    place: PathBuf,
    header: Header,
    layout: Layout,
    done: Vec<bool>,
}

impl Draft {
    fn new(path: &str, spec: &SsmSpec, quant: &str, meta: &[u8], py: Python<'_>) -> PyResult<Self> {
        let format = format_named(py, quant)?;
        let layout =
            Layout::new(&spec.0, format, meta.len() as u64).map_err(|refusal| raise(py, path, refusal))?;
        let place = PathBuf::from(format!("{path}.part"));
        let file = File::create(&place).map_err(|failure| unreadable(py, path, &failure))?;
        let count = layout.places.len();
        let header = Header { spec: spec.0, format, meta: meta.to_vec(), hashes: vec![[0; 32]; count] };
        Ok(Self { file, place, header, layout, done: vec![false; count] })
    }

    fn tensor(&mut self, index: usize, rows: Rows<'_>) -> Result<(), Failure> {
        let place = &self.layout.places[index];
        let (count, columns) = place.sides();
        let mut writer = TensorWriter::new(place);
        let step = writer.rows_at_once();
        let mut numbers = vec![0.0; step.min(count) * columns];
        for first in (0..count).step_by(step) {
            let now = step.min(count - first);
            rows(first, &mut numbers[..now * columns]);
            let Packed { offset, bytes } = writer.push(&numbers[..now * columns])?;
            self.file.write_all_at(&bytes, offset)?;
        }
        self.header.hashes[index] = writer.finish()?;
        self.done[index] = true;
        Ok(())
    }

    fn finish(self, path: &str) -> Result<[u8; 32], Failure> {
        if let Some(index) = self.done.iter().position(|done| !done) {
            let name = &self.layout.places[index].name;
            return Err(SsmError::argument("tensors", format!("with {name}"), "none of that name").into());
        }
        self.file.write_all_at(&self.header.encode(&self.layout), 0)?;
        self.file.set_len(self.layout.file_bytes)?;
        (&self.file).flush()?;
        self.file.sync_all()?;
        std::fs::rename(&self.place, path)?;
        Ok(self.header.weights_hash(&self.layout))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After the rename there is nothing of that name; before it, a part of a file helps nobody.
        let _ = std::fs::remove_file(&self.place);
    }
}

/// Write a model file from tensors in any order.
#[pyfunction]
fn ssm_write<'py>(
    py: Python<'py>,
    path: &str,
    spec: &SsmSpec,
    quant: &str,
    meta: &[u8],
    tensors: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut draft = Draft::new(path, spec, quant, meta, py)?;
    for item in tensors.try_iter()? {
        let (name, array): (String, PyReadonlyArrayDyn<'_, f32>) = item?.extract()?;
        let Some(index) = draft.layout.find(&name) else {
            return Err(raise(py, path, SsmError::argument("tensor name", "one of this shape", name)));
        };
        let place = &draft.layout.places[index];
        if draft.done[index] {
            return Err(raise(py, path, SsmError::argument("tensor name", "each name once", name)));
        }
        if array.shape() != place.shape {
            let (expected, got) = (format!("{:?}", place.shape), format!("{:?}", array.shape()));
            return Err(raise(py, path, SsmError::argument(format!("shape of {name}"), expected, got)));
        }
        let columns = place.sides().1;
        let numbers = array.as_slice()?;
        let done = py.detach(|| {
            draft.tensor(index, &mut |first, out| {
                out.copy_from_slice(&numbers[first * columns..first * columns + out.len()]);
            })
        });
        done.map_err(|failure| failure.into_python(py, path))?;
    }
    let hash = py.detach(|| draft.finish(path)).map_err(|failure| failure.into_python(py, path))?;
    Ok(PyBytes::new(py, &hash))
}

/// Write random weights.
#[pyfunction]
fn ssm_random<'py>(
    py: Python<'py>,
    path: &str,
    spec: &SsmSpec,
    quant: &str,
    meta: &[u8],
    seed: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut draft = Draft::new(path, spec, quant, meta, py)?;
    let made = py.detach(|| {
        for index in 0..draft.layout.places.len() {
            let place = draft.layout.places[index].clone();
            draft.tensor(index, &mut |first, out| fill_rows(&place, index as u32, seed, first, out))?;
        }
        draft.finish(path)
    });
    Ok(PyBytes::new(py, &made.map_err(|failure| failure.into_python(py, path))?))
}

/// weight + scale · b a.
#[pyfunction]
fn ssm_merge<'py>(
    py: Python<'py>,
    weight: PyReadonlyArray2<'py, f32>,
    a: PyReadonlyArray2<'py, f32>,
    b: PyReadonlyArray2<'py, f32>,
    scale: f32,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let (rank, columns) = (a.as_array().nrows(), weight.as_array().ncols());
    let rows = weight.as_array().nrows();
    let (numbers, a, b) = (weight.as_slice()?, a.as_slice()?, b.as_slice()?);
    let change = AdapterRows { name: "weight", a, b, rank, scale };
    let merged = py.detach(|| merge(numbers, columns, change)).map_err(|refusal| raise(py, "", refusal))?;
    merged.to_pyarray(py).reshape([rows, columns])
}
