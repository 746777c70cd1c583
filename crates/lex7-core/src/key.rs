//! Ed25519 with one acceptance rule.
//!
//! A signature stands if it is canonical (S < L, R and the key in their only spelling), neither R nor the
//! key has small order, and the cofactorless equation holds with R compared as bytes. Libraries differ on
//! these edges; two members that differ here would fold different logs.
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// An Ed25519 public key, seed, or SHA-256 digest.
pub type Bytes32 = [u8; 32];

/// The order of the field, 2^255 − 19, little endian.
const FIELD_PRIME: Bytes32 = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The public key of a seed.
pub fn public_key(seed: &Bytes32) -> Bytes32 {
    SigningKey::from_bytes(seed).verifying_key().to_bytes()
}

/// Sign a message, deterministically (RFC 8032).
pub fn sign(seed: &Bytes32, message: &[u8]) -> [u8; 64] {
    SigningKey::from_bytes(seed).sign(message).to_bytes()
}

/// Whether the signature stands under the rule of this module.
pub fn is_signed(public: &Bytes32, message: &[u8], signature: &[u8; 64]) -> bool {
    match usable_key(public) {
        Some(key) => key.verify_strict(message, &Signature::from_bytes(signature)).is_ok(),
        None => false,
    }
}

/// Whether the bytes are a public key that may be enrolled: canonical and not of small order.
pub fn is_usable_key(public: &Bytes32) -> bool {
    usable_key(public).is_some()
}

fn usable_key(public: &Bytes32) -> Option<VerifyingKey> {
    let mut ordinate = *public;
    ordinate[31] &= 0x7f;
    let is_canonical = ordinate.iter().rev().lt(FIELD_PRIME.iter().rev());
    let key = VerifyingKey::from_bytes(public).ok()?;
    (is_canonical && !key.is_weak()).then_some(key)
}

/// SHA-256 of the concatenation of the parts.
pub fn sha256(parts: &[&[u8]]) -> Bytes32 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}
