//! Packing tensors for a file, a few rows at a time.

use super::{Place, SsmError};
use lex7_kernels::{PANEL_ROWS, pack_rows};
use sha2::{Digest, Sha256};

/// A run of bytes and where it belongs.
pub struct Packed {
    /// The first byte in the file.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// One tensor on its way into a file: rows come in order, bytes go out in order.
pub struct TensorWriter {
    place: Place,
    row: usize,
    offset: u64,
    hash: Sha256,
}

impl TensorWriter {
    /// Begin a tensor.
    pub fn new(place: &Place) -> Self {
        Self { place: place.clone(), row: 0, offset: place.offset, hash: Sha256::new() }
    }

    /// Rows to hand over at once: whole panels of about a megabyte of numbers.
    pub fn rows_at_once(&self) -> usize {
        let (rows, columns) = self.place.sides();
        let panels = (1 << 18) / (columns * PANEL_ROWS).max(1);
        (panels.max(1) * PANEL_ROWS).min(rows.next_multiple_of(PANEL_ROWS))
    }

    /// Pack the next rows: whole panels, or the last rows of the tensor.
    ///
    /// # Errors
    /// A number is not finite, or too large for its format.
    pub fn push(&mut self, rows: &[f32]) -> Result<Packed, SsmError> {
        let (_, columns) = self.place.sides();
        let count = rows.len() / columns;
        let bytes = match self.place.packed {
            Some(format) => {
                let size = format.matrix_bytes(count, columns).unwrap_or(0);
                let mut bytes = vec![0; size];
                pack_rows(format, columns, rows, &mut bytes)
                    .map_err(|fault| self.fault(fault.row, fault.column, fault.value))?;
                bytes
            }
            None => {
                if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
                    return Err(self.fault(at / columns, at % columns, rows[at]));
                }
                rows.iter().flat_map(|value| value.to_le_bytes()).collect()
            }
        };
        self.hash.update(&bytes);
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.row += count;
        Ok(Packed { offset, bytes })
    }

    fn fault(&self, row: usize, column: usize, value: f32) -> SsmError {
        let field = format!("{}[{}, {column}]", self.place.name, self.row + row);
        SsmError::argument(field, "a finite number within the range of its format", value)
    }

    /// The hash of the tensor, once all of its rows were packed.
    ///
    /// # Errors
    /// Rows are missing.
    pub fn finish(self) -> Result<[u8; 32], SsmError> {
        let rows = self.place.sides().0;
        if self.row != rows {
            return Err(SsmError::argument(&self.place.name, format!("{rows} rows"), self.row));
        }
        Ok(self.hash.finalize().into())
    }
}
