//! Quantised products of many rows with AMX tiles: 16 rows × 16 weight rows × 64 columns in one instruction.
//!
//! A panel is laid out once for all rows, as signed bytes with 32-bit scales; its order, quads of columns
//! side by side, is the one that tiles ask for. The integers of a group leave the tile through a small
//! block of memory and are then scaled and added as at every other level. While one group is scaled the
//! tiles work on the next.
#![allow(clippy::needless_range_loop)]

use std::arch::asm;
use std::arch::x86_64::{
    __cpuid, __cpuid_count, __m256i, _mm256_loadu_si256, _mm512_and_si512, _mm512_cvtepi32_ps,
    _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi8,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_srli_epi16, _mm512_storeu_ps, _mm512_storeu_si512,
    _mm512_sub_epi8, _mm512_xor_si512,
};
use std::sync::OnceLock;

use super::Product;
use super::avx512::{BYTE_BLOCK, NIBBLE_BLOCK};
use crate::matrix::{Activations, GROUP, PANEL_ROWS, SCALE_BYTES};
use crate::shared::Shared;
use crate::{Buffer, Format};

/// Rows of a tile.
const ROWS: usize = 16;
/// A group of a panel in signed bytes, and its scales.
const BODY_BYTES: usize = GROUP * PANEL_ROWS;
const WIDE_BLOCK: usize = BODY_BYTES + 4 * PANEL_ROWS;

/// Sums of 16 rows and a panel.
const TILE_SUMS: usize = ROWS * PANEL_ROWS;
/// Groups for which a panel and 16 rows stay in the first cache.
const GROUPS_AT_ONCE: usize = 8;

/// Whether the machine has 8-bit tiles and the system lets this process use them.
pub(crate) fn is_available() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| has_tiles() && may_use_tiles())
}

fn has_tiles() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const TILE_AND_INT8: u32 = (1 << 24) | (1 << 25);
    const TILE_STATE: u64 = (1 << 17) | (1 << 18);
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let (low, high): (u32, u32);
    // SAFETY: the processor has XGETBV, as just asked.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack));
    }
    let enabled = u64::from(high) << 32 | u64::from(low);
    __cpuid_count(7, 0).edx & TILE_AND_INT8 == TILE_AND_INT8 && enabled & TILE_STATE == TILE_STATE
}

/// Linux gives tiles to processes that ask for them.
fn may_use_tiles() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    if !cfg!(target_os = "linux") {
        return false;
    }
    let answer: i64;
    // SAFETY: a system call that reads and writes no memory of ours.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

/// The scales of rows as `[16 rows][group][row of them]`, zero where there is no row.
pub(crate) fn turn_scales(given: &Activations, first: usize, rows: usize, out: &mut Buffer) {
    let groups = given.groups();
    let tiles = rows.div_ceil(ROWS);
    out.grow(tiles * groups * ROWS);
    for (tile, turned) in out.chunks_exact_mut(groups * ROWS).take(tiles).enumerate() {
        for (group, scales) in turned.chunks_exact_mut(ROWS).enumerate() {
            for (at, scale) in scales.iter_mut().enumerate() {
                let row = tile * ROWS + at;
                *scale = if row < rows { given.scales[(first + row) * groups + group] } else { 0.0 };
            }
        }
    }
}

/// What LDTILECFG reads: palette 1, and rows and bytes of a row for tiles 0 … 7.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Tiles 0 and 1 hold totals, 2 and 3 codes (`rows` of them), 4 and 5 weights.
fn configure(rows: u8) {
    let mut config =
        Config { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    for tile in 0..6 {
        config.row_bytes[tile] = 64;
        config.rows[tile] = if tile < 4 { rows } else { 16 };
    }
    // SAFETY: this level is only chosen where tiles may be used.
    unsafe {
        asm!(
            "ldtilecfg [{config}]",
            config = in(reg) &raw const config,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, readonly),
        );
    }
}

