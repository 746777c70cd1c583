//! The head of a model file: shape, hashes and notes.

use super::{Layout, Spec, SsmError};
use crate::key::sha256;
use lex7_kernels::Format;

/// The version of the format that is written; no other is read.
pub const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"lex7-ssm";
/// Bytes of the fields that the weights hash covers.
const FIELDS_BYTES: usize = 88;
const HASH_OFFSET: usize = 88;
const HEADER_BYTES: usize = super::layout::HEADER_BYTES as usize;

/// What stands before the tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The shape.
    pub spec: Spec,
    /// How matrices are packed.
    pub format: Format,
    /// Notes of whoever wrote the file (tokenizer, origin); the runtime does not read them.
    pub meta: Vec<u8>,
    /// SHA-256 of each tensor's bytes.
    pub hashes: Vec<[u8; 32]>,
}

impl Header {
    /// The hash that names the weights: of the fields, the notes and every tensor.
    pub fn weights_hash(&self, layout: &Layout) -> [u8; 32] {
        let fields = self.fields(layout);
        let meta = sha256(&[&self.meta]);
        sha256(&[&fields, &meta, self.hashes.as_flattened()])
    }

    fn fields(&self, layout: &Layout) -> [u8; FIELDS_BYTES] {
        let spec = &self.spec;
        let mut out = [0; FIELDS_BYTES];
        out[..8].copy_from_slice(MAGIC);
        let integers = [
            VERSION as usize,
            format_code(self.format) as usize,
            spec.d_model,
            spec.n_layer,
            spec.vocab,
            spec.vocab_padded,
            spec.d_inner,
            spec.d_state,
            spec.head_dim,
            spec.n_groups,
            spec.d_conv,
            usize::from(spec.tied),
            spec.head_outputs,
        ];
        let floats = [spec.norm_eps, spec.dt_limit.0, spec.dt_limit.1];
        let words = integers.map(|value| value as u32).into_iter().chain(floats.map(f32::to_bits));
        for (place, word) in out[8..].chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        out[72..80].copy_from_slice(&(self.meta.len() as u64).to_le_bytes());
        out[80..88].copy_from_slice(&layout.file_bytes.to_le_bytes());
        out
    }

    /// The bytes before the first tensor.
    pub fn encode(&self, layout: &Layout) -> Vec<u8> {
        let mut out = self.fields(layout).to_vec();
        out.extend(self.weights_hash(layout));
        out.resize(HEADER_BYTES, 0);
        out.extend(self.hashes.as_flattened());
        out.extend(&self.meta);
        out
    }

    /// Read the head of a file and check all of it: lengths, ranges and the hash over it.
    ///
    /// # Errors
    /// The first field that is not what it must be.
    pub fn decode(data: &[u8]) -> Result<(Self, Layout), SsmError> {
        let fixed = data.get(..HEADER_BYTES).ok_or_else(|| {
            SsmError::file("size", format!("at least {HEADER_BYTES} bytes"), format!("{} bytes", data.len()))
        })?;
        if &fixed[..8] != MAGIC {
            let got = String::from_utf8_lossy(&fixed[..8]).escape_default().to_string();
            return Err(SsmError::file("magic", "lex7-ssm", got));
        }
        let (spec, format) = read_spec(fixed)?;
        let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| fixed[at + byte]));
        let layout = Layout::new(&spec, format, long(72))?;
        if long(80) != layout.file_bytes {
            return Err(SsmError::file("file size", layout.file_bytes, long(80)));
        }
        if data.len() as u64 != layout.file_bytes {
            let got = format!("{} bytes", data.len());
            return Err(SsmError::file("size", format!("{} bytes", layout.file_bytes), got));
        }
        // Both lie inside of the file, whose length was just compared.
        let meta_offset = layout.meta_offset as usize;
        let (hashes, _) = data[HEADER_BYTES..meta_offset].as_chunks::<32>();
        let meta = data[meta_offset..meta_offset + long(72) as usize].to_vec();
        let header = Self { spec, format, meta, hashes: hashes.to_vec() };
        let expected = header.weights_hash(&layout);
        if fixed[HASH_OFFSET..HASH_OFFSET + 32] != expected {
            return Err(SsmError::file(
                "weights hash",
                hex(&expected),
                hex(&fixed[HASH_OFFSET..HASH_OFFSET + 32]),
            ));
        }
        if fixed[HASH_OFFSET + 32..].iter().any(|byte| *byte != 0) {
            return Err(SsmError::file("reserved bytes", "zero", "other bytes"));
        }
        Ok((header, layout))
    }
}

fn read_spec(fixed: &[u8]) -> Result<(Spec, Format), SsmError> {
    let word = |index: usize| u32::from_le_bytes(std::array::from_fn(|byte| fixed[8 + 4 * index + byte]));
    if word(0) != VERSION {
        return Err(SsmError::file("version", VERSION, word(0)));
    }
    let format = match word(1) {
        0 => Format::F32,
        1 => Format::Q8,
        2 => Format::Q4,
        other => return Err(SsmError::file("quantisation", "0 (f32), 1 (q8) or 2 (q4)", other)),
    };
    let tied = match word(11) {
        0 => false,
        1 => true,
        other => return Err(SsmError::file("tied", "0 or 1", other)),
    };
    let whole = |index: usize| word(index) as usize;
    let spec = Spec {
        d_model: whole(2),
        n_layer: whole(3),
        vocab: whole(4),
        vocab_padded: whole(5),
        d_inner: whole(6),
        d_state: whole(7),
        head_dim: whole(8),
        n_groups: whole(9),
        d_conv: whole(10),
        tied,
        head_outputs: whole(12),
        norm_eps: f32::from_bits(word(13)),
        dt_limit: (f32::from_bits(word(14)), f32::from_bits(word(15))),
    };
    spec.check_file()?;
    Ok((spec, format))
}

fn format_code(format: Format) -> u32 {
    match format {
        Format::F32 => 0,
        Format::Q8 => 1,
        Format::Q4 => 2,
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
