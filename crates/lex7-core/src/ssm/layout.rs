//! Which tensors a model has, and where each stands in its file.
//!
//! Nothing of this is stored: places follow from the shape, so no offset in a file can be wrong.

use super::{Spec, SsmError};
use lex7_kernels::Format;

/// Tensors start at multiples of this.
const ALIGN: u64 = 64;
/// Bytes before the hashes of the tensors.
pub(crate) const HEADER_BYTES: u64 = 128;
/// Bytes of one hash.
pub(crate) const HASH_BYTES: u64 = 32;

/// One tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name in checkpoints of state-spaces; `head.weight` and `head.bias` are ours.
    pub name: String,
    /// Its shape there.
    pub shape: Vec<usize>,
    /// How a matrix is packed; None for plain little-endian `f32` in the order of the shape.
    pub packed: Option<Format>,
    /// Its first byte.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

impl Place {
    /// Numbers of the tensor.
    pub fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    /// Rows and columns of a matrix.
    pub fn sides(&self) -> (usize, usize) {
        (self.shape[0], self.shape[1..].iter().product())
    }
}

/// All tensors in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The tensors.
    pub places: Vec<Place>,
    /// The first byte of the notes.
    pub meta_offset: u64,
    /// The bytes of the whole file.
    pub file_bytes: u64,
}

/// Tensors of a layer, by their order in it.
pub(crate) const LAYER_TENSORS: usize = 9;

impl Layout {
    /// Place the tensors of a shape behind `meta_bytes` of notes.
    ///
    /// # Errors
    /// The file would not fit into 63 bits.
    pub fn new(spec: &Spec, format: Format, meta_bytes: u64) -> Result<Self, SsmError> {
        let tensors = tensors(spec, format);
        let meta_offset = HEADER_BYTES + HASH_BYTES * tensors.len() as u64;
        let too_large = || SsmError::file("file size", "less than 2^62 bytes", "more");
        let mut end = meta_offset.checked_add(meta_bytes).ok_or_else(too_large)?;
        let mut places = Vec::with_capacity(tensors.len());
        for (name, shape, packed) in tensors {
            let mut place = Place { name, shape, packed, offset: 0, bytes: 0 };
            place.offset = end.checked_next_multiple_of(ALIGN).ok_or_else(too_large)?;
            place.bytes = tensor_bytes(&place).ok_or_else(too_large)?;
            end = place.offset.checked_add(place.bytes).ok_or_else(too_large)?;
            if end >= 1 << 62 {
                return Err(too_large());
            }
            places.push(place);
        }
        Ok(Self { places, meta_offset, file_bytes: end })
    }

    /// The place of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.places.iter().position(|place| place.name == name)
    }
}

fn tensor_bytes(place: &Place) -> Option<u64> {
    let bytes = match place.packed {
        Some(format) => {
            let (rows, columns) = place.sides();
            format.matrix_bytes(rows, columns)?
        }
        None => place.numbers().checked_mul(4)?,
    };
    u64::try_from(bytes).ok()
}

type Tensor = (String, Vec<usize>, Option<Format>);

fn tensors(spec: &Spec, format: Format) -> Vec<Tensor> {
    let mut all = vec![named("backbone.embedding.weight", &[spec.vocab_padded, spec.d_model], Some(format))];
    for layer in 0..spec.n_layer {
        let before = format!("backbone.layers.{layer}");
        let mut add =
            |name: &str, shape: &[usize], packed| all.push(named(&format!("{before}.{name}"), shape, packed));
        add("norm.weight", &[spec.d_model], None);
        add("mixer.in_proj.weight", &[spec.projected(), spec.d_model], Some(format));
        add("mixer.conv1d.weight", &[spec.channels(), 1, spec.d_conv], None);
        add("mixer.conv1d.bias", &[spec.channels()], None);
        add("mixer.dt_bias", &[spec.heads()], None);
        add("mixer.A_log", &[spec.heads()], None);
        add("mixer.D", &[spec.heads()], None);
        add("mixer.norm.weight", &[spec.d_inner], None);
        add("mixer.out_proj.weight", &[spec.d_model, spec.d_inner], Some(format));
    }
    all.push(named("backbone.norm_f.weight", &[spec.d_model], None));
    if !spec.tied {
        all.push(named("lm_head.weight", &[spec.vocab_padded, spec.d_model], Some(format)));
    }
    if spec.head_outputs > 0 {
        all.push(named("head.weight", &[spec.head_outputs, spec.d_model], Some(Format::F32)));
        all.push(named("head.bias", &[spec.head_outputs], None));
    }
    all
}

fn named(name: &str, shape: &[usize], packed: Option<Format>) -> Tensor {
    (name.to_string(), shape.to_vec(), packed)
}
