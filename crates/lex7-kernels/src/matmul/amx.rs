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

use super::avx512::{BYTE_BLOCK, NIBBLE_BLOCK};
use super::{Product, Turned};
use crate::matrix::{Activations, GROUP, PANEL_ROWS, SCALE_BYTES};
use crate::shared::Shared;
use crate::{Buffer, Format};

/// Rows of a tile.
const ROWS: usize = 16;
/// A group of a panel in signed bytes, and its scales.
const BODY_BYTES: usize = GROUP * PANEL_ROWS;
/// The half of it that meets one tile: 16 quads of columns of 16 rows.
const HALF_BYTES: usize = BODY_BYTES / 2;
/// A group of 16 rows of codes.
const CODES_BYTES: usize = GROUP * ROWS;
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

/// Make room for rows of activations as tiles want them; returns how many tiles, and codes and scales of each.
pub(crate) fn room(given: &Activations, rows: usize, out: &mut Turned) -> (usize, usize, usize) {
    let groups = given.groups();
    let tiles = rows.div_ceil(ROWS);
    out.codes.grow(tiles * groups * CODES_BYTES / 4);
    out.scales.grow(tiles * groups * ROWS);
    (tiles, groups * CODES_BYTES, groups * ROWS)
}

/// Lay 16 rows of activations from `first` on out for tiles; of those only `rows` are there.
pub(crate) fn turn(given: &Activations, first: usize, rows: usize, codes: &mut [u8], scales: &mut [f32]) {
    for at in 0..ROWS {
        for group in 0..given.groups() {
            let target = &mut codes[group * CODES_BYTES + at * GROUP..][..GROUP];
            if at >= rows {
                target.fill(0);
                scales[group * ROWS + at] = 0.0;
                continue;
            }
            let source = &given.codes[(first + at) * given.padded + group * GROUP..][..GROUP];
            for (target, code) in target.iter_mut().zip(source) {
                *target = code.cast_unsigned();
            }
            scales[group * ROWS + at] = given.scales[(first + at) * given.groups() + group];
        }
    }
}

/// Products of tiles that stay in registers: `16 · 16 · 64 · 3` for each round.
pub(crate) fn spin(rounds: usize) {
    configure();
    for _ in 0..rounds {
        // SAFETY: the tiles are configured, and belong to this function.
        unsafe {
            asm!(
                "tdpbssd tmm0, tmm2, tmm4",
                "tdpbssd tmm1, tmm2, tmm4",
                "tdpbssd tmm3, tmm2, tmm4",
                out("tmm0") _, out("tmm1") _, out("tmm3") _,
                options(nostack, nomem),
            );
        }
    }
    // SAFETY: gives the tiles back.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
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

/// Tile 0 holds totals, 2 codes, 4 weights; all are whole.
fn configure() {
    let mut config =
        Config { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    for tile in 0..5 {
        config.row_bytes[tile] = 64;
        config.rows[tile] = ROWS as u8;
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

/// Multiply panels `from … to`; `product.turned` is what [`turn`] made.
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
    let mut totals = Totals([[[0; 16]; ROWS]; 2]);
    configure();
    for panel in panels.0..panels.1 {
        let wide = &mut work.bytes_mut()[..groups * WIDE_BLOCK];
        match product.weights.format {
            Format::Q8 => widen_bytes(product.weights.panel(panel), wide),
            _ => widen_nibbles(product.weights.panel(panel), wide),
        }
        let (wide, sums) = work.split_at_mut(wide_numbers);
        for from in (0..groups).step_by(GROUPS_AT_ONCE) {
            let part = (from, groups.min(from + GROUPS_AT_ONCE));
            for (tile, sums) in sums.chunks_exact_mut(TILE_SUMS).take(tiles).enumerate() {
                run_rows(product, tile, part, wide.as_ptr().cast(), sums, &mut totals);
                if part.1 == groups {
                    hand_over(product, (tile, panel), sums, out);
                }
            }
        }
    }
    // SAFETY: gives the tiles back, so that a switch of threads need not save them.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// Copy the sums of a tile, which are still near, to their rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn hand_over(product: &Product<'_>, (tile, panel): (usize, usize), sums: &[f32], out: &Shared<'_, f32>) {
    let (first, second) = sums.split_at(ROWS * 16);
    for at in 0..ROWS.min(product.rows - tile * ROWS) {
        // SAFETY: this thread alone works on the panel.
        let result = unsafe { product.result(out, tile * ROWS + at, panel) };
        result[..16].copy_from_slice(&first[16 * at..16 * at + 16]);
        result[16..].copy_from_slice(&second[16 * at..16 * at + 16]);
    }
}

/// 16 rows against some groups of a panel; `sums` is `[half][row][16]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn run_rows(
    product: &Product<'_>,
    tile: usize,
    (from, to): (usize, usize),
    wide: *const u8,
    sums: &mut [f32],
    totals: &mut Totals,
) {
    let totals = totals.0.as_mut_ptr();
    let groups = product.weights.groups();
    let codes = product.turned.codes.bytes()[tile * groups * CODES_BYTES..][..groups * CODES_BYTES].as_ptr();
    let scales = product.turned.scales[tile * groups * ROWS..][..ROWS * groups].as_ptr();
    for (half, sums) in sums.chunks_exact_mut(ROWS * 16).enumerate() {
        let sums = sums.as_mut_ptr();
        let mut results = [_mm512_setzero_ps(); ROWS];
        // SAFETY: the codes of each group and the groups of a panel are read; of sums and scales there are 16
        // for each row and group.
        unsafe {
            if from > 0 {
                for at in 0..ROWS {
                    results[at] = _mm512_loadu_ps(sums.add(16 * at));
                }
            }
            let body = |group: usize| wide.add(group * WIDE_BLOCK + half * HALF_BYTES);
            tile_totals(codes.add(from * CODES_BYTES), body(from), totals.add(from % 2));
            for group in from..to {
                let next = group + 1;
                if next < to {
                    tile_totals(codes.add(next * CODES_BYTES), body(next), totals.add(next % 2));
                }
                let place = wide.add(group * WIDE_BLOCK + BODY_BYTES + 64 * half);
                let weight_scale = _mm512_loadu_ps(place.cast());
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
/// The tiles are configured, and the 16 rows of 64 bytes of each are there.
#[inline]
unsafe fn tile_totals(codes: *const u8, weights: *const u8, totals: *mut [[i32; 16]; ROWS]) {
    // SAFETY: promised by the caller.
    unsafe {
        asm!(
            "tileloadd tmm2, [{codes} + {line}]",
            "tileloadd tmm4, [{weights} + {line}]",
            "tilezero tmm0",
            "tdpbssd tmm0, tmm2, tmm4",
            "tilestored [{totals} + {line}], tmm0",
            codes = in(reg) codes,
            weights = in(reg) weights,
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
        for quad in 0..GROUP / 4 {
            for half in 0..2 {
                // SAFETY: both have 2,048 bytes, behind the scales and before them.
                unsafe {
                    let place = block.as_ptr().add(SCALE_BYTES + 128 * quad + 64 * half);
                    let codes = _mm512_xor_si512(_mm512_loadu_si512(place.cast()), flip);
                    let place = wide.as_mut_ptr().add(HALF_BYTES * half + 64 * quad);
                    _mm512_storeu_si512(place.cast(), codes);
                }
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
                    let place = wide.as_mut_ptr().add(HALF_BYTES * half + 128 * pair);
                    _mm512_storeu_si512(place.cast(), first);
                    _mm512_storeu_si512(place.add(64).cast(), _mm512_sub_epi8(upper, eight));
                }
            }
        }
    }
}
