//! Canonical CBOR to and from Python objects.
//!
//! Decoding borrows the bytes and builds int, bytes, str, tuple, dict, bool and None.
use lex7_core::canon::{self, Builder, Fault, FaultCode, Item, Limits};
use lex7_core::canon_writer::Writer;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};

/// What can go wrong: a refusal of ours, or the interpreter itself.
enum Failure {
    Refused(Fault),
    Python(PyErr),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Failure {
    fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Refused(fault) => refusal(py, fault),
            Self::Python(error) => error,
        }
    }
}

/// `NotCanonicalError(code, offset)`.
fn refusal(py: Python<'_>, fault: Fault) -> PyErr {
    let made = py
        .import("lex7.bark.faults")
        .and_then(|module| module.getattr("NotCanonicalError"))
        .and_then(|class| class.call1((fault.code.name(), fault.offset)));
    match made {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

struct PythonBuilder<'py> {
    py: Python<'py>,
}

impl<'py> Builder for PythonBuilder<'py> {
    type Value = Bound<'py, PyAny>;
    type Error = Failure;

    fn scalar(&mut self, item: Item<'_>) -> Result<Self::Value, Failure> {
        let py = self.py;
        Ok(match item {
            Item::Integer(value) => value.into_pyobject(py).map_err(PyErr::from)?.into_any(),
            Item::Bytes(value) => PyBytes::new(py, value).into_any(),
            Item::Text(value) => PyString::new(py, value).into_any(),
            Item::Boolean(value) => PyBool::new(py, value).to_owned().into_any(),
            Item::Null | Item::Array(_) | Item::Map(_) => py.None().into_bound(py),
        })
    }

    fn array(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Failure> {
        Ok(PyTuple::new(self.py, items)?.into_any())
    }

    fn map(&mut self, pairs: Vec<(u64, Self::Value)>) -> Result<Self::Value, Failure> {
        let map = PyDict::new(self.py);
        for (key, value) in pairs {
            map.set_item(key, value)?;
        }
        Ok(map.into_any())
    }
}

/// Decode one value; copies what it keeps.
#[pyfunction]
pub(crate) fn canon_decode<'py>(
    py: Python<'py>,
    data: &[u8],
    bytes_max: usize,
    depth_max: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let limits = Limits { bytes_max, depth_max };
    canon::decode(data, limits, &mut PythonBuilder { py }).map_err(|failure| failure.raise(py))
}

/// Encode one value.
#[pyfunction]
pub(crate) fn canon_encode<'py>(
    py: Python<'py>,
    value: &Bound<'py, PyAny>,
    bytes_max: usize,
    depth_max: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut encoder = Encoder { writer: Writer::new(), bytes_max };
    encoder.value(value, depth_max).map_err(|failure| failure.raise(py))?;
    Ok(PyBytes::new(py, &encoder.writer.into_bytes()))
}

struct Encoder {
    writer: Writer,
    bytes_max: usize,
}

impl Encoder {
    fn refuse(&self, code: FaultCode) -> Failure {
        Failure::Refused(Fault { code, offset: self.writer.size() })
    }

    fn value(&mut self, value: &Bound<'_, PyAny>, depth_left: usize) -> Result<(), Failure> {
        if let Ok(flag) = value.cast::<PyBool>() {
            self.writer.item(Item::Boolean(flag.is_true()));
        } else if value.cast::<PyInt>().is_ok() {
            let integer = value.extract::<i64>().map_err(|_| self.refuse(FaultCode::IntegerRange))?;
            self.writer.item(Item::Integer(integer));
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            self.writer.item(Item::Bytes(bytes.as_bytes()));
        } else if let Ok(text) = value.cast::<PyString>() {
            let text = text.to_str().map_err(|_| self.refuse(FaultCode::Text))?;
            self.writer.item(Item::Text(text));
        } else if value.is_none() {
            self.writer.item(Item::Null);
        } else {
            return self.container(value, depth_left);
        }
        self.check_size()
    }

    fn container(&mut self, value: &Bound<'_, PyAny>, depth_left: usize) -> Result<(), Failure> {
        let is_container = value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>();
        if !is_container && !value.is_instance_of::<PyDict>() {
            return Err(self.refuse(FaultCode::Type));
        }
        let Some(depth_left) = depth_left.checked_sub(1) else {
            return Err(self.refuse(FaultCode::Depth));
        };
        if let Ok(map) = value.cast::<PyDict>() {
            return self.map(map, depth_left);
        }
        self.writer.item(Item::Array(value.len()?));
        self.check_size()?;
        for item in value.try_iter()? {
            self.value(&item?, depth_left)?;
        }
        Ok(())
    }

    fn map(&mut self, map: &Bound<'_, PyDict>, depth_left: usize) -> Result<(), Failure> {
        let mut pairs: Vec<(u64, Bound<'_, PyAny>)> = Vec::with_capacity(map.len());
        for (key, value) in map.iter() {
            if key.is_instance_of::<PyBool>() || !key.is_instance_of::<PyInt>() {
                return Err(self.refuse(FaultCode::KeyType));
            }
            match key.extract::<i64>() {
                Ok(key) if key >= 0 => pairs.push((key.unsigned_abs(), value)),
                _ => return Err(self.refuse(FaultCode::KeyType)),
            }
        }
        pairs.sort_unstable_by_key(|pair| pair.0);
        self.writer.item(Item::Map(pairs.len()));
        self.check_size()?;
        for (key, value) in pairs {
            self.writer.unsigned(key);
            self.value(&value, depth_left)?;
        }
        Ok(())
    }

    fn check_size(&self) -> Result<(), Failure> {
        if self.writer.size() > self.bytes_max { Err(self.refuse(FaultCode::Size)) } else { Ok(()) }
    }
}
