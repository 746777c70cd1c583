//! Matrix products: panels of 32 rows of weights against rows of activations.
//!
//! For `F32` each result is Σ w·x by fused multiply-add in the order of the columns. For `Q8` and `Q4` the
//! products of a group of 64 are summed as integers, exactly; then, group after group,
//! y ← fma(sum, scale_w · scale_x, y). The order within one result never depends on how many tokens,
//! rows or threads there are, nor on the level.

use crate::matrix::{Activations, Matrix};
use crate::shared::Shared;
use crate::{Buffer, Format, Level};

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;
mod scalar;

/// From here on tiles are faster than vectors.
pub(crate) const TILE_ROWS: usize = 24;

/// One product: rows `first … first + rows` of the activations against panels of a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    pub(crate) weights: Matrix<'a>,
    pub(crate) given: &'a Activations,
    pub(crate) first: usize,
    pub(crate) rows: usize,
    /// The width of a row of results, at least the padded rows of the matrix.
    pub(crate) stride: usize,
    /// The rows as tiles want them; empty at every other level.
    pub(crate) turned: &'a Turned,
}

/// Rows of activations as tiles want them: 16 rows of a group side by side, zero where there is no row.
pub(crate) struct Turned {
    /// `[16 rows][group][row of them][64]`, bytes.
    pub(crate) codes: Buffer,
    /// `[16 rows][group][row of them]`.
    pub(crate) scales: Buffer,
}

impl Turned {
    pub(crate) fn new() -> Self {
        Self { codes: Buffer::zeros(0), scales: Buffer::zeros(0) }
    }
}

impl Product<'_> {
    /// Where the results of a panel for one row of activations go.
    ///
    /// # Safety
    /// No other thread works on this panel.
    pub(crate) unsafe fn result<'b>(&self, out: &Shared<'b, f32>, row: usize, panel: usize) -> &'b mut [f32] {
        let start = row * self.stride + panel * crate::PANEL_ROWS;
        // SAFETY: panels are disjoint, rows too.
        unsafe { out.part(start, crate::PANEL_ROWS) }
    }
}

/// Multiply panels `from … to`, which no other thread works on; `work` is memory of this thread alone.
pub(crate) fn multiply(
    level: Level,
    product: &Product<'_>,
    panels: (usize, usize),
    work: &mut Buffer,
    out: &Shared<'_, f32>,
) {
    if product.weights.format == Format::F32 {
        for panel in panels.0..panels.1 {
            plain::multiply_panel(level, product, panel, out);
        }
        return;
    }
    match level {
        // SAFETY: a `Team` only holds a level that this machine runs.
        #[cfg(target_arch = "x86_64")]
        Level::Amx if product.rows >= TILE_ROWS => unsafe { amx::multiply(product, panels, work, out) },
        // SAFETY: a `Team` only holds a level that this machine runs.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Amx => unsafe { avx512::multiply(product, panels, work, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::multiply(product, panels, out) },
        _ => scalar::multiply(product, panels, out),
    }
}
