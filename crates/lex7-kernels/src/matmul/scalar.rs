//! The reference of the quantised products: plain integers, plain `mul_add`.

use super::Product;
use crate::Format;
use crate::half::half_value;
use crate::matrix::{GROUP, PANEL_ROWS, SCALE_BYTES};
use crate::shared::Shared;

pub(crate) fn multiply(product: &Product<'_>, panels: (usize, usize), out: &Shared<'_, f32>) {
    let (weights, given) = (product.weights, product.given);
    for panel in panels.0..panels.1 {
        for row in 0..product.rows {
            let at = product.first + row;
            let mut sums = [0.0_f32; PANEL_ROWS];
            for (group, block) in weights.panel(panel).chunks_exact(weights.format.block_bytes()).enumerate()
            {
                let codes = &given.codes[at * given.padded + group * GROUP..][..GROUP];
                let x_scale = given.scales[at * given.groups() + group];
                for (lane, sum) in sums.iter_mut().enumerate() {
                    let scale = half_value(u16::from_le_bytes([block[2 * lane], block[2 * lane + 1]]));
                    let total = group_dot(weights.format, &block[SCALE_BYTES..], lane, codes);
                    *sum = (total as f32).mul_add(scale * x_scale, *sum);
                }
            }
            // SAFETY: this thread alone works on the panel.
            unsafe { product.result(out, row, panel) }.copy_from_slice(&sums);
        }
    }
}

fn group_dot(format: Format, body: &[u8], lane: usize, codes: &[i8]) -> i32 {
    let mut total = 0;
    for (at, code) in codes.iter().enumerate() {
        let weight = if format == Format::Q8 {
            i32::from(body[(at / 4) * 4 * PANEL_ROWS + 4 * lane + at % 4]) - 128
        } else {
            let byte = body[(at / 8) * 4 * PANEL_ROWS + 4 * lane + at % 4];
            i32::from(if at % 8 < 4 { byte & 15 } else { byte >> 4 }) - 8
        };
        total += weight * i32::from(*code);
    }
    total
}
