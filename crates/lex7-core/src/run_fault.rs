//! The faults that the check of a run can find, each with the entry it was found at.
use crate::canon::Fault;
use crate::key::Bytes32;

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The bytes of a header, or of the frame around the headers.
    Header,
    /// The bytes of a body.
    Body,
    /// The bytes of a seal.
    Seal,
    /// The writer in a header.
    Writer,
    /// The incarnation in a header.
    Incarnation,
    /// The sequence in a header.
    Sequence,
    /// The Lamport number in a header.
    Lamport,
    /// The hash of an entry against what its successor or its seal says.
    Hash,
    /// The link to the run before.
    Link,
    /// The payload against the header's commitment.
    Payload,
    /// Who signed the seal.
    Signer,
    /// The signature of the seal.
    Signature,
    /// The sequences the seal covers.
    Range,
}

impl Check {
    /// The stable public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "log.header",
            Self::Body => "log.body",
            Self::Seal => "log.seal",
            Self::Writer => "log.writer",
            Self::Incarnation => "log.incarnation",
            Self::Sequence => "log.sequence",
            Self::Lamport => "log.lamport",
            Self::Hash => "log.hash",
            Self::Link => "log.link",
            Self::Payload => "log.payload",
            Self::Signer => "log.signer",
            Self::Signature => "log.signature",
            Self::Range => "log.range",
        }
    }
}

/// One damaged place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFault {
    /// The entry; for a seal, the last entry it covers.
    pub sequence: u64,
    /// What was compared.
    pub check: Check,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl RunFault {
    /// A fault with plain words.
    pub fn new(sequence: u64, check: Check, expected: &str, found: &str) -> Self {
        Self { sequence, check, expected: expected.into(), found: found.into() }
    }

    /// Bytes that cannot be read.
    pub fn encoding(sequence: u64, check: Check, fault: Fault) -> Self {
        Self::new(sequence, check, "canonical bytes", &fault.to_string())
    }
}

/// The first 8 bytes in hexadecimal, for sentences.
pub fn short(bytes: &Bytes32) -> String {
    bytes[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
