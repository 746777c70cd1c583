//! A model: the weights where they lie, and the small tensors ready to use.

use super::adapter::Adapter;
use super::file::hex;
use super::layout::LAYER_TENSORS;
use super::state::Spare;
use super::{AdapterRows, Header, Layout, Place, Spec, SsmError};
use crate::key::sha256;
use lex7_kernels::{Format, Matrix, PANEL_ROWS, exp, unpack_row};
use std::sync::Arc;

/// The bytes of a model file, wherever they live.
pub trait Weights: Send + Sync {
    /// All bytes of the file.
    fn bytes(&self) -> &[u8];

    /// Whether they are still what they were: a mapped file may be cut or written over.
    fn is_whole(&self) -> bool {
        true
    }
}

impl Weights for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// The small tensors of a layer.
pub(crate) struct Layer {
    pub(crate) norm: Vec<f32>,
    /// `[tap][channel]`.
    pub(crate) conv_weight: Vec<f32>,
    pub(crate) conv_bias: Vec<f32>,
    pub(crate) dt_bias: Vec<f32>,
    /// A = −exp(A_log).
    pub(crate) rate: Vec<f32>,
    pub(crate) skip: Vec<f32>,
    pub(crate) gate_norm: Vec<f32>,
}

struct Parts {
    header: Header,
    layout: Layout,
    weights: Box<dyn Weights>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head_bias: Vec<f32>,
    base_hash: [u8; 32],
    spare: Arc<Spare>,
}

/// A model, cheap to copy.
#[derive(Clone)]
pub struct Model {
    parts: Arc<Parts>,
    /// By the index of the tensor that each changes.
    adapters: Arc<Vec<(usize, Adapter)>>,
    hash: [u8; 32],
}

impl Model {
    /// Read the head and the small tensors of a model file; the matrices stay where they are.
    ///
    /// # Errors
    /// The first field that is not what it must be.
    pub fn open(weights: Box<dyn Weights>) -> Result<Self, SsmError> {
        let (header, layout) = Header::decode(weights.bytes())?;
        let hash = header.weights_hash(&layout);
        let data = weights.bytes();
        check_gap(data, layout.meta_offset + header.meta.len() as u64, &layout.places[0])?;
        let numbers = |index: usize| plain(data, &layout.places[index]);
        let mut layers = Vec::with_capacity(header.spec.n_layer);
        for layer in 0..header.spec.n_layer {
            layers.push(read_layer(&header.spec, 1 + layer * LAYER_TENSORS, &numbers)?);
        }
        let norm = numbers(1 + header.spec.n_layer * LAYER_TENSORS)?;
        let head_bias = match layout.find("head.bias") {
            Some(index) => numbers(index)?,
            None => Vec::new(),
        };
        let spare = Arc::default();
        let parts = Parts { header, layout, weights, layers, norm, head_bias, base_hash: hash, spare };
        let model = Self { parts: Arc::new(parts), adapters: Arc::new(Vec::new()), hash };
        model.check_whole()?;
        Ok(model)
    }

    /// Read all of the file: every tensor's hash, and that every scale and number is finite.
    ///
    /// # Errors
    /// The first tensor that is not what the head says.
    pub fn verify(&self) -> Result<(), SsmError> {
        let mut end = self.parts.layout.meta_offset + self.parts.header.meta.len() as u64;
        for place in &self.parts.layout.places {
            check_gap(self.parts.weights.bytes(), end, place)?;
            end = place.offset + place.bytes;
        }
        for (place, expected) in self.parts.layout.places.iter().zip(&self.parts.header.hashes) {
            let bytes = self.bytes_of(place);
            let got = sha256(&[bytes]);
            if got != *expected {
                return Err(SsmError::file(format!("hash of {}", place.name), hex(expected), hex(&got)));
            }
            let is_finite = match place.packed {
                Some(format) => format.is_finite(bytes),
                None => Format::F32.is_finite(bytes),
            };
            if !is_finite {
                return Err(SsmError::file(&place.name, "finite numbers", "infinity or not a number"));
            }
        }
        self.check_whole()
    }

    /// The shape.
    pub fn spec(&self) -> &Spec {
        &self.parts.header.spec
    }

    /// How matrices are packed.
    pub fn format(&self) -> Format {
        self.parts.header.format
    }

    /// The notes in the file.
    pub fn meta(&self) -> &[u8] {
        &self.parts.header.meta
    }

    /// The tensors and their places.
    pub fn layout(&self) -> &Layout {
        &self.parts.layout
    }

    /// The hash of the weights and the adapters in force.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The same weights with low-rank changes beside them.
    ///
    /// # Errors
    /// A name that is no projection of a layer, a shape that does not fit, a number that is not finite.
    pub fn with_adapters(&self, adapters: &[AdapterRows<'_>]) -> Result<Self, SsmError> {
        let mut packed: Vec<(usize, Adapter)> = Vec::with_capacity(adapters.len());
        let mut hash = self.parts.base_hash;
        for rows in adapters {
            let index = self.parts.layout.find(rows.name).filter(|index| self.is_projection(*index));
            let Some(index) = index else {
                let expected = "a weight of in_proj or out_proj of this model";
                return Err(SsmError::argument("adapter name", expected, rows.name));
            };
            if packed.iter().any(|(other, _)| *other == index) {
                return Err(SsmError::argument("adapter name", "each name once", rows.name));
            }
            packed.push((index, rows.pack(self.parts.layout.places[index].sides())?));
            let floats =
                |numbers: &[f32]| numbers.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
            let (a, b) = (sha256(&[&floats(rows.a)]), sha256(&[&floats(rows.b)]));
            hash = sha256(&[&hash, rows.name.as_bytes(), &a, &b, &rows.scale.to_le_bytes()]);
        }
        Ok(Self { parts: Arc::clone(&self.parts), adapters: Arc::new(packed), hash })
    }

    fn is_projection(&self, index: usize) -> bool {
        let name = &self.parts.layout.places[index].name;
        name.ends_with("mixer.in_proj.weight") || name.ends_with("mixer.out_proj.weight")
    }

    /// One tensor as the runtime sees it.
    ///
    /// # Errors
    /// There is no tensor of that name.
    pub fn tensor(&self, name: &str) -> Result<(Vec<f32>, Vec<usize>), SsmError> {
        let Some(index) = self.parts.layout.find(name) else {
            return Err(SsmError::argument("name", "a tensor of this model", name));
        };
        let place = &self.parts.layout.places[index];
        let numbers = match place.packed {
            None => plain(self.parts.weights.bytes(), place)?,
            Some(_) => {
                let (rows, columns) = place.sides();
                let mut out = vec![0.0; rows * columns];
                for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                    self.read_row(index, row, out);
                }
                out
            }
        };
        self.check_whole()?;
        Ok((numbers, place.shape.clone()))
    }

