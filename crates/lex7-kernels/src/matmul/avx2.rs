//! Quantised products with AVX2: no pair of 8-bit products overflows 16 bits.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi32, _mm256_and_si256,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_fmadd_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_sign_epi8, _mm256_srli_epi16,
    _mm256_storeu_ps, _mm256_sub_epi8, _mm256_xor_si256,
};

use super::Product;
use crate::Format;
use crate::matrix::{GROUP, PANEL_ROWS, SCALE_BYTES};
use crate::shared::Shared;

/// Registers of eight rows in a panel.
const PARTS: usize = PANEL_ROWS / 8;

#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn multiply(product: &Product<'_>, panels: (usize, usize), out: &Shared<'_, f32>) {
    for panel in panels.0..panels.1 {
        for row in 0..product.rows {
            let sums = match product.weights.format {
                Format::Q8 => one::<false>(product, panel, row),
                _ => one::<true>(product, panel, row),
            };
            // SAFETY: this thread alone works on the panel.
            let result = unsafe { product.result(out, row, panel) };
            for (part, sum) in sums.iter().enumerate() {
                // SAFETY: a result has 32 numbers, of which these are eight.
                unsafe { _mm256_storeu_ps(result.as_mut_ptr().add(8 * part), *sum) };
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn one<const NIBBLES: bool>(product: &Product<'_>, panel: usize, row: usize) -> [__m256; PARTS] {
    let (weights, given) = (product.weights, product.given);
    let at = product.first + row;
    let codes = &given.codes[at * given.padded..(at + 1) * given.padded];
    let scales = &given.scales[at * given.groups()..(at + 1) * given.groups()];
    let mut sums = [_mm256_setzero_ps(); PARTS];
    let blocks = weights.panel(panel).chunks_exact(weights.format.block_bytes());
    for ((block, codes), scale) in blocks.zip(codes.chunks_exact(GROUP)).zip(scales) {
        let body = &block[SCALE_BYTES..];
        let totals = if NIBBLES { nibbles(body, codes) } else { bytes(body, codes) };
        for (part, (sum, total)) in sums.iter_mut().zip(totals).enumerate() {
            // SAFETY: a block starts with 64 bytes of scales, of which these are 16.
            let halves = unsafe { _mm_loadu_si128(block.as_ptr().add(16 * part).cast::<__m128i>()) };
            let factor = _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(*scale));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total), factor, *sum);
        }
    }
    sums
}

/// Four codes, on every lane.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(codes: &[i8]) -> __m256i {
    let quad = [codes[0], codes[1], codes[2], codes[3]].map(i8::cast_unsigned);
    _mm256_set1_epi32(i32::from_le_bytes(quad))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8], part: usize) -> __m256i {
    assert!(bytes.len() >= 32 * (part + 1), "a quad of a panel has 128 bytes");
    // SAFETY: just checked.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().add(32 * part).cast()) }
}

/// Signed 8-bit weights: |w| · sign(w)x, and 2 · 128 · 127 fits into 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes(body: &[u8], codes: &[i8]) -> [__m256i; PARTS] {
    let (flip, ones) = (_mm256_set1_epi8(-128), _mm256_set1_epi16(1));
    let mut totals = [_mm256_setzero_si256(); PARTS];
    for (quad, codes) in body.chunks_exact(4 * PANEL_ROWS).zip(codes.chunks_exact(4)) {
        let x = spread(codes);
        for (part, total) in totals.iter_mut().enumerate() {
            let weight = _mm256_xor_si256(load(quad, part), flip);
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weight), _mm256_sign_epi8(x, weight));
            *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pairs, ones));
        }
    }
    totals
}

#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(body: &[u8], codes: &[i8]) -> [__m256i; PARTS] {
    let (low, eight) = (_mm256_set1_epi8(15), _mm256_set1_epi8(8));
    let ones = _mm256_set1_epi16(1);
    let mut totals = [_mm256_setzero_si256(); PARTS];
    for (quads, codes) in body.chunks_exact(4 * PANEL_ROWS).zip(codes.chunks_exact(8)) {
        let inputs = [spread(&codes[..4]), spread(&codes[4..])];
        for (part, total) in totals.iter_mut().enumerate() {
            let both = load(quads, part);
            let upper = _mm256_srli_epi16::<4>(both);
            for (packed, x) in [both, upper].into_iter().zip(inputs) {
                let weight = _mm256_sub_epi8(_mm256_and_si256(packed, low), eight);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weight), _mm256_sign_epi8(x, weight));
                *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    totals
}
