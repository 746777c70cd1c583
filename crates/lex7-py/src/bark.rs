//! Bindings of canonical CBOR, entries, seals and their verification.
use crate::canon::{canon_decode, canon_encode};
use lex7_core::entry::{self, Header};
use lex7_core::key::{self, Bytes32};
use lex7_core::message::{self, Context};
use lex7_core::run::{self, Before, Place};
use lex7_core::seal::{Head, Seal};
use lex7_core::{aead, canon::Reader};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

/// writer, incarnation, sequence, lamport, kind, hash, payload
type EntryRow<'py> =
    (Bound<'py, PyBytes>, u64, u64, u64, Bound<'py, PyAny>, Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>);
/// writer, incarnation, sequence, lamport, hash
type HeadRow = (Bytes32, u64, u64, u64, Bytes32);
/// sequence, code, expected, found
type FaultRow = (u64, &'static str, String, String);
/// entries, seal, faults
type CheckedRun<'py> = (Vec<EntryRow<'py>>, Option<Bound<'py, PyTuple>>, Vec<FaultRow>);

/// Fixed-size values arrive as bytes; anything else is a mistake of the caller.
fn fixed<const N: usize>(value: &[u8], name: &str) -> PyResult<[u8; N]> {
    value.try_into().map_err(|_| PyValueError::new_err(format!("{name} must have {N} bytes")))
}

/// SHA-256 of each part.
#[pyfunction]
fn sha256_many<'py>(py: Python<'py>, parts: Vec<Bound<'py, PyBytes>>) -> Vec<Bound<'py, PyBytes>> {
    parts.iter().map(|part| PyBytes::new(py, &key::sha256(&[part.as_bytes()]))).collect()
}

/// The public key of a 32-byte seed.
#[pyfunction]
fn key_public<'py>(py: Python<'py>, seed: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &key::public_key(&fixed(seed, "seed")?)))
}

/// Whether 32 bytes are a key that may be enrolled.
#[pyfunction]
fn key_is_usable(public: &[u8]) -> bool {
    public.try_into().is_ok_and(|public: &Bytes32| key::is_usable_key(public))
}

/// An Ed25519 signature.
#[pyfunction]
fn key_sign<'py>(py: Python<'py>, seed: &[u8], message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &key::sign(&fixed(seed, "seed")?, message)))
}

/// Whether a signature stands; keys and signatures of another length never do.
#[pyfunction]
fn key_is_signed(py: Python<'_>, public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match (<&Bytes32>::try_from(public), <&[u8; 64]>::try_from(signature)) {
        (Ok(public), Ok(signature)) => py.detach(|| key::is_signed(public, message, signature)),
        _ => false,
    }
}

/// Sign a payload as a COSE_Sign1 message.
#[pyfunction]
fn message_sign<'py>(
    py: Python<'py>,
    seed: &[u8],
    purpose: &str,
    lattice: &[u8],
    payload: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let signed = Context { purpose, lattice }.sign(&fixed(seed, "seed")?, payload);
    Ok(PyBytes::new(py, &signed))
}

/// Signer and payload of a message, and whether its signature stands; None if it cannot be read.
#[pyfunction]
fn message_open<'py>(
    py: Python<'py>,
    data: &[u8],
    purpose: &str,
    lattice: &[u8],
) -> Option<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, bool)> {
    let mut reader = Reader::new(data);
    let message = message::read(&mut reader).ok()?;
    reader.finish().ok()?;
    let is_signed = py.detach(|| Context { purpose, lattice }.is_signed(&message));
    Some((PyBytes::new(py, &message.signer), PyBytes::new(py, message.payload), is_signed))
}

/// The `previous` of a log's first entry.
#[pyfunction]
fn entry_genesis<'py>(py: Python<'py>, lattice: &[u8], writer: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &entry::genesis(lattice, &fixed(writer, "writer")?)))
}

/// Chain items onto a log: the encoded header and the hash of each.
///
/// `before` is writer, incarnation of the new entries, sequence, lamport for the first new entry, hash.
#[pyfunction]
fn run_chain<'py>(
    py: Python<'py>,
    before: HeadRow,
    items: Vec<(u64, Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
) -> Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (writer, incarnation, sequence, lamport, mut previous) = before;
    let mut chained = Vec::with_capacity(items.len());
    for (index, (kind, salt, payload)) in (0u64..).zip(&items) {
        let header = Header {
            writer,
            incarnation,
            sequence: sequence + 1 + index,
            lamport: lamport + index,
            kind: *kind,
            previous,
            commitment: entry::commitment(salt.as_bytes(), payload.as_bytes()),
        };
        let encoded = header.encode();
        previous = key::sha256(&[&encoded]);
        chained.push((PyBytes::new(py, &encoded), PyBytes::new(py, &previous)));
    }
    chained
}

/// Seal encoded headers: the sealed part and the bodies of a run.
#[pyfunction]
fn run_seal<'py>(
    py: Python<'py>,
    seed: &[u8],
    lattice: &[u8],
    headers: Vec<Bound<'py, PyBytes>>,
    bodies: Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>,
    state: (Bytes32, Vec<HeadRow>),
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let seed = fixed(seed, "seed")?;
    let mut read = Vec::with_capacity(headers.len());
    for header in &headers {
        let header = Header::read(&mut Reader::new(header.as_bytes()));
        read.push(header.map_err(|fault| PyValueError::new_err(fault.to_string()))?);
    }
    let (Some((first, _)), Some((last, hash))) = (read.first(), read.last()) else {
        return Err(PyValueError::new_err("a run has at least one entry"));
    };
    let seal = Seal {
        incarnation: first.incarnation,
        first: first.sequence,
        last: last.sequence,
        hash: *hash,
        state_hash: state.0,
        heads: state.1.into_iter().map(head).collect(),
    };
    let context = Context { purpose: lex7_core::seal::PURPOSE, lattice };
    let message = context.sign(&seed, &seal.encode());
    let headers: Vec<Header> = read.iter().map(|pair| pair.0).collect();
    let bodies: Vec<_> =
        bodies.iter().map(|(salt, payload)| Some((salt.as_bytes(), payload.as_bytes()))).collect();
    let sealed = PyBytes::new(py, &run::encode_sealed(&headers, &message));
    Ok((sealed, PyBytes::new(py, &run::encode_bodies(&bodies))))
}

