//! Runs: up to 64 chained entries under one seal, and the check that finds every damaged place in them.
//!
//! Two byte strings, on disk and on the wire alike. Sealed, which every member may hold, is
//! `[1, [header, ...], seal message]`. Bodies, which only permitted members hold, is
//! `[1, [[salt, payload] or null, ...]]`, one per header.
use crate::canon::{Fault, FaultCode, Item, Reader};
use crate::canon_writer::Writer;
use crate::entry::{Header, SALT_BYTES, commitment};
use crate::key::Bytes32;
use crate::message::{self, Context, Unverified};
use crate::run_fault::{Check, RunFault, short};
use crate::seal::{PURPOSE, Seal};

/// The version of both byte strings.
pub const FORMAT_VERSION: u64 = 1;

/// The most entries under one seal.
pub const ENTRIES_MAX: usize = 64;

/// Where a run stands in its log.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The lattice of the log.
    pub lattice: &'a [u8],
    /// Whose log it is.
    pub writer: Bytes32,
    /// The sequence that the run must begin with.
    pub first: u64,
    /// The entry before it, where that is known to be sound.
    pub before: Option<Before>,
}

/// The entry before a run.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// Its incarnation.
    pub incarnation: u64,
    /// Its Lamport number.
    pub lamport: u64,
    /// Its hash.
    pub hash: Bytes32,
}

/// An entry and what was recomputed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct CheckedEntry<'a> {
    /// The header.
    pub header: Header,
    /// The hash of the header.
    pub hash: Bytes32,
    /// The payload, if its body is here.
    pub payload: Option<&'a [u8]>,
}

/// What a check found; nothing in it may be used unless `faults` is empty.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// The entries, as far as they could be read.
    pub entries: Vec<CheckedEntry<'a>>,
    /// The seal, if it could be read.
    pub seal: Option<Seal>,
    /// Every damaged place, by sequence.
    pub faults: Vec<RunFault>,
}

/// Encode the part of a run that every member may hold.
pub fn encode_sealed(headers: &[Header], seal_message: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.item(Item::Array(3)).unsigned(FORMAT_VERSION).item(Item::Array(headers.len()));
    for header in headers {
        writer.encoded(&header.encode());
    }
    writer.encoded(seal_message);
    writer.into_bytes()
}

/// Encode the detachable part of a run.
pub fn encode_bodies(bodies: &[Option<(&[u8], &[u8])>]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.item(Item::Array(2)).unsigned(FORMAT_VERSION).item(Item::Array(bodies.len()));
    for body in bodies {
        match body {
            Some((salt, payload)) => {
                writer.item(Item::Array(2)).item(Item::Bytes(salt)).item(Item::Bytes(payload));
            }
            None => {
                writer.item(Item::Null);
            }
        }
    }
    writer.into_bytes()
}

/// Check a run: encoding, chain, payloads, Lamport numbers and the seal.
pub fn check<'a>(sealed: &'a [u8], bodies: Option<&'a [u8]>, place: &Place<'_>) -> Report<'a> {
    let mut report = Report::default();
    let Some(message) = read_sealed(sealed, place.first, &mut report) else {
        return report;
    };
    check_seal(&message, place, &mut report);
    let damaged = check_links(place, &mut report);
    let payloads = read_bodies(bodies, place.first, &mut report);
    for (index, is_damaged) in damaged.iter().copied().enumerate() {
        if let Some(Some((salt, payload))) = payloads.get(index) {
            report.entries[index].payload = Some(payload);
            if !is_damaged && commitment(salt, payload) != report.entries[index].header.commitment {
                let sequence = place.first + index as u64;
                report.faults.push(RunFault::new(
                    sequence,
                    Check::Payload,
                    "the payload its header names",
                    "another",
                ));
            }
        }
        if !is_damaged {
            check_header(index, place, &mut report);
        }
    }
    report.faults.sort_by_key(|fault| fault.sequence);
    report
}

fn read_sealed<'a>(sealed: &'a [u8], first: u64, report: &mut Report<'a>) -> Option<Unverified<'a>> {
    let mut reader = Reader::new(sealed);
    let count = match read_preamble(&mut reader, 3) {
        Ok(count) => count,
        Err(fault) => {
            report.faults.push(RunFault::encoding(first, Check::Header, fault));
            return None;
        }
    };
    report.entries.reserve_exact(count);
    for index in 0..count {
        match Header::read(&mut reader) {
            Ok((header, hash)) => report.entries.push(CheckedEntry { header, hash, payload: None }),
            Err(fault) => {
                report.faults.push(RunFault::encoding(first + index as u64, Check::Header, fault));
                return None;
            }
        }
    }
    match message::read(&mut reader).and_then(|message| reader.finish().map(|()| message)) {
        Ok(message) => Some(message),
        Err(fault) => {
            report.faults.push(RunFault::encoding(first + count as u64 - 1, Check::Seal, fault));
            None
        }
    }
}

fn read_preamble(reader: &mut Reader<'_>, parts: usize) -> Result<usize, Fault> {
    reader.array_of(parts)?;
    let start = reader.offset();
    if reader.unsigned()? != FORMAT_VERSION {
        return Err(Fault { code: FaultCode::Shape, offset: start });
    }
    let start = reader.offset();
    match reader.array_up_to(ENTRIES_MAX)? {
        0 => Err(Fault { code: FaultCode::Shape, offset: start }),
        count => Ok(count),
    }
}

