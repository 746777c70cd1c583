//! Quantised products with AVX-512 VNNI.
//!
//! Weights are unsigned (offset by 128 or 8), codes signed; a total starts at −offset · Σ codes, so no
//! sign has to be moved. Few rows (decode) read one panel after the other, one stream for each thread; many
//! rows (prefill) take two panels and six rows at a time, 24 totals in registers, and 4-bit panels are
//! widened once for all rows.
//!
//! Loops run over indices, not closures: a closure inside of a library function is compiled without the
//! features of its caller, is therefore not inlined, and was measured to cost half of the speed.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm512_and_si512, _mm512_cvtepi32_ps, _mm512_cvtph_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi8,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_srli_epi16,
    _mm512_storeu_ps, _mm512_storeu_si512,
};

use super::Product;
use crate::Buffer;
use crate::Format;
use crate::matrix::{GROUP, PANEL_ROWS, SCALE_BYTES};
use crate::shared::Shared;

/// Up to here a product is bound by reading the weights.
pub(super) const FEW_ROWS: usize = 16;
pub(super) const BYTE_BLOCK: usize = SCALE_BYTES + GROUP * PANEL_ROWS;
pub(super) const NIBBLE_BLOCK: usize = SCALE_BYTES + GROUP * PANEL_ROWS / 2;
const QUADS: usize = GROUP / 4;

