//! Copying numbers and looking at each on the way.

use crate::{Buffer, Level};

const EXPONENT: u32 = 0x7f80_0000;
const LINE_BYTES: usize = 64;
/// How far ahead a line is asked for; measured, with a quarter and four times of it not much worse.
#[cfg(target_arch = "x86_64")]
const AHEAD_BYTES: usize = 1_024;

/// Copy little-endian numbers into a buffer from number `first` on; whether all of them are finite.
///
/// Whole lines are written past the caches where the level can: a state is larger than they are, and a line
/// that is not read before it is written costs a third less.
///
/// # Panics
/// There is no room for them, or the last is cut.
pub fn copy_finite(from: &[u8], to: &mut Buffer, first: usize) -> bool {
    copy_at(Level::detect(), from, to, first)
}

fn copy_at(level: Level, from: &[u8], to: &mut Buffer, first: usize) -> bool {
    let room = to.len();
    assert!(
        from.len().is_multiple_of(4) && from.len() / 4 + first <= room,
        "there is room for whole numbers"
    );
    let target = &mut to.bytes_mut()[4 * first..4 * first + from.len()];
    let whole = if (4 * first).is_multiple_of(LINE_BYTES) { from.len() / LINE_BYTES * LINE_BYTES } else { 0 };
    let (lines, rest) = from.split_at(whole);
    let (line_target, rest_target) = target.split_at_mut(whole);
    let is_finite = match level {
        // SAFETY: this machine runs the level; a buffer starts on a line, and so do its whole lines.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Amx => unsafe { copy_wide(lines, line_target) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { copy_middle(lines, line_target) },
        _ => copy_plain(lines, line_target),
    };
    copy_plain(rest, rest_target) && is_finite
}

/// Numbers whose exponent is all ones are infinite or none at all.
fn copy_plain(from: &[u8], to: &mut [u8]) -> bool {
    to.copy_from_slice(from);
    let words = from.as_chunks::<4>().0;
    words.iter().all(|word| u32::from_le_bytes(*word) & EXPONENT != EXPONENT)
}

/// # Safety
/// Both are of the same whole number of lines, and `to` starts on one.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
unsafe fn copy_wide(from: &[u8], to: &mut [u8]) -> bool {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm_sfence, _mm512_and_si512, _mm512_cmpeq_epi32_mask, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_stream_si512,
    };
    let exponent = _mm512_set1_epi32(EXPONENT.cast_signed());
    let (source, target) = (from.as_ptr(), to.as_mut_ptr());
    let mut bad = 0;
    for at in (0..from.len()).step_by(LINE_BYTES) {
        // SAFETY: a whole line of both; what is asked for ahead may lie anywhere.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(source.wrapping_add(at + AHEAD_BYTES).cast());
            let words = _mm512_loadu_si512(source.add(at).cast());
            bad |= _mm512_cmpeq_epi32_mask(_mm512_and_si512(words, exponent), exponent);
            _mm512_stream_si512(target.add(at).cast(), words);
        }
    }
    _mm_sfence();
    bad == 0
}

/// # Safety
/// As [`copy_wide`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn copy_middle(from: &[u8], to: &mut [u8]) -> bool {
    use std::arch::x86_64::{
        _MM_HINT_T0, _mm_prefetch, _mm_sfence, _mm256_and_si256, _mm256_cmpeq_epi32, _mm256_loadu_si256,
        _mm256_or_si256, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_stream_si256, _mm256_testz_si256,
    };
    let exponent = _mm256_set1_epi32(EXPONENT.cast_signed());
    let (source, target) = (from.as_ptr(), to.as_mut_ptr());
    let mut bad = _mm256_setzero_si256();
    for at in (0..from.len()).step_by(LINE_BYTES / 2) {
        // SAFETY: half of a line of both; what is asked for ahead may lie anywhere.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(source.wrapping_add(at + AHEAD_BYTES).cast());
            let words = _mm256_loadu_si256(source.add(at).cast());
            bad = _mm256_or_si256(bad, _mm256_cmpeq_epi32(_mm256_and_si256(words, exponent), exponent));
            _mm256_stream_si256(target.add(at).cast(), words);
        }
    }
    _mm_sfence();
    _mm256_testz_si256(bad, bad) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_copied_and_one_that_is_not_finite_is_found_at_every_level() {
        let numbers: Vec<f32> = (0_u16..1_003).map(|at| f32::from(at) - 500.0).collect();
        let good: Vec<u8> = numbers.iter().flat_map(|value| value.to_le_bytes()).collect();
        for level in [Level::Scalar, Level::Avx2, Level::Avx512, Level::Amx].map(Level::available) {
            for first in [0, 7, 16] {
                let mut buffer = Buffer::zeros(1_030);
                assert!(copy_at(level, &good, &mut buffer, first));
                assert_eq!(buffer[first..first + 1_003], numbers);
                assert!(buffer[first + 1_003..].iter().all(|value| *value == 0.0));
                for at in [0, 1, 8, 500, 991, 992, 1_002] {
                    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        let mut bytes = good.clone();
                        bytes[4 * at..4 * at + 4].copy_from_slice(&wrong.to_le_bytes());
                        assert!(!copy_at(level, &bytes, &mut buffer, first));
                    }
                }
            }
        }
    }
}
