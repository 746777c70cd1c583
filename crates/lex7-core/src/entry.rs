//! Entries: the header that the chain covers, and the body that may be detached from it.
//!
//! These bytes are on disk and on the wire; they may never change. A header is
//! `{1: writer, 2: incarnation, 3: sequence, 4: lamport, 5: kind, 6: previous, 7: commitment}`, its hash
//! is SHA-256 of the encoding, and commitment = SHA-256(salt ‖ payload) with 16 bytes of salt.
use crate::canon::Item;
use crate::canon::{Fault, FaultCode, Reader};
use crate::canon_writer::Writer;
use crate::key::{Bytes32, sha256};

/// Bytes of salt before a payload.
pub const SALT_BYTES: usize = 16;

/// The highest kind of entry that this version knows; kinds count from 1.
pub const KIND_MAX: u64 = 16;

/// The public part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whose log it stands in.
    pub writer: Bytes32,
    /// Which life of that writer: a restored backup starts a new one.
    pub incarnation: u64,
    /// Its place in the log, from 1.
    pub sequence: u64,
    /// Its place in the order of the lattice.
    pub lamport: u64,
    /// What the payload is.
    pub kind: u64,
    /// The hash of the header before it; see `genesis` for the first.
    pub previous: Bytes32,
    /// SHA-256 of salt and payload.
    pub commitment: Bytes32,
}

impl Header {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.item(Item::Map(7)).unsigned(1).item(Item::Bytes(&self.writer));
        writer.unsigned(2).unsigned(self.incarnation).unsigned(3).unsigned(self.sequence);
        writer.unsigned(4).unsigned(self.lamport).unsigned(5).unsigned(self.kind);
        writer.unsigned(6).item(Item::Bytes(&self.previous));
        writer.unsigned(7).item(Item::Bytes(&self.commitment));
        writer.into_bytes()
    }

    /// Read a header that stands at the reader; the second value is its hash.
    pub fn read(reader: &mut Reader<'_>) -> Result<(Self, Bytes32), Fault> {
        let start = reader.offset();
        reader.map_of(7)?;
        reader.key_of(1)?;
        let writer = reader.bytes_of()?;
        reader.key_of(2)?;
        let incarnation = reader.unsigned()?;
        reader.key_of(3)?;
        let sequence = reader.unsigned()?;
        reader.key_of(4)?;
        let lamport = reader.unsigned()?;
        reader.key_of(5)?;
        let place = reader.offset();
        let kind = reader.unsigned()?;
        if kind == 0 || kind > KIND_MAX {
            return Err(Fault { code: FaultCode::Shape, offset: place });
        }
        reader.key_of(6)?;
        let previous = reader.bytes_of()?;
        reader.key_of(7)?;
        let commitment = reader.bytes_of()?;
        let header = Self { writer, incarnation, sequence, lamport, kind, previous, commitment };
        Ok((header, sha256(&[reader.since(start)])))
    }
}

/// What the first entry of a log has for `previous`; it binds the chain to lattice and writer.
pub fn genesis(lattice: &[u8], writer: &Bytes32) -> Bytes32 {
    let mut bytes = Writer::new();
    bytes.item(Item::Array(3)).item(Item::Text("lex7.genesis"));
    bytes.item(Item::Bytes(lattice)).item(Item::Bytes(writer));
    sha256(&[&bytes.into_bytes()])
}

/// What a header commits to.
pub fn commitment(salt: &[u8], payload: &[u8]) -> Bytes32 {
    sha256(&[salt, payload])
}