/// Where a tile reads and writes; the pointers are valid for all groups of the tile.
#[derive(Clone, Copy)]
struct Tile {
    /// The first block of each panel.
    weights: [*const u8; 2],
    groups: usize,
    codes: *const i8,
    /// From one row of codes to the next.
    codes_stride: usize,
    scales: *const f32,
    sums: *const i32,
    /// The first result of each panel.
    out: [*mut f32; 2],
    out_stride: usize,
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn multiply(
    product: &Product<'_>,
    panels: (usize, usize),
    work: &mut Buffer,
    out: &Shared<'_, f32>,
) {
    let is_wide = product.weights.format == Format::Q8;
    if product.rows <= FEW_ROWS {
        for panel in panels.0..panels.1 {
            if is_wide {
                few_rows::<128, false>(product, panel, out);
            } else {
                few_rows::<8, true>(product, panel, out);
            }
        }
        return;
    }
    let wide_bytes = product.weights.groups() * BYTE_BLOCK;
    if !is_wide {
        work.grow(wide_bytes / 2);
    }
    let mut panel = panels.0;
    while panel < panels.1 {
        let count = if panel + 1 < panels.1 { 2 } else { 1 };
        let mut weights = [product.weights.panel(panel).as_ptr(); 2];
        if count == 2 {
            weights[1] = product.weights.panel(panel + 1).as_ptr();
        }
        if is_wide {
            many_rows::<128>(product, (panel, count), weights, out);
        } else {
            let widened = work.bytes_mut().chunks_exact_mut(wide_bytes);
            for (index, wide) in widened.take(count).enumerate() {
                widen(product.weights.panel(panel + index), wide);
                weights[index] = wide.as_ptr();
            }
            many_rows::<8>(product, (panel, count), weights, out);
        }
        panel += count;
    }
}

/// Lay two quads of nibbles out as quads of bytes.
#[target_feature(enable = "avx512f,avx512bw")]
fn widen(panel: &[u8], wide: &mut [u8]) {
    let low = _mm512_set1_epi8(15);
    let blocks = panel.chunks_exact(NIBBLE_BLOCK).zip(wide.chunks_exact_mut(BYTE_BLOCK));
    for (block, wide) in blocks {
        wide[..SCALE_BYTES].copy_from_slice(&block[..SCALE_BYTES]);
        let parts = block[SCALE_BYTES..].chunks_exact(128);
        for (both, wide) in parts.zip(wide[SCALE_BYTES..].chunks_exact_mut(256)) {
            for half in 0..2 {
                // SAFETY: 128 bytes are read, 256 are written, 64 at a time.
                unsafe {
                    let packed = _mm512_loadu_si512(both.as_ptr().add(64 * half).cast());
                    let upper = _mm512_srli_epi16::<4>(packed);
                    let place = wide.as_mut_ptr().add(64 * half);
                    _mm512_storeu_si512(place.cast(), _mm512_and_si512(packed, low));
                    _mm512_storeu_si512(place.add(128).cast(), _mm512_and_si512(upper, low));
                }
            }
        }
    }
}

#[inline]
fn tile_of(
    product: &Product<'_>,
    (panel, count): (usize, usize),
    row: usize,
    weights: [*const u8; 2],
    out: &Shared<'_, f32>,
) -> Tile {
    let given = product.given;
    let at = product.first + row;
    // SAFETY: this thread alone works on these panels.
    let first = unsafe { product.result(out, row, panel) }.as_mut_ptr();
    let second = if count == 2 {
        // SAFETY: as above.
        unsafe { product.result(out, row, panel + 1) }.as_mut_ptr()
    } else {
        first
    };
    Tile {
        weights,
        groups: product.weights.groups(),
        codes: given.codes[at * given.padded..].as_ptr(),
        codes_stride: given.padded,
        scales: given.scales[at * given.groups()..].as_ptr(),
        sums: given.sums[at * given.groups()..].as_ptr(),
        out: [first, second],
        out_stride: product.stride,
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn few_rows<const OFFSET: i32, const NIBBLES: bool>(
    product: &Product<'_>,
    panel: usize,
    out: &Shared<'_, f32>,
) {
    let weights = product.weights.panel(panel).as_ptr();
    let mut row = 0;
    while row < product.rows {
        let tile = tile_of(product, (panel, 1), row, [weights; 2], out);
        // SAFETY: the tile describes rows and panels of this product.
        row += unsafe {
            match product.rows - row {
                8.. => run_tile::<8, 1, OFFSET, NIBBLES>(&tile),
                4.. => run_tile::<4, 1, OFFSET, NIBBLES>(&tile),
                2.. => run_tile::<2, 1, OFFSET, NIBBLES>(&tile),
                _ => run_tile::<1, 1, OFFSET, NIBBLES>(&tile),
            }
        };
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn many_rows<const OFFSET: i32>(
    product: &Product<'_>,
    panels: (usize, usize),
    weights: [*const u8; 2],
    out: &Shared<'_, f32>,
) {
    let mut row = 0;
    while row < product.rows {
        let tile = tile_of(product, panels, row, weights, out);
        // SAFETY: the tile describes rows and panels of this product.
        row += unsafe {
            match (panels.1, product.rows - row) {
                (2, 6..) => run_tile::<6, 2, OFFSET, false>(&tile),
                (2, 4..) => run_tile::<4, 2, OFFSET, false>(&tile),
                (2, 2..) => run_tile::<2, 2, OFFSET, false>(&tile),
                (2, _) => run_tile::<1, 2, OFFSET, false>(&tile),
                (_, 8..) => run_tile::<8, 1, OFFSET, false>(&tile),
                (_, 4..) => run_tile::<4, 1, OFFSET, false>(&tile),
                (_, 2..) => run_tile::<2, 1, OFFSET, false>(&tile),
                _ => run_tile::<1, 1, OFFSET, false>(&tile),
            }
        };
    }
}

/// Totals of T rows against P panels of 32, in registers of 16.
type Totals<const T: usize, const P: usize> = [[[__m512i; 2]; P]; T];

/// T rows against P panels; returns T.
///
/// # Safety
/// The pointers of the tile are valid for T rows, P panels and all groups of blocks of that kind.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn run_tile<const T: usize, const P: usize, const OFFSET: i32, const NIBBLES: bool>(
    tile: &Tile,
) -> usize {
    let groups = tile.codes_stride / GROUP;
    let mut results = [[[_mm512_setzero_ps(); 2]; P]; T];
    let mut blocks = [tile.weights[0]; P];
    blocks.copy_from_slice(&tile.weights[..P]);
    for group in 0..tile.groups {
        let mut totals: Totals<T, P> = [[[_mm512_setzero_si512(); 2]; P]; T];
        // SAFETY: within the rows, panels and groups of the tile.
        unsafe {
            for row in 0..T {
                let start = _mm512_set1_epi32(-OFFSET * *tile.sums.add(row * groups + group));
                for panel in 0..P {
                    totals[row][panel] = [start; 2];
                }
            }
            if NIBBLES {
                add_nibbles(tile, group, &blocks, &mut totals);
            } else {
                add_bytes(tile, group, &blocks, &mut totals);
            }
            for panel in 0..P {
                for half in 0..2 {
                    let halves: __m256i = _mm256_loadu_si256(blocks[panel].add(32 * half).cast());
                    let weight_scale = _mm512_cvtph_ps(halves);
                    for row in 0..T {
                        let x_scale = _mm512_set1_ps(*tile.scales.add(row * groups + group));
                        let factor = _mm512_mul_ps(weight_scale, x_scale);
                        let total = _mm512_cvtepi32_ps(totals[row][panel][half]);
                        results[row][panel][half] = _mm512_fmadd_ps(total, factor, results[row][panel][half]);
                    }
                }
                blocks[panel] = blocks[panel].add(if NIBBLES { NIBBLE_BLOCK } else { BYTE_BLOCK });
            }
        }
    }
    for row in 0..T {
        for panel in 0..P {
            for half in 0..2 {
                // SAFETY: 32 results for each row and panel.
                unsafe {
                    let place = tile.out[panel].add(row * tile.out_stride + 16 * half);
                    _mm512_storeu_ps(place, results[row][panel][half]);
                }
            }
        }
    }
    T
}

/// Four codes of a row, on every lane.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn spread(tile: &Tile, row: usize, column: usize) -> __m512i {
    // SAFETY: within the rows and columns of the tile.
    unsafe {
        let place = tile.codes.add(row * tile.codes_stride + column);
        _mm512_set1_epi32(place.cast::<i32>().read_unaligned())
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn add_bytes<const T: usize, const P: usize>(
    tile: &Tile,
    group: usize,
    blocks: &[*const u8; P],
    totals: &mut Totals<T, P>,
) {
    for quad in 0..QUADS {
        let mut weights = [[_mm512_setzero_si512(); 2]; P];
        // SAFETY: within the rows, panels and groups of the tile.
        unsafe {
            for panel in 0..P {
                let place = blocks[panel].add(SCALE_BYTES + 128 * quad);
                weights[panel][0] = _mm512_loadu_si512(place.cast());
                weights[panel][1] = _mm512_loadu_si512(place.add(64).cast());
            }
            for row in 0..T {
                let x = spread(tile, row, group * GROUP + 4 * quad);
                for panel in 0..P {
                    for half in 0..2 {
                        let total = totals[row][panel][half];
                        totals[row][panel][half] = _mm512_dpbusd_epi32(total, weights[panel][half], x);
                    }
                }
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn add_nibbles<const T: usize, const P: usize>(
    tile: &Tile,
    group: usize,
    blocks: &[*const u8; P],
    totals: &mut Totals<T, P>,
) {
    let low = _mm512_set1_epi8(15);
    for pair in 0..QUADS / 2 {
        let mut first = [[_mm512_setzero_si512(); 2]; P];
        let mut second = [[_mm512_setzero_si512(); 2]; P];
        // SAFETY: within the rows, panels and groups of the tile.
        unsafe {
            for panel in 0..P {
                for half in 0..2 {
                    let place = blocks[panel].add(SCALE_BYTES + 128 * pair + 64 * half);
                    let packed = _mm512_loadu_si512(place.cast());
                    first[panel][half] = _mm512_and_si512(packed, low);
                    second[panel][half] = _mm512_and_si512(_mm512_srli_epi16::<4>(packed), low);
                }
            }
            for row in 0..T {
                let x = spread(tile, row, group * GROUP + 8 * pair);
                let later = spread(tile, row, group * GROUP + 8 * pair + 4);
                for panel in 0..P {
                    for half in 0..2 {
                        let total = totals[row][panel][half];
                        let total = _mm512_dpbusd_epi32(total, first[panel][half], x);
                        totals[row][panel][half] = _mm512_dpbusd_epi32(total, second[panel][half], later);
                    }
                }
            }
        }
    }
}