fn head((writer, incarnation, sequence, lamport, hash): HeadRow) -> Head {
    Head { writer, incarnation, sequence, lamport, hash }
}

/// Check a run with the interpreter released: entries, seal and faults.
///
/// `place` is writer and first sequence, `kinds` what to give for each kind's number. The seal is
/// incarnation, first, last, hash, state hash, heads. If there are faults, the rest is empty.
#[pyfunction]
fn run_check<'py>(
    py: Python<'py>,
    sealed: &[u8],
    bodies: Option<&[u8]>,
    lattice: &[u8],
    place: (Bound<'py, PyBytes>, u64),
    before: Option<(u64, u64, Bytes32)>,
    kinds: &Bound<'py, PyTuple>,
) -> PyResult<CheckedRun<'py>> {
    let (writer, first) = place;
    let before = before.map(|(incarnation, lamport, hash)| Before { incarnation, lamport, hash });
    let place = Place { lattice, writer: fixed(writer.as_bytes(), "writer")?, first, before };
    let report = py.detach(|| run::check(sealed, bodies, &place));
    if !report.faults.is_empty() {
        let rows = report.faults.into_iter();
        let rows = rows.map(|fault| (fault.sequence, fault.check.name(), fault.expected, fault.found));
        return Ok((Vec::new(), None, rows.collect()));
    }
    let mut entries = Vec::with_capacity(report.entries.len());
    for entry in &report.entries {
        let header = &entry.header;
        let hash = PyBytes::new(py, &entry.hash);
        let payload = entry.payload.map(|payload| PyBytes::new(py, payload));
        let kind = kinds.get_item(usize::try_from(header.kind)?)?;
        let (incarnation, sequence, lamport) = (header.incarnation, header.sequence, header.lamport);
        entries.push((writer.clone(), incarnation, sequence, lamport, kind, hash, payload));
    }
    let seal = report.seal.map(|seal| seal_row(py, &seal)).transpose()?;
    Ok((entries, seal, Vec::new()))
}

fn seal_row<'py>(py: Python<'py>, seal: &Seal) -> PyResult<Bound<'py, PyTuple>> {
    let bytes = |value: &Bytes32| PyBytes::new(py, value);
    let heads = seal
        .heads
        .iter()
        .map(|head| (bytes(&head.writer), head.incarnation, head.sequence, head.lamport, bytes(&head.hash)));
    let heads: Vec<_> = heads.collect();
    (seal.incarnation, seal.first, seal.last, bytes(&seal.hash), bytes(&seal.state_hash), heads)
        .into_pyobject(py)
}

/// ChaCha20-Poly1305 with the interpreter released; the tag is appended.
#[pyfunction]
fn aead_seal<'py>(
    py: Python<'py>,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    plain: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let (key, nonce) = (fixed(key, "key")?, fixed(nonce, "nonce")?);
    PyBytes::new_with(py, plain.len() + aead::TAG_BYTES, |out| {
        let done = py.detach(|| aead::seal(&key, &nonce, associated, plain, out));
        done.ok_or_else(|| PyValueError::new_err("too large for one nonce"))
    })
}

/// The plain bytes, or None if anything was changed.
#[pyfunction]
fn aead_open<'py>(
    py: Python<'py>,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    sealed: &[u8],
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let (key, nonce) = (fixed(key, "key")?, fixed(nonce, "nonce")?);
    let Some(size) = sealed.len().checked_sub(aead::TAG_BYTES) else {
        return Ok(None);
    };
    let mut is_sound = false;
    let plain = PyBytes::new_with(py, size, |out| {
        is_sound = py.detach(|| aead::open(&key, &nonce, associated, sealed, out)).is_some();
        Ok(())
    })?;
    Ok(is_sound.then_some(plain))
}

/// Add this subject's functions and classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(canon_decode, module)?)?;
    module.add_function(wrap_pyfunction!(canon_encode, module)?)?;
    module.add_function(wrap_pyfunction!(sha256_many, module)?)?;
    module.add_function(wrap_pyfunction!(key_public, module)?)?;
    module.add_function(wrap_pyfunction!(key_is_usable, module)?)?;
    module.add_function(wrap_pyfunction!(key_sign, module)?)?;
    module.add_function(wrap_pyfunction!(key_is_signed, module)?)?;
    module.add_function(wrap_pyfunction!(message_sign, module)?)?;
    module.add_function(wrap_pyfunction!(message_open, module)?)?;
    module.add_function(wrap_pyfunction!(entry_genesis, module)?)?;
    module.add_function(wrap_pyfunction!(run_chain, module)?)?;
    module.add_function(wrap_pyfunction!(run_seal, module)?)?;
    module.add_function(wrap_pyfunction!(run_check, module)?)?;
    module.add_function(wrap_pyfunction!(aead_seal, module)?)?;
    module.add_function(wrap_pyfunction!(aead_open, module)?)?;
    Ok(())
}
