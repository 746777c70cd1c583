//! Reading memory and doing nothing with it: the bound of whatever must read the same bytes.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Team;
use crate::team::share;

/// Words that a thread reads before it asks for more: a mebibyte.
const WORDS_AT_ONCE: usize = 1 << 17;
/// Numbers taken at once: eight wide registers.
const LANES: usize = 64;

/// Every bit of `words` goes into `sum`, whatever the order.
#[inline(always)]
fn read_body(words: &[u64], sum: &mut u64) {
    let mut lanes = [0_u64; LANES];
    let whole = words.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for (lane, word) in lanes.iter_mut().zip(part) {
            *lane ^= word;
        }
    }
    for word in lanes.iter().chain(rest) {
        *sum ^= word;
    }
}

levels! {
    /// Read memory from front to back with the widest loads of the level.
    fn read_words(words: &[u64], sum: &mut u64) = read_body
}

impl Team {
    /// Read bytes once with all threads; the exclusive or of their words shows that they were read.
    pub fn read(&mut self, bytes: &[u8]) -> u64 {
        // SAFETY: every eight bytes are some integer.
        let (_, words, _) = unsafe { bytes.align_to::<u64>() };
        let (level, total) = (self.level, AtomicU64::new(0));
        share(&mut self.pool, words.len(), WORDS_AT_ONCE, &|_, from, to| {
            let mut sum = 0;
            read_words(level, &words[from..to], &mut sum);
            total.fetch_xor(sum, Ordering::Relaxed);
        });
        total.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Buffer, Level, Team};

    #[test]
    fn every_word_is_read_once_at_every_level_and_by_any_number_of_threads() {
        let count = 2 * super::WORDS_AT_ONCE + 77;
        let mut buffer = Buffer::zeros(2 * count);
        let mut expected = 0;
        for (index, word) in buffer.bytes_mut().as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let value = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 5;
            expected ^= value;
            *word = value.to_le_bytes();
        }
        for level in [Level::Scalar, Level::Avx2, Level::Avx512, Level::Amx] {
            for threads in 1..4 {
                assert_eq!(Team::new(level, threads).read(buffer.bytes()), expected);
            }
        }
    }

    #[test]
    fn nothing_is_read_as_zero() {
        assert_eq!(Team::new(Level::detect(), 2).read(&[]), 0);
    }
}
