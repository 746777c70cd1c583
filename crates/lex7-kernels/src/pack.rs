//! Packing rows of numbers into panels, and reading one row back.

use crate::half::{half_bits, half_value};
use crate::matrix::SCALE_BYTES;
use crate::{Format, GROUP, PANEL_ROWS};

/// Scales tried for a group of 4-bit weights: the largest magnitude over 8.6, 8.4 … 7.0.
const Q4_DIVISORS: [f32; 9] = [8.6, 8.4, 8.2, 8.0, 7.8, 7.6, 7.4, 7.2, 7.0];

/// A number that cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PackFault {
    /// Its row, counted from the first of the call.
    pub row: usize,
    /// Its column, or the first of its group.
    pub column: usize,
    /// The number: not finite, or too large for a half-precision scale.
    pub value: f32,
}

/// Pack rows (`[row][columns]`) into whole panels; missing rows of the last one are zero.
///
/// # Errors
/// A number is not finite, or its group needs a scale above 65,504.
///
/// # Panics
/// `out` is not as long as the panels of these rows.
pub fn pack_rows(format: Format, columns: usize, rows: &[f32], out: &mut [u8]) -> Result<(), PackFault> {
    let count = rows.len() / columns;
    let panel_bytes = format.panel_bytes(columns).expect("a packed row fits into memory");
    assert_eq!(out.len(), count.div_ceil(PANEL_ROWS) * panel_bytes, "whole panels");
    for (index, panel) in out.chunks_exact_mut(panel_bytes).enumerate() {
        clear(format, panel);
        for lane in 0..PANEL_ROWS.min(count - index * PANEL_ROWS) {
            let row = index * PANEL_ROWS + lane;
            let numbers = &rows[row * columns..(row + 1) * columns];
            if let Some(column) = numbers.iter().position(|value| !value.is_finite()) {
                return Err(PackFault { row, column, value: numbers[column] });
            }
            let done = match format {
                Format::F32 => {
                    pack_plain(numbers, lane, panel);
                    Ok(())
                }
                Format::Q8 => pack_bytes(numbers, lane, panel),
                Format::Q4 => pack_nibbles(numbers, lane, panel),
            };
            done.map_err(|(column, value)| PackFault { row, column, value })?;
        }
    }
    Ok(())
}

fn clear(format: Format, panel: &mut [u8]) {
    let zero = match format {
        Format::F32 => 0,
        Format::Q8 => 128,
        Format::Q4 => 0x88,
    };
    panel.fill(zero);
    if format != Format::F32 {
        for block in panel.chunks_exact_mut(format.block_bytes()) {
            block[..SCALE_BYTES].fill(0);
        }
    }
}

fn pack_plain(numbers: &[f32], lane: usize, panel: &mut [u8]) {
    for (value, column) in numbers.iter().zip(panel.chunks_exact_mut(4 * PANEL_ROWS)) {
        column[4 * lane..4 * lane + 4].copy_from_slice(&value.to_le_bytes());
    }
}

/// The scale as a half, its value, and what divides by it.
fn scale_of(scale: f32) -> Option<(u16, f32)> {
    let bits = half_bits(scale);
    let value = half_value(bits);
    value.is_finite().then_some((bits, if value == 0.0 { 0.0 } else { 1.0 / value }))
}

fn largest(group: &[f32]) -> f32 {
    group.iter().fold(0.0, |top: f32, value| top.max(value.abs()))
}

fn pack_bytes(numbers: &[f32], lane: usize, panel: &mut [u8]) -> Result<(), (usize, f32)> {
    let blocks = panel.chunks_exact_mut(Format::Q8.block_bytes());
    for (index, (group, block)) in numbers.chunks(GROUP).zip(blocks).enumerate() {
        let top = largest(group);
        let (bits, inverse) = scale_of(top / 127.0).ok_or((index * GROUP, top))?;
        block[2 * lane..2 * lane + 2].copy_from_slice(&bits.to_le_bytes());
        let body = &mut block[SCALE_BYTES..];
        for (at, value) in group.iter().enumerate() {
            let code = (value * inverse).round_ties_even().clamp(-127.0, 127.0) as i32;
            body[(at / 4) * 4 * PANEL_ROWS + 4 * lane + at % 4] = (code + 128) as u8;
        }
    }
    Ok(())
}

fn pack_nibbles(numbers: &[f32], lane: usize, panel: &mut [u8]) -> Result<(), (usize, f32)> {
    let blocks = panel.chunks_exact_mut(Format::Q4.block_bytes());
    for (index, (group, block)) in numbers.chunks(GROUP).zip(blocks).enumerate() {
        let top = largest(group);
        let (bits, codes) = best_nibbles(group, top).ok_or((index * GROUP, top))?;
        block[2 * lane..2 * lane + 2].copy_from_slice(&bits.to_le_bytes());
        let body = &mut block[SCALE_BYTES..];
        for (at, code) in codes.iter().enumerate() {
            let byte = &mut body[(at / 8) * 4 * PANEL_ROWS + 4 * lane + at % 4];
            *byte = if at % 8 < 4 { (*byte & 0xf0) | code } else { (*byte & 0x0f) | (code << 4) };
        }
    }
    Ok(())
}

