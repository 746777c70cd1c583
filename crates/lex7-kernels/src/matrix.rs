//! Packed weight matrices and the activations they meet.
//!
//! A matrix of N rows and K columns lies in panels of 32 rows, rows padded with zeros to whole panels.
//!
//! - `F32`: `[column][32 rows]` of `f32`.
//! - `Q8`: for each group of 64 columns (padded with zeros): 32 half-precision scales, then
//!   `[column / 4][32 rows][4 columns]` of `u8`, the weight plus 128.
//! - `Q4`: the same with two quads of columns in a byte: `[column / 8][32 rows][4 columns]`, the weight
//!   plus 8; the low nibble is the first quad, the high nibble the second.
//!
//! Panels are read from front to back, once for all tokens; GEMV and GEMM read the same bytes.

use std::ops::Range;

use crate::Buffer;

/// Rows in a panel.
pub const PANEL_ROWS: usize = 32;
/// Columns that share a scale.
pub const GROUP: usize = 64;
/// Bytes of the scales of one group of one panel.
pub(crate) const SCALE_BYTES: usize = 2 * PANEL_ROWS;

/// How the numbers of a matrix are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 32-bit floating point.
    F32,
    /// 8-bit integers with a scale for 64 of a row.
    Q8,
    /// 4-bit integers with a scale for 64 of a row.
    Q4,
}

impl Format {
    /// The format of that name: `f32`, `q8` or `q4`.
    pub fn named(name: &str) -> Option<Self> {
        [Self::F32, Self::Q8, Self::Q4].into_iter().find(|format| format.name() == name)
    }

    /// The name of the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Q8 => "q8",
            Self::Q4 => "q4",
        }
    }

    /// Bytes of one group of one panel; of one column for `F32`.
    pub(crate) fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4 * PANEL_ROWS,
            Self::Q8 => SCALE_BYTES + PANEL_ROWS * GROUP,
            Self::Q4 => SCALE_BYTES + PANEL_ROWS * GROUP / 2,
        }
    }

    /// Bytes of one panel with that many columns; None on overflow.
    pub fn panel_bytes(self, columns: usize) -> Option<usize> {
        let blocks = match self {
            Self::F32 => columns,
            Self::Q8 | Self::Q4 => columns.div_ceil(GROUP),
        };
        blocks.checked_mul(self.block_bytes())
    }

    /// Whether every number, or every scale, of packed bytes is finite.
    pub fn is_finite(self, bytes: &[u8]) -> bool {
        if self == Self::F32 {
            let (words, _) = bytes.as_chunks::<4>();
            return words.iter().all(|word| f32::from_le_bytes(*word).is_finite());
        }
        bytes.chunks_exact(self.block_bytes()).all(|block| {
            let (scales, _) = block[..SCALE_BYTES].as_chunks::<2>();
            scales.iter().all(|scale| u16::from_le_bytes(*scale) & 0x7c00 != 0x7c00)
        })
    }

    /// Bytes of a whole matrix; None on overflow.
    pub fn matrix_bytes(self, rows: usize, columns: usize) -> Option<usize> {
        self.panel_bytes(columns)?.checked_mul(rows.div_ceil(PANEL_ROWS))
    }
}

/// A packed matrix, borrowed.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(crate) format: Format,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) panel_bytes: usize,
    pub(crate) data: &'a [u8],
}

impl<'a> Matrix<'a> {
    /// A view of packed bytes; None if their number or alignment is not that of the shape.
    pub fn new(format: Format, rows: usize, columns: usize, data: &'a [u8]) -> Option<Self> {
        let panel_bytes = format.panel_bytes(columns)?;
        let is_whole = format.matrix_bytes(rows, columns) == Some(data.len()) && columns > 0;
        let is_aligned = (data.as_ptr() as usize).is_multiple_of(4);
        (is_whole && is_aligned).then_some(Self { format, rows, columns, panel_bytes, data })
    }

    /// Rows, padded to whole panels: the least width of a row of results.
    pub fn rows_padded(&self) -> usize {
        self.rows.next_multiple_of(PANEL_ROWS)
    }

    pub(crate) fn panels(&self) -> usize {
        self.rows.div_ceil(PANEL_ROWS)
    }

    pub(crate) fn panel(&self, index: usize) -> &'a [u8] {
        &self.data[index * self.panel_bytes..(index + 1) * self.panel_bytes]
    }

    pub(crate) fn groups(&self) -> usize {
        self.columns.div_ceil(GROUP)
    }
}

/// Rows of activations, as the matrices of one format read them: plain, or in groups of 64 with a scale.
pub struct Activations {
    pub(crate) format: Format,
    pub(crate) columns: usize,
    pub(crate) padded: usize,
    /// `[row][columns]`; the only part of `F32`.
    pub(crate) plain: Buffer,
    /// `[row][padded]`, zero beyond the columns.
    pub(crate) codes: Vec<i8>,
    /// `[row][group]`.
    pub(crate) scales: Buffer,
    /// `[row][group]`: the sum of the codes.
    pub(crate) sums: Vec<i32>,
}

impl Activations {
    /// Room for rows that matrices of that format read.
    pub fn new(format: Format, rows: usize, columns: usize) -> Self {
        let padded = columns.next_multiple_of(GROUP);
        // One tile of tokens more, so that a tile may be read whole.
        let quantised = if format == Format::F32 { 0 } else { rows.next_multiple_of(16) };
        Self {
            format,
            columns,
            padded,
            plain: Buffer::zeros(rows * columns),
            codes: vec![0; quantised * padded],
            scales: Buffer::zeros(quantised * (padded / GROUP)),
            sums: vec![0; quantised * (padded / GROUP)],
        }
    }

    pub(crate) fn groups(&self) -> usize {
        self.padded / GROUP
    }

    /// The plain numbers of rows, as they were before they were quantised.
    pub fn rows(&self, rows: Range<usize>) -> &[f32] {
        &self.plain[rows.start * self.columns..rows.end * self.columns]
    }
}
