//! Signed messages in the shape of COSE_Sign1 (RFC 9052 §4.2), without its tag and with nothing optional.
//!
//! `[protected, {}, payload, signature]`, where protected is the encoding of `{1: -8, 4: signer}`. The
//! external data name purpose, protocol version and lattice, so a signature made for one purpose or
//! lattice is worth nothing for another.
use crate::canon::{Fault, FaultCode, Item, Reader};
use crate::canon_writer::Writer;
use crate::key::{self, Bytes32};

/// The protocol version that every signature names.
pub const PROTOCOL_VERSION: u64 = 1;

/// What a signature is for.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// A name from the specification, for example `lex7.seal`.
    pub purpose: &'a str,
    /// The lattice it is valid in.
    pub lattice: &'a [u8],
}

/// A message as it was read; nothing is known yet about its signature.
#[derive(Clone, Copy, Debug)]
pub struct Unverified<'a> {
    protected: &'a [u8],
    /// Who claims to have signed.
    pub signer: Bytes32,
    /// What is claimed to be signed.
    pub payload: &'a [u8],
    signature: [u8; 64],
}

/// The bytes that an Ed25519 signature of COSE_Sign1 covers.
pub fn to_be_signed(protected: &[u8], external: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer
        .item(Item::Array(4))
        .item(Item::Text("Signature1"))
        .item(Item::Bytes(protected))
        .item(Item::Bytes(external))
        .item(Item::Bytes(payload));
    writer.into_bytes()
}

impl Context<'_> {
    fn external(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.item(Item::Map(3)).unsigned(1).item(Item::Text(self.purpose));
        writer.unsigned(2).unsigned(PROTOCOL_VERSION).unsigned(3).item(Item::Bytes(self.lattice));
        writer.into_bytes()
    }

    /// Sign a payload.
    pub fn sign(&self, seed: &Bytes32, payload: &[u8]) -> Vec<u8> {
        let protected = protected(&key::public_key(seed));
        let signature = key::sign(seed, &to_be_signed(&protected, &self.external(), payload));
        let mut writer = Writer::new();
        writer.item(Item::Array(4)).item(Item::Bytes(&protected)).item(Item::Map(0));
        writer.item(Item::Bytes(payload)).item(Item::Bytes(&signature));
        writer.into_bytes()
    }

    /// Whether the signature of a message stands in this context.
    pub fn is_signed(&self, message: &Unverified<'_>) -> bool {
        let covered = to_be_signed(message.protected, &self.external(), message.payload);
        key::is_signed(&message.signer, &covered, &message.signature)
    }
}

/// Read a message that stands at the reader.
pub fn read<'a>(reader: &mut Reader<'a>) -> Result<Unverified<'a>, Fault> {
    reader.array_of(4)?;
    let start = reader.offset();
    let protected = reader.bytes()?;
    let signer = signer(protected).map_err(|_| Fault { code: FaultCode::Shape, offset: start })?;
    reader.map_of(0)?;
    let payload = reader.bytes()?;
    let signature = reader.bytes_of::<64>()?;
    Ok(Unverified { protected, signer, payload, signature })
}

fn protected(signer: &Bytes32) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.item(Item::Map(2)).unsigned(1).item(Item::Integer(-8)).unsigned(4).item(Item::Bytes(signer));
    writer.into_bytes()
}

fn signer(protected: &[u8]) -> Result<Bytes32, Fault> {
    let mut reader = Reader::new(protected);
    reader.map_of(2)?;
    reader.key_of(1)?;
    let start = reader.offset();
    if reader.item()? != Item::Integer(-8) {
        return Err(Fault { code: FaultCode::Shape, offset: start });
    }
    reader.key_of(4)?;
    let signer = reader.bytes_of::<32>()?;
    reader.finish()?;
    Ok(signer)
}