fn check_seal(message: &Unverified<'_>, place: &Place<'_>, report: &mut Report<'_>) {
    let last = place.first + report.entries.len() as u64 - 1;
    let context = Context { purpose: PURPOSE, lattice: place.lattice };
    let mut refuse = |check, expected: String, found: String| {
        report.faults.push(RunFault { sequence: last, check, expected, found });
    };
    if message.signer != place.writer {
        return refuse(Check::Signer, short(&place.writer), short(&message.signer));
    }
    if !context.is_signed(message) {
        return refuse(Check::Signature, "a signature by the writer".into(), "one that does not fit".into());
    }
    match Seal::decode(message.payload) {
        Ok(seal) => {
            if (seal.first, seal.last) != (place.first, last) {
                let expected = format!("entries {} to {last}", place.first);
                refuse(Check::Range, expected, format!("entries {} to {}", seal.first, seal.last));
            }
            report.seal = Some(seal);
        }
        Err(fault) => report.faults.push(RunFault::encoding(last, Check::Seal, fault)),
    }
}

/// Compare every hash with what the next header, or the seal, says it is.
///
/// A changed `previous` field breaks the link into its entry and, because the entry's own hash changes,
/// the link out of it. So in a stretch of broken links the last one starts at a damaged entry.
fn check_links(place: &Place<'_>, report: &mut Report<'_>) -> Vec<bool> {
    let count = report.entries.len();
    let mut damaged = vec![false; count];
    let named: Vec<Option<Bytes32>> = (1..=count)
        .map(|next| match report.entries.get(next) {
            Some(next) => Some(next.header.previous),
            None => report.seal.as_ref().map(|seal| seal.hash),
        })
        .collect();
    let is_broken = |index: usize| match (named.get(index), report.entries.get(index)) {
        (Some(Some(named)), Some(entry)) => *named != entry.hash,
        _ => false,
    };
    let mut faults = Vec::new();
    for (index, mark) in damaged.iter_mut().enumerate() {
        *mark = is_broken(index) && !is_broken(index + 1);
        if let (true, Some(named)) = (*mark, named[index]) {
            let (expected, found) = (short(&named), short(&report.entries[index].hash));
            faults.push(RunFault {
                sequence: place.first + index as u64,
                check: Check::Hash,
                expected,
                found,
            });
        }
    }
    if let (Some(before), Some(entry)) = (place.before, report.entries.first())
        && entry.header.previous != before.hash
        && !damaged[0]
    {
        let (expected, found) = (short(&before.hash), short(&entry.header.previous));
        faults.push(RunFault { sequence: place.first, check: Check::Link, expected, found });
    }
    report.faults.append(&mut faults);
    damaged
}

type Body<'a> = Option<(&'a [u8], &'a [u8])>;

fn read_bodies<'a>(bodies: Option<&'a [u8]>, first: u64, report: &mut Report<'_>) -> Vec<Body<'a>> {
    let Some(bodies) = bodies else {
        return Vec::new();
    };
    let mut reader = Reader::new(bodies);
    let mut read: Vec<Body<'a>> = Vec::with_capacity(report.entries.len());
    let outcome = read_preamble(&mut reader, 2).and_then(|count| {
        if count != report.entries.len() {
            return Err(Fault { code: FaultCode::Shape, offset: 0 });
        }
        for _ in 0..count {
            read.push(read_body(&mut reader)?);
        }
        reader.finish()
    });
    if let Err(fault) = outcome {
        let index = read.len().min(report.entries.len() - 1);
        report.faults.push(RunFault::encoding(first + index as u64, Check::Body, fault));
    }
    read
}

fn read_body<'a>(reader: &mut Reader<'a>) -> Result<Body<'a>, Fault> {
    let start = reader.offset();
    match reader.item()? {
        Item::Null => Ok(None),
        Item::Array(2) => {
            let salt = reader.bytes()?;
            let payload = reader.bytes()?;
            if salt.len() == SALT_BYTES {
                Ok(Some((salt, payload)))
            } else {
                Err(Fault { code: FaultCode::Shape, offset: start })
            }
        }
        _ => Err(Fault { code: FaultCode::Shape, offset: start }),
    }
}

fn check_header(index: usize, place: &Place<'_>, report: &mut Report<'_>) {
    let header = report.entries[index].header;
    let sequence = place.first + index as u64;
    let seal = report.seal.as_ref();
    let faults = &mut report.faults;
    if header.writer != place.writer {
        let (expected, found) = (short(&place.writer), short(&header.writer));
        faults.push(RunFault { sequence, check: Check::Writer, expected, found });
    }
    let mut compare = |check: Check, expected: u64, found: u64| {
        if expected != found {
            faults.push(RunFault::new(sequence, check, &expected.to_string(), &found.to_string()));
        }
    };
    compare(Check::Sequence, sequence, header.sequence);
    if let Some(seal) = seal {
        compare(Check::Incarnation, seal.incarnation, header.incarnation);
    }
    if index > 0 {
        compare(Check::Lamport, report.entries[index - 1].header.lamport + 1, header.lamport);
    } else if let (Some(before), Some(seal)) = (place.before, seal) {
        compare(Check::Lamport, seal.lamport_after(before.lamport), header.lamport);
        compare(Check::Incarnation, before.incarnation.max(header.incarnation), header.incarnation);
    }
}
