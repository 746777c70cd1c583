//! Integer products out of registers and nothing else: the bound of whatever must multiply as much.

use std::hint::black_box;

use crate::team::share;
use crate::{Level, Team};

/// Rounds that a thread does before it asks for more.
const ROUNDS_AT_ONCE: usize = 1 << 12;
const SCALAR_LANES: usize = 16;

impl Team {
    /// Multiply 8-bit integers in registers for that many rounds, shared among the threads; returns how
    /// many products that were, each added to a 32-bit total.
    pub fn peak(&mut self, rounds: usize) -> u64 {
        let level = self.level;
        share(&mut self.pool, rounds, ROUNDS_AT_ONCE, &|_, from, to| spin(level, to - from));
        rounds as u64 * products(level)
    }
}

/// Products of one round.
fn products(level: Level) -> u64 {
    match level {
        Level::Amx => 3 * 16 * 16 * 64,
        Level::Avx512 => 12 * 64,
        Level::Avx2 => 8 * 32,
        Level::Scalar => SCALAR_LANES as u64,
    }
}

fn spin(level: Level, rounds: usize) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Amx => crate::matmul::amx::spin(rounds),
        // SAFETY: a `Team` only holds a level that this machine runs.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { spin_wide(rounds) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { spin_middle(rounds) },
        _ => spin_plain(rounds),
    }
}

fn spin_plain(rounds: usize) {
    let given: [i8; SCALAR_LANES] = black_box([3; SCALAR_LANES]);
    let mut totals = [0_i32; SCALAR_LANES];
    for _ in 0..rounds {
        let weight = i32::from(black_box(7_i8));
        for (total, code) in totals.iter_mut().zip(given) {
            *total = total.wrapping_add(weight * i32::from(code));
        }
    }
    black_box(totals);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
fn spin_wide(rounds: usize) {
    use std::arch::x86_64::{_mm512_dpbusd_epi32, _mm512_set1_epi8, _mm512_setzero_si512};
    let (weight, code) = (black_box(_mm512_set1_epi8(7)), black_box(_mm512_set1_epi8(3)));
    let mut totals = [_mm512_setzero_si512(); 12];
    for _ in 0..rounds {
        for total in &mut totals {
            *total = _mm512_dpbusd_epi32(*total, weight, code);
        }
    }
    black_box(totals);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn spin_middle(rounds: usize) {
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16,
        _mm256_setzero_si256,
    };
    let (code, ones) = (black_box(_mm256_set1_epi8(3)), black_box(_mm256_set1_epi16(1)));
    let mut weight = black_box(_mm256_set1_epi8(7));
    let mut totals = [_mm256_setzero_si256(); 8];
    for _ in 0..rounds {
        weight = _mm256_add_epi32(weight, ones);
        for total in &mut totals {
            let pairs = _mm256_maddubs_epi16(weight, code);
            *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pairs, ones));
        }
    }
    black_box(totals);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_counted_by_rounds_whatever_the_threads() {
        for level in [Level::Scalar, Level::Avx2, Level::Avx512, Level::Amx] {
            for threads in [1, 2] {
                let mut team = Team::new(level, threads);
                assert_eq!(team.peak(10_000), 10_000 * products(level.available()));
                assert_eq!(team.peak(0), 0);
            }
        }
    }
}
