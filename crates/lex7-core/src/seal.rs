//! Seals: one signature over a run of chained entries.
//!
//! The payload of the signed message, with purpose `lex7.seal`, is `{1: incarnation, 2: first sequence,
//! 3: last sequence, 4: hash of the last entry, 5: state hash, 6: heads}`; a head is
//! `[writer, incarnation, sequence, lamport, hash]` and heads ascend strictly by writer.
use crate::canon::{Fault, FaultCode, Item, Reader};
use crate::canon_writer::Writer;
use crate::key::Bytes32;

/// The purpose that a seal's signature names.
pub const PURPOSE: &str = "lex7.seal";

/// The most heads in one seal: the members of a lattice.
pub const HEADS_MAX: usize = 256;

/// The last entry of a log that somebody has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose log.
    pub writer: Bytes32,
    /// Which life of that writer.
    pub incarnation: u64,
    /// The sequence of the entry; 0 for an empty log.
    pub sequence: u64,
    /// The Lamport number of the entry.
    pub lamport: u64,
    /// The hash of the entry; the genesis hash for an empty log.
    pub hash: Bytes32,
}

/// What a seal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The incarnation of every entry of the run.
    pub incarnation: u64,
    /// The sequence of the first entry.
    pub first: u64,
    /// The sequence of the last entry.
    pub last: u64,
    /// The hash of the last entry.
    pub hash: Bytes32,
    /// The hash of the fold state after the last entry.
    pub state_hash: Bytes32,
    /// The heads of other logs that this state was taken at.
    pub heads: Vec<Head>,
}

impl Seal {
    /// The canonical bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.item(Item::Map(6)).unsigned(1).unsigned(self.incarnation);
        writer.unsigned(2).unsigned(self.first).unsigned(3).unsigned(self.last);
        writer.unsigned(4).item(Item::Bytes(&self.hash));
        writer.unsigned(5).item(Item::Bytes(&self.state_hash));
        writer.unsigned(6).item(Item::Array(self.heads.len()));
        for head in &self.heads {
            writer.item(Item::Array(5)).item(Item::Bytes(&head.writer)).unsigned(head.incarnation);
            writer.unsigned(head.sequence).unsigned(head.lamport).item(Item::Bytes(&head.hash));
        }
        writer.into_bytes()
    }

    /// Read the signed payload of a seal.
    pub fn decode(payload: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(payload);
        reader.map_of(6)?;
        reader.key_of(1)?;
        let incarnation = reader.unsigned()?;
        reader.key_of(2)?;
        let first = reader.unsigned()?;
        reader.key_of(3)?;
        let last = reader.unsigned()?;
        reader.key_of(4)?;
        let hash = reader.bytes_of()?;
        reader.key_of(5)?;
        let state_hash = reader.bytes_of()?;
        reader.key_of(6)?;
        let count = reader.array_up_to(HEADS_MAX)?;
        let mut heads: Vec<Head> = Vec::with_capacity(count);
        for _ in 0..count {
            let start = reader.offset();
            let head = read_head(&mut reader)?;
            if heads.last().is_some_and(|before| head.writer <= before.writer) {
                return Err(Fault { code: FaultCode::Shape, offset: start });
            }
            heads.push(head);
        }
        reader.finish()?;
        Ok(Self { incarnation, first, last, hash, state_hash, heads })
    }

    /// The Lamport number that the first entry of the run must have.
    pub fn lamport_after(&self, own_previous: u64) -> u64 {
        1 + self.heads.iter().map(|head| head.lamport).fold(own_previous, u64::max)
    }
}

fn read_head(reader: &mut Reader<'_>) -> Result<Head, Fault> {
    reader.array_of(5)?;
    Ok(Head {
        writer: reader.bytes_of()?,
        incarnation: reader.unsigned()?,
        sequence: reader.unsigned()?,
        lamport: reader.unsigned()?,
        hash: reader.bytes_of()?,
    })
}
