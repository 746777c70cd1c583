//! What happens to one row of activations between the matrix products.

use crate::float::{ROUNDER, exp, silu, softplus};
use crate::matrix::GROUP;

/// Partial sums of a norm: element i goes to lane i mod 32, then lanes fold in halves.
const LANES: usize = 32;
/// Below this a group counts as zero: its inverse scale would overflow.
const TINY: f32 = 1e-35;
/// The bits of infinity: what is not finite is at least this, its sign removed.
const INFINITE_BITS: u32 = 0x7f80_0000;

#[inline(always)]
fn square_sum(row: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = row.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for (lane, value) in lanes.iter_mut().zip(part) {
            *lane = value.mul_add(*value, *lane);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = value.mul_add(*value, *lane);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for at in 0..width {
            lanes[at] += lanes[at + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// out = row / √(mean(row²) + eps) · weight.
#[inline(always)]
fn norm_body(row: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (square_sum(row) / row.len() as f32 + eps).sqrt();
    for ((out, value), weight) in out.iter_mut().zip(row).zip(weight) {
        *out = value * scale * weight;
    }
}

levels! {
    /// Root-mean-square norm of one row.
    fn norm_row(row: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = norm_body
}

/// out = row · silu(gate).
#[inline(always)]
fn gate_body(row: &[f32], gate: &[f32], out: &mut [f32]) {
    for ((out, value), gate) in out.iter_mut().zip(row).zip(gate) {
        *out = value * silu(*gate);
    }
}

levels! {
    /// One row times the swish of its gate.
    fn gate_row(row: &[f32], gate: &[f32], out: &mut [f32]) = gate_body
}

/// Round to 8 bits, 64 numbers to a scale; ties to even.
#[inline(always)]
fn quantise_body(row: &[f32], codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) {
    let mut padded = [0.0_f32; GROUP];
    let parts = row.chunks(GROUP).zip(codes.chunks_exact_mut(GROUP));
    for ((part, codes), (scale, sum)) in parts.zip(scales.iter_mut().zip(sums)) {
        if part.len() < GROUP {
            padded.fill(0.0);
        }
        padded[..part.len()].copy_from_slice(part);
        // As integers the magnitudes have the order of the numbers, and what is not finite is largest.
        let mut top_bits = 0;
        for value in &padded {
            let bits = value.to_bits() & 0x7fff_ffff;
            top_bits = if bits > top_bits { bits } else { top_bits };
        }
        let top = f32::from_bits(top_bits);
        let is_live = top_bits < INFINITE_BITS && top > TINY;
        let inverse = if is_live { 127.0 / top } else { 0.0 };
        *scale = if top_bits >= INFINITE_BITS { f32::NAN } else { top / 127.0 };
        let mut total = 0;
        for (code, value) in codes.iter_mut().zip(&padded) {
            let value = if is_live { *value } else { 0.0 };
            let whole = value.mul_add(inverse, ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i32;
            *code = whole as i8;
            total += whole;
        }
        *sum = total;
    }
}

levels! {
    /// Quantise one row to 8 bits.
    fn quantise_row(row: &[f32], codes: &mut [i8], scales: &mut [f32], sums: &mut [i32]) = quantise_body
}

/// out = silu(bias + Σ weight_k · tap_k), the taps from the oldest to the newest.
#[inline(always)]
fn conv_body(taps: &[&[f32]], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    let width = out.len();
    out.copy_from_slice(bias);
    for (tap, weight) in taps.iter().zip(weight.chunks_exact(width)) {
        for ((out, value), weight) in out.iter_mut().zip(*tap).zip(weight) {
            *out = weight.mul_add(*value, *out);
        }
    }
    for out in out.iter_mut() {
        *out = silu(*out);
    }
}

levels! {
    /// The causal convolution of one token.
    fn conv_row(taps: &[&[f32]], weight: &[f32], bias: &[f32], out: &mut [f32]) = conv_body
}

/// dt = clamp(softplus(raw + bias)), decay = exp(dt · A).
#[inline(always)]
fn steps_body(raw: &[f32], bias: &[f32], rate: &[f32], limit: (f32, f32), out: (&mut [f32], &mut [f32])) {
    let numbers = raw.iter().zip(bias).zip(rate);
    for (((raw, bias), rate), (step, decay)) in numbers.zip(out.0.iter_mut().zip(out.1)) {
        let value = softplus(raw + bias);
        let value = if value < limit.0 { limit.0 } else { value };
        let value = if value > limit.1 { limit.1 } else { value };
        *step = value;
        *decay = exp(value * rate);
    }
}

levels! {
    /// The step sizes of one token and how much of the state they leave.
    fn steps_row(
        raw: &[f32], bias: &[f32], rate: &[f32], limit: (f32, f32), out: (&mut [f32], &mut [f32]),
    ) = steps_body
}

/// row += change.
#[inline(always)]
fn add_body(row: &mut [f32], change: &[f32]) {
    for (value, change) in row.iter_mut().zip(change) {
        *value += change;
    }
}

levels! {
    /// Add one row to another.
    fn add_row(row: &mut [f32], change: &[f32]) = add_body
}

/// row += scale · change.
#[inline(always)]
fn add_scaled_body(row: &mut [f32], change: &[f32], scale: f32) {
    for (value, change) in row.iter_mut().zip(change) {
        *value = change.mul_add(scale, *value);
    }
}

levels! {
    /// Add a multiple of one row to another.
    fn add_scaled_row(row: &mut [f32], change: &[f32], scale: f32) = add_scaled_body
}