/// Multiply panels `from … to`; `scales` are those of [`turn_scales`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn multiply(
    product: &Product<'_>,
    panels: (usize, usize),
    work: &mut Buffer,
    out: &Shared<'_, f32>,
) {
    let groups = product.weights.groups();
    let tiles = product.rows.div_ceil(ROWS);
    let wide_numbers = groups * WIDE_BLOCK / 4;
    work.grow(wide_numbers + tiles * TILE_SUMS);
    let whole = product.rows / ROWS;
    let rest = product.rows % ROWS;
    let mut totals = Totals([[[0; 16]; ROWS]; 2]);
    for panel in panels.0..panels.1 {
        let wide = &mut work.bytes_mut()[..groups * WIDE_BLOCK];
        match product.weights.format {
            Format::Q8 => widen_bytes(product.weights.panel(panel), wide),
            _ => widen_nibbles(product.weights.panel(panel), wide),
        }
        let (wide, sums) = work.split_at_mut(wide_numbers);
        let wide = wide.as_ptr().cast::<u8>();
        for from in (0..groups).step_by(GROUPS_AT_ONCE) {
            let part = (from, groups.min(from + GROUPS_AT_ONCE));
            configure(ROWS as u8);
            for (tile, sums) in sums.chunks_exact_mut(TILE_SUMS).take(whole).enumerate() {
                run_rows(product, (tile * ROWS, ROWS), part, wide, sums, &mut totals);
            }
            if rest > 0 {
                configure(rest as u8);
                let sums = &mut sums[whole * TILE_SUMS..][..TILE_SUMS];
                run_rows(product, (whole * ROWS, rest), part, wide, sums, &mut totals);
            }
        }
        for row in 0..product.rows {
            // SAFETY: this thread alone works on the panel.
            let result = unsafe { product.result(out, row, panel) };
            for half in 0..2 {
                let from = (row / ROWS * 2 + half) * ROWS * 16 + row % ROWS * 16;
                result[16 * half..16 * half + 16].copy_from_slice(&sums[from..from + 16]);
            }
        }
    }
    // SAFETY: gives the tiles back, so that a switch of threads need not save them.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// Up to 16 rows against some groups of a panel; `sums` is `[half][row][16]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn run_rows(
    product: &Product<'_>,
    (row, rows): (usize, usize),
    (from, to): (usize, usize),
    wide: *const u8,
    sums: &mut [f32],
    totals: &mut Totals,
) {
    let totals = totals.0.as_mut_ptr();
    let given = product.given;
    let groups = given.groups();
    let codes = given.codes[(product.first + row) * given.padded..][..rows * given.padded].as_ptr();
    let scales = product.scales[row * groups..][..ROWS * groups].as_ptr();
    for (half, sums) in sums.chunks_exact_mut(ROWS * 16).enumerate() {
        let sums = sums.as_mut_ptr();
        let mut results = [_mm512_setzero_ps(); ROWS];
        // SAFETY: `rows` codes of each group and the groups of a panel are read; of sums and scales there are
        // 16 for each row and group. Rows beyond `rows` have totals of no meaning, and a scale of zero or
        // sums that nobody reads.
        unsafe {
            if from > 0 {
                for at in 0..ROWS {
                    results[at] = _mm512_loadu_ps(sums.add(16 * at));
                }
            }
            let weights = wide.add(64 * half);
            let stride = given.padded;
            tile_totals(
                codes.add(from * GROUP),
                stride,
                weights.add(from * WIDE_BLOCK),
                totals.add(from % 2),
            );
            for group in from..to {
                let next = group + 1;
                if next < to {
                    let place = weights.add(next * WIDE_BLOCK);
                    tile_totals(codes.add(next * GROUP), stride, place, totals.add(next % 2));
                }
                let weight_scale = _mm512_loadu_ps(weights.add(group * WIDE_BLOCK + BODY_BYTES).cast());
                let integers = totals.add(group % 2).cast::<i32>();
                let scale = scales.add(group * ROWS);
                for at in 0..ROWS {
                    let total = _mm512_cvtepi32_ps(_mm512_loadu_si512(integers.add(16 * at).cast()));
                    let factor = _mm512_mul_ps(weight_scale, _mm512_set1_ps(*scale.add(at)));
                    results[at] = _mm512_fmadd_ps(total, factor, results[at]);
                }
            }
            for at in 0..ROWS {
                _mm512_storeu_ps(sums.add(16 * at), results[at]);
            }
        }
    }
}

