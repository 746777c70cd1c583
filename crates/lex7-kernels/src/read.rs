//! Reading memory and doing nothing with it: the bound of whatever must read the same bytes.

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
