//! Low-rank changes of a matrix (LoRA), merged into it or applied beside it.

use super::SsmError;
use lex7_kernels::{Activations, Buffer, Format, Matrix, Team, pack_rows};
use std::ops::Range;

/// A low-rank change as it comes: `a` is `[rank][columns]`, `b` is `[rows][rank]`.
#[derive(Clone, Copy)]
pub struct AdapterRows<'a> {
    /// The tensor it changes.
    pub name: &'a str,
    /// Down to the rank.
    pub a: &'a [f32],
    /// And up again.
    pub b: &'a [f32],
    /// The rank.
    pub rank: usize,
    /// Multiplies the change.
    pub scale: f32,
}

/// The most directions of an adapter.
const RANK_MAX: usize = 4_096;

/// A low-rank change, packed.
pub(crate) struct Adapter {
    rank: usize,
    sides: (usize, usize),
    a: Buffer,
    b: Buffer,
    scale: f32,
}

impl AdapterRows<'_> {
    pub(crate) fn check(&self, (rows, columns): (usize, usize)) -> Result<(), SsmError> {
        let argument = |part: &str| format!("adapter of {}, {part}", self.name);
        if self.rank == 0 || self.rank > RANK_MAX {
            return Err(SsmError::argument(argument("rank"), format!("from 1 to {RANK_MAX}"), self.rank));
        }
        for (part, numbers, side) in [("a", self.a, columns), ("b", self.b, rows)] {
            if numbers.len() != side * self.rank {
                let expected = format!("{side} x {} numbers", self.rank);
                return Err(SsmError::argument(argument(part), expected, numbers.len()));
            }
            if let Some(bad) = numbers.iter().find(|value| !value.is_finite()) {
                return Err(SsmError::argument(argument(part), "finite numbers", bad));
            }
        }
        if !self.scale.is_finite() {
            return Err(SsmError::argument(argument("scale"), "a finite number", self.scale));
        }
        Ok(())
    }

    pub(crate) fn pack(&self, sides: (usize, usize)) -> Result<Adapter, SsmError> {
        self.check(sides)?;
        let (rows, columns) = sides;
        let a = packed(self.a, self.rank, columns);
        let b = packed(self.b, rows, self.rank);
        Ok(Adapter { rank: self.rank, sides, a, b, scale: self.scale })
    }
}

fn packed(numbers: &[f32], rows: usize, columns: usize) -> Buffer {
    let bytes = Format::F32.matrix_bytes(rows, columns).unwrap_or(0);
    let mut out = Buffer::zeros(bytes / 4);
    // The numbers were checked to be finite, the only thing that packing them refuses.
    let done = pack_rows(Format::F32, columns, numbers, out.bytes_mut());
    debug_assert!(done.is_ok(), "finite numbers can be packed");
    out
}

impl Adapter {
    /// out += scale · b (a x): the plain numbers of the activations, each product in the order of its columns.
    pub(crate) fn apply(
        &self,
        team: &mut Team,
        given: &Activations,
        rows: Range<usize>,
        (out, stride): (&mut [f32], usize),
    ) {
        let (count, (tall, wide)) = (rows.len(), self.sides);
        let (Some(a), Some(b)) = (
            Matrix::new(Format::F32, self.rank, wide, self.a.bytes()),
            Matrix::new(Format::F32, tall, self.rank, self.b.bytes()),
        ) else {
            unreachable!("an adapter was packed for these sides");
        };
        let mut plain = Activations::new(Format::F32, count, wide);
        team.load(given.rows(rows), &mut plain);
        let narrow = a.rows_padded();
        let mut low = Buffer::zeros(count * narrow);
        team.multiply(a, &plain, 0..count, (&mut low, narrow));
        let dense: Vec<f32> = low.chunks_exact(narrow).flat_map(|row| &row[..self.rank]).copied().collect();
        let mut inner = Activations::new(Format::F32, count, self.rank);
        team.load(&dense, &mut inner);
        let high = b.rows_padded();
        let mut change = Buffer::zeros(count * high);
        team.multiply(b, &inner, 0..count, (&mut change, high));
        for (row, change) in out.chunks_exact_mut(stride).zip(change.chunks_exact(high)) {
            team.add_scaled(&mut row[..tall], &change[..tall], self.scale);
        }
    }
}

/// weight + scale · b a, each change summed in the order of the rank.
///
/// # Errors
/// The shapes do not fit, or a number is not finite.
pub fn merge(weight: &[f32], columns: usize, change: AdapterRows<'_>) -> Result<Vec<f32>, SsmError> {
    let rows = weight.len().checked_div(columns).unwrap_or(0);
    change.check((rows, columns))?;
    let mut out = weight.to_vec();
    let mut sum = vec![0.0_f32; columns];
    for (row, up) in out.chunks_exact_mut(columns).zip(change.b.chunks_exact(change.rank)) {
        sum.fill(0.0);
        for (up, down) in up.iter().zip(change.a.chunks_exact(columns)) {
            for (sum, down) in sum.iter_mut().zip(down) {
                *sum = libm::fmaf(*up, *down, *sum);
            }
        }
        for (value, sum) in row.iter_mut().zip(&sum) {
            *value = libm::fmaf(change.scale, *sum, *value);
        }
    }
    Ok(out)
}