/// The scale with the least squared error among a few, the first of equals, and the codes under it.
///
/// The signed number of largest magnitude is sent to −8, the end of the range without a mirror.
fn best_nibbles(group: &[f32], top: f32) -> Option<(u16, [u8; GROUP])> {
    let is_negative = group.iter().any(|value| *value == -top);
    let signed = if is_negative { top } else { -top };
    let mut padded = [0.0; GROUP];
    padded[..group.len()].copy_from_slice(group);
    let mut best = (half_bits(0.0), f32::INFINITY);
    for divisor in Q4_DIVISORS {
        let bits = half_bits(signed / divisor);
        let scale = half_value(bits);
        if !scale.is_finite() {
            return None;
        }
        let error = squared_error(&padded, scale);
        if error < best.1 {
            best = (bits, error);
        }
    }
    let scale = half_value(best.0);
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    Some((best.0, padded.map(|value| (nibble(value, inverse) + 8.0) as u8)))
}

#[inline(always)]
fn nibble(value: f32, inverse: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to the nearest integer, ties to even.
    let rounded = (value * inverse + crate::float::ROUNDER) - crate::float::ROUNDER;
    let held = if rounded > 7.0 { 7.0 } else { rounded };
    if held < -8.0 { -8.0 } else { held }
}

fn squared_error(group: &[f32; GROUP], scale: f32) -> f32 {
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    let mut lanes = [0.0_f32; 16];
    for part in group.chunks_exact(16) {
        for (lane, value) in lanes.iter_mut().zip(part) {
            let lost = value - nibble(*value, inverse) * scale;
            *lane += lost * lost;
        }
    }
    lanes.iter().fold(0.0, |sum, lane| sum + lane)
}

/// Read one row of a packed matrix back, `columns` numbers.
///
/// # Panics
/// `panel` is not one panel of that format and number of columns.
pub fn unpack_row(format: Format, panel: &[u8], lane: usize, out: &mut [f32]) {
    if format == Format::F32 {
        for (value, column) in out.iter_mut().zip(panel.chunks_exact(4 * PANEL_ROWS)) {
            let bytes = [0, 1, 2, 3].map(|at| column[4 * lane + at]);
            *value = f32::from_le_bytes(bytes);
        }
        return;
    }
    let blocks = panel.chunks_exact(format.block_bytes());
    for (group, block) in out.chunks_mut(GROUP).zip(blocks) {
        let scale = half_value(u16::from_le_bytes([block[2 * lane], block[2 * lane + 1]]));
        let body = &block[SCALE_BYTES..];
        for (at, value) in group.iter_mut().enumerate() {
            let code = if format == Format::Q8 {
                i32::from(body[(at / 4) * 4 * PANEL_ROWS + 4 * lane + at % 4]) - 128
            } else {
                let byte = body[(at / 8) * 4 * PANEL_ROWS + 4 * lane + at % 4];
                i32::from(if at % 8 < 4 { byte & 15 } else { byte >> 4 }) - 8
            };
            *value = code as f32 * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|at| ((at * 7919 % 1009) as f32 / 504.5 - 1.0) * 0.1).collect()
    }

    fn worst(format: Format) -> f32 {
        let (rows, columns) = (40, 130);
        let given = numbers(rows * columns);
        let bytes = format.panel_bytes(columns).unwrap();
        let mut packed = vec![0; 2 * bytes];
        pack_rows(format, columns, &given, &mut packed).unwrap();
        let mut row = vec![0.0; columns];
        let mut worst = 0.0_f32;
        for at in 0..rows {
            let panel = &packed[at / PANEL_ROWS * bytes..][..bytes];
            unpack_row(format, panel, at % PANEL_ROWS, &mut row);
            for (back, value) in row.iter().zip(&given[at * columns..]) {
                worst = worst.max((back - value).abs());
            }
        }
        worst
    }

    #[test]
    fn a_row_reads_back_within_the_bound_of_its_format() {
        assert_eq!(worst(Format::F32), 0.0);
        assert!(worst(Format::Q8) < 0.51 * 0.1 / 127.0);
        // The end without a mirror is held at 7 steps, of which the finest scale has 8.6 to the top.
        assert!(worst(Format::Q4) < 1.001 * 0.1 * (1.0 - 7.0 / 8.6));
    }

    #[test]
    fn what_is_not_finite_or_too_large_is_named() {
        let mut given = vec![0.5; 128];
        given[70] = f32::NAN;
        let mut out = vec![0; Format::Q8.panel_bytes(64).unwrap()];
        let fault = pack_rows(Format::Q8, 64, &given, &mut out).unwrap_err();
        assert_eq!((fault.row, fault.column), (1, 6));
        let large = vec![1e9; 64];
        assert_eq!(pack_rows(Format::Q8, 64, &large, &mut out).unwrap_err().value, 1e9);
        let mut out = vec![0; Format::Q4.panel_bytes(64).unwrap()];
        assert!(pack_rows(Format::Q4, 64, &large, &mut out).is_err());
    }
}
