//! ChaCha20-Poly1305 (RFC 8439), for files at rest and wrapped keys.
use crate::key::Bytes32;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut, KeyInit};

/// Bytes of the tag after the sealed text.
pub const TAG_BYTES: usize = 16;

/// Encrypt and authenticate into `out`, which is longer than `plain` by the tag. A nonce must never
/// repeat under one key. None if the sizes do not fit.
pub fn seal(key: &Bytes32, nonce: &[u8; 12], associated: &[u8], plain: &[u8], out: &mut [u8]) -> Option<()> {
    let (text, tag) = out.split_at_mut_checked(plain.len())?;
    text.copy_from_slice(plain);
    let made = cipher(key).encrypt_inout_detached(&(*nonce).into(), associated, text.into()).ok()?;
    (tag.len() == TAG_BYTES).then(|| tag.copy_from_slice(&made))
}

/// Check and decrypt into `out`, which is shorter than `sealed` by the tag; None if one bit of key, nonce,
/// associated data or text is not as it was sealed, and then `out` holds nothing of use.
pub fn open(key: &Bytes32, nonce: &[u8; 12], associated: &[u8], sealed: &[u8], out: &mut [u8]) -> Option<()> {
    let (text, tag) = sealed.split_at_checked(out.len())?;
    let tag = <&[u8; TAG_BYTES]>::try_from(tag).ok()?;
    out.copy_from_slice(text);
    cipher(key).decrypt_inout_detached(&(*nonce).into(), associated, out.into(), &(*tag).into()).ok()
}

fn cipher(key: &Bytes32) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(*key).into())
}
