//! ChaCha20-Poly1305 (RFC 8439), for files at rest and wrapped keys.
use crate::key::Bytes32;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};

/// Encrypt and authenticate; the tag is appended. A nonce must never repeat under one key.
pub fn seal(key: &Bytes32, nonce: &[u8; 12], associated: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    cipher(key).encrypt(&(*nonce).into(), Payload { msg: plain, aad: associated }).ok()
}

/// Check and decrypt; None if one bit of key, nonce, associated data or text is not as it was sealed.
pub fn open(key: &Bytes32, nonce: &[u8; 12], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    cipher(key).decrypt(&(*nonce).into(), Payload { msg: sealed, aad: associated }).ok()
}

fn cipher(key: &Bytes32) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}