    /// Refuse what was read from a file that is no longer what it was.
    pub(crate) fn check_whole(&self) -> Result<(), SsmError> {
        if self.parts.weights.is_whole() {
            return Ok(());
        }
        let expected = format!("the {} bytes that were opened", self.parts.layout.file_bytes);
        Err(SsmError::file("the file in use", expected, "a file that was cut or written over meanwhile"))
    }

    /// Where the memory of its sessions waits.
    pub(crate) fn spare(&self) -> &Arc<Spare> {
        &self.parts.spare
    }

    /// The bytes of the whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.parts.weights.bytes()
    }

    fn bytes_of(&self, place: &Place) -> &[u8] {
        // The layout was compared with the length of the file.
        &self.parts.weights.bytes()[place.offset as usize..(place.offset + place.bytes) as usize]
    }

    fn matrix(&self, index: usize) -> Matrix<'_> {
        let place = &self.parts.layout.places[index];
        let (rows, columns) = place.sides();
        let format = place.packed.unwrap_or(Format::F32);
        match Matrix::new(format, rows, columns, self.bytes_of(place)) {
            Some(matrix) => matrix,
            None => unreachable!("the layout gave a matrix the bytes of its shape"),
        }
    }

    fn read_row(&self, index: usize, row: usize, out: &mut [f32]) {
        let place = &self.parts.layout.places[index];
        let format = place.packed.unwrap_or(Format::F32);
        let bytes = self.bytes_of(place);
        let panel_bytes = bytes.len() / place.sides().0.div_ceil(PANEL_ROWS);
        let panel = &bytes[row / PANEL_ROWS * panel_bytes..][..panel_bytes];
        unpack_row(format, panel, row % PANEL_ROWS, out);
    }

    /// The embedding of a token.
    pub(crate) fn embed(&self, token: u32, out: &mut [f32]) {
        self.read_row(0, token as usize, out);
    }

    pub(crate) fn layer(&self, layer: usize) -> &Layer {
        &self.parts.layers[layer]
    }

    /// A projection of a layer and its adapter.
    pub(crate) fn projection(&self, layer: usize, which: Projection) -> (Matrix<'_>, Option<&Adapter>) {
        let index = 1 + layer * LAYER_TENSORS + which as usize;
        let adapter = self.adapters.iter().find(|(other, _)| *other == index);
        (self.matrix(index), adapter.map(|(_, adapter)| adapter))
    }

    pub(crate) fn last_norm(&self) -> &[f32] {
        &self.parts.norm
    }

    /// The matrix that makes logits.
    pub(crate) fn output(&self) -> Matrix<'_> {
        self.matrix(if self.spec().tied { 0 } else { 2 + self.spec().n_layer * LAYER_TENSORS })
    }

    /// The error-state head and its bias.
    pub(crate) fn head(&self) -> Option<(Matrix<'_>, &[f32])> {
        let index = self.parts.layout.find("head.weight")?;
        Some((self.matrix(index), &self.parts.head_bias))
    }
}

/// Which projection, by its place in a layer.
#[derive(Clone, Copy)]
pub(crate) enum Projection {
    Into = 1,
    OutOf = 8,
}

/// Bytes that no tensor owns are zero: a file has one spelling.
fn check_gap(data: &[u8], end: u64, place: &Place) -> Result<(), SsmError> {
    if data[end as usize..place.offset as usize].iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Err(SsmError::file(format!("bytes before {}", place.name), "zero", "other bytes"))
}

fn plain(data: &[u8], place: &Place) -> Result<Vec<f32>, SsmError> {
    let bytes = &data[place.offset as usize..(place.offset + place.bytes) as usize];
    let (words, _) = bytes.as_chunks::<4>();
    let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    match numbers.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(SsmError::file(format!("{}[{at}]", place.name), "a finite number", numbers[at])),
        None => Ok(numbers),
    }
}

fn read_layer(
    spec: &Spec,
    first: usize,
    numbers: &dyn Fn(usize) -> Result<Vec<f32>, SsmError>,
) -> Result<Layer, SsmError> {
    let by_channel = numbers(first + 2)?;
    let taps = spec.d_conv;
    let conv_weight = (0..taps).flat_map(|tap| by_channel.iter().skip(tap).step_by(taps)).copied().collect();
    Ok(Layer {
        norm: numbers(first)?,
        conv_weight,
        conv_bias: numbers(first + 3)?,
        dt_bias: numbers(first + 4)?,
        rate: numbers(first + 5)?.into_iter().map(|log| -exp(log)).collect(),
        skip: numbers(first + 6)?,
        gate_norm: numbers(first + 7)?,
    })
}