/// Integers of a group as they leave the tiles, of this group and of the next.
#[repr(align(64))]
struct Totals([[[i32; 16]; ROWS]; 2]);

/// One group: codes times weights, summed from zero.
///
/// # Safety
/// The tiles are configured, and the memory of their rows is there.
#[inline]
unsafe fn tile_totals(codes: *const i8, stride: usize, weights: *const u8, totals: *mut [[i32; 16]; ROWS]) {
    // SAFETY: promised by the caller.
    unsafe {
        asm!(
            "tileloadd tmm2, [{codes} + {stride}]",
            "tileloadd tmm4, [{weights} + {wide}]",
            "tilezero tmm0",
            "tdpbssd tmm0, tmm2, tmm4",
            "tilestored [{totals} + {line}], tmm0",
            codes = in(reg) codes,
            stride = in(reg) stride,
            weights = in(reg) weights,
            wide = in(reg) 4 * PANEL_ROWS,
            totals = in(reg) totals,
            line = in(reg) 64_usize,
            out("tmm0") _, out("tmm2") _, out("tmm4") _,
            options(nostack),
        );
    }
}

#[inline]
#[target_feature(enable = "avx512f,f16c")]
fn widen_scales(block: &[u8], wide: &mut [u8]) {
    for half in 0..2 {
        // SAFETY: a block starts with 64 bytes of half-precision scales, a wide one ends with 128 of single.
        unsafe {
            let halves: __m256i = _mm256_loadu_si256(block.as_ptr().add(32 * half).cast());
            let place = wide.as_mut_ptr().add(BODY_BYTES + 64 * half);
            _mm512_storeu_ps(place.cast(), _mm512_cvtph_ps(halves));
        }
    }
}

/// The offset taken off: 128 more or less is the highest bit.
#[target_feature(enable = "avx512f,avx512bw,f16c")]
fn widen_bytes(panel: &[u8], wide: &mut [u8]) {
    let flip = _mm512_set1_epi8(-128);
    for (block, wide) in panel.chunks_exact(BYTE_BLOCK).zip(wide.chunks_exact_mut(WIDE_BLOCK)) {
        widen_scales(block, wide);
        for at in (0..BODY_BYTES).step_by(64) {
            // SAFETY: both have that many bytes behind the scales and before them.
            unsafe {
                let codes = _mm512_loadu_si512(block.as_ptr().add(SCALE_BYTES + at).cast());
                _mm512_storeu_si512(wide.as_mut_ptr().add(at).cast(), _mm512_xor_si512(codes, flip));
            }
        }
    }
}

/// Two quads of nibbles laid out as quads of bytes, the offset taken off.
#[target_feature(enable = "avx512f,avx512bw,f16c")]
fn widen_nibbles(panel: &[u8], wide: &mut [u8]) {
    let (low, eight) = (_mm512_set1_epi8(15), _mm512_set1_epi8(8));
    for (block, wide) in panel.chunks_exact(NIBBLE_BLOCK).zip(wide.chunks_exact_mut(WIDE_BLOCK)) {
        widen_scales(block, wide);
        for pair in 0..GROUP / 8 {
            for half in 0..2 {
                // SAFETY: 64 of 1,024 bytes are read, twice 64 of 2,048 are written.
                unsafe {
                    let place = block.as_ptr().add(SCALE_BYTES + 128 * pair + 64 * half);
                    let packed = _mm512_loadu_si512(place.cast());
                    let first = _mm512_sub_epi8(_mm512_and_si512(packed, low), eight);
                    let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(packed), low);
                    let place = wide.as_mut_ptr().add(256 * pair + 64 * half);
                    _mm512_storeu_si512(place.cast(), first);
                    _mm512_storeu_si512(place.add(128).cast(), _mm512_sub_epi8(upper, eight));
                }
            }
        }
    }
}
