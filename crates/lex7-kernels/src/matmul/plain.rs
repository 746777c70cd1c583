//! Products with 32-bit weights.

use super::Product;
use crate::PANEL_ROWS;
use crate::mapping::floats_of;
use crate::shared::Shared;

/// One panel against all rows, four at a time.
#[inline(always)]
fn panel_body(product: &Product<'_>, panel: usize, out: &Shared<'_, f32>) {
    let weights = floats_of(product.weights.panel(panel)).unwrap_or_default();
    let mut row = 0;
    while row + 4 <= product.rows {
        tile::<4>(product, weights, (row, panel), out);
        row += 4;
    }
    while row < product.rows {
        tile::<1>(product, weights, (row, panel), out);
        row += 1;
    }
}

#[inline(always)]
fn tile<const T: usize>(
    product: &Product<'_>,
    weights: &[f32],
    (row, panel): (usize, usize),
    out: &Shared<'_, f32>,
) {
    let columns = product.weights.columns;
    let inputs: [&[f32]; T] = std::array::from_fn(|at| {
        let start = (product.first + row + at) * columns;
        &product.given.plain[start..start + columns]
    });
    let mut sums = [[0.0_f32; PANEL_ROWS]; T];
    for (column, weights) in weights.chunks_exact(PANEL_ROWS).enumerate() {
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let x = input[column];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = weight.mul_add(x, *sum);
            }
        }
    }
    for (at, sums) in sums.iter().enumerate() {
        // SAFETY: this thread alone works on the panel.
        unsafe { product.result(out, row + at, panel) }.copy_from_slice(sums);
    }
}

levels! {
    /// Multiply one panel.
    fn multiply_panel(product: &Product<'_>, panel: usize, out: &Shared<'_, f32>) = panel_body
}
