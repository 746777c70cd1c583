//! The choice of the next token from logits: greedy, or by temperature, top-k and top-p.
//!
//! A choice is a function of (logits, mask, settings, seed, position) and of nothing else: the random
//! number is a counter-based one at the token's position, exp comes from pure Rust, and every sum runs in
//! a fixed order. The same session with the same seed therefore gives the same text on every machine, also
//! after it was rolled back or moved.

use std::collections::BinaryHeap;

use crate::rng::philox;

/// How a token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wish {
    /// 0 takes the most probable token; otherwise logits are divided by it.
    pub temperature: f64,
    /// Only the fewest most probable tokens that together have this share are kept; 1 keeps all.
    pub top_p: f64,
    /// Only so many of the most probable tokens are kept; 0 keeps all.
    pub top_k: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Tokens that the session has seen: the counter of the random numbers.
    pub position: u64,
}

/// Which tokens may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    /// Ids from here on only pad the vocabulary.
    pub token_count: usize,
    /// One bit a token, the lowest first; none allows all.
    pub mask: Option<&'a [u32]>,
}

/// Why no token was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplingError {
    /// A logit that may be chosen is NaN or infinite.
    NotFinite {
        /// Its token.
        token: usize,
    },
    /// No token is allowed.
    NothingAllowed,
    /// Temperature or top-p is out of range.
    Settings,
}

/// A weight with its token; ordered by weight, then by the lower token.
#[derive(PartialEq)]
struct Candidate {
    weight: f64,
    token: u32,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.weight.total_cmp(&other.weight).then(other.token.cmp(&self.token))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Choose a token and return it with its probability among the tokens that were kept.
///
/// # Errors
/// A logit is not finite, nothing is allowed, or a setting is out of range.
pub fn choose(logits: &[f32], allowed: Allowed<'_>, wish: Wish) -> Result<(u32, f64), SamplingError> {
    let is_in_range = wish.temperature >= 0.0 && wish.top_p > 0.0 && wish.top_p <= 1.0;
    if !is_in_range || !wish.temperature.is_finite() {
        return Err(SamplingError::Settings);
    }
    let tokens = permitted(logits, allowed)?;
    let best = best_of(logits, &tokens).ok_or(SamplingError::NothingAllowed)?;
    if wish.temperature == 0.0 {
        return Ok((best, 1.0));
    }
    let most = f64::from(logits[best as usize]);
    let candidates: Vec<Candidate> = tokens
        .into_iter()
        .map(|token| {
            let below = f64::from(logits[token as usize]) - most;
            Candidate { weight: libm::exp(below / wish.temperature), token }
        })
        .collect();
    Ok(draw(candidates, wish))
}

fn permitted(logits: &[f32], allowed: Allowed<'_>) -> Result<Vec<u32>, SamplingError> {
    let count = logits.len().min(allowed.token_count);
    let is_allowed = |token: usize| match allowed.mask {
        None => true,
        Some(mask) => mask.get(token / 32).is_some_and(|word| word >> (token % 32) & 1 == 1),
    };
    let mut tokens = Vec::new();
    for token in (0..count).filter(|&token| is_allowed(token)) {
        if !logits[token].is_finite() {
            return Err(SamplingError::NotFinite { token });
        }
        tokens.push(token as u32);
    }
    Ok(tokens)
}

/// The token with the greatest logit; the lowest one of equals.
fn best_of(logits: &[f32], tokens: &[u32]) -> Option<u32> {
    let mut best: Option<u32> = None;
    for &token in tokens {
        if best.is_none_or(|so_far| logits[token as usize] > logits[so_far as usize]) {
            best = Some(token);
        }
    }
    best
}

fn draw(candidates: Vec<Candidate>, wish: Wish) -> (u32, f64) {
    let total: f64 = candidates.iter().fold(0.0, |sum, one| sum + one.weight);
    let most = if wish.top_k == 0 { candidates.len() } else { wish.top_k };
    // A heap: only the kept ones are ever put in order.
    let mut heap = BinaryHeap::from(candidates);
    let mut kept: Vec<(u32, f64)> = Vec::new();
    let mut sum = 0.0;
    while kept.len() < most && (kept.is_empty() || sum < wish.top_p * total) {
        let Some(candidate) = heap.pop() else { break };
        let before = sum;
        sum += candidate.weight;
        // What no longer moves the sum can never be drawn, nor can anything lighter.
        if sum == before {
            break;
        }
        kept.push((candidate.token, sum));
    }
    let point = unit(wish.seed, wish.position) * sum;
    let index = kept.iter().position(|&(_, below)| point < below).unwrap_or(kept.len() - 1);
    let before = if index == 0 { 0.0 } else { kept[index - 1].1 };
    (kept[index].0, (kept[index].1 - before) / sum)
}

/// The random number of a position: 53 bits in [0, 1).
fn unit(seed: u64, position: u64) -> f64 {
    let key = [seed as u32, (seed >> 32) as u32];
    let words = philox(key, [position as u32, (position >> 32) as u32, STREAM, 0]);
    let bits = u64::from(words[0]) << 32 | u64::from(words[1]);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// "TOKN": keeps these draws apart from all others under the same key.
const STREAM: u32 = 0x544f_4b4e;

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Wish = Wish { temperature: 1.0, top_p: 1.0, top_k: 0, seed: 7, position: 0 };

    fn all(count: usize) -> Allowed<'static> {
        Allowed { token_count: count, mask: None }
    }

    #[test]
    fn greedy_takes_the_lowest_of_equals() {
        let wish = Wish { temperature: 0.0, ..FREE };
        assert_eq!(choose(&[1.0, 3.0, 3.0, 2.0], all(4), wish), Ok((1, 1.0)));
    }

    #[test]
    fn padding_and_masked_tokens_are_never_chosen() {
        let logits = [0.0, 9.0, 1.0, 99.0];
        let allowed = Allowed { token_count: 3, mask: Some(&[0b1101]) };
        for position in 0..200 {
            let (token, _) = choose(&logits, allowed, Wish { position, ..FREE }).unwrap();
            assert!(token == 0 || token == 2);
        }
    }

    #[test]
    fn frequencies_are_the_softmax() {
        let logits = [0.0, 1.0, 2.0, -1.0];
        let mut counts = [0.0; 4];
        for position in 0..40_000 {
            let (token, _) = choose(&logits, all(4), Wish { position, ..FREE }).unwrap();
            counts[token as usize] += 1.0;
        }
        let total: f64 = logits.iter().map(|&x| libm::exp(f64::from(x))).sum();
        for (token, count) in counts.iter().enumerate() {
            let expected = libm::exp(f64::from(logits[token])) / total;
            assert!((count / 40_000.0 - expected).abs() < 5.0 * libm::sqrt(expected / 40_000.0));
        }
    }

    #[test]
    fn top_p_keeps_the_fewest_tokens_that_have_the_share() {
        // Probabilities 0.5, 0.3, 0.2: 0.7 needs the first two.
        let logits = [0.2_f32, 0.5, 0.3].map(|p: f32| p.ln());
        for position in 0..500 {
            let (token, p) = choose(&logits, all(3), Wish { top_p: 0.7, position, ..FREE }).unwrap();
            assert!((token == 1 && (p - 0.625).abs() < 1e-6) || (token == 2 && (p - 0.375).abs() < 1e-6));
            let one = Wish { top_p: 1e-9, position, ..FREE };
            assert_eq!(choose(&logits, all(3), one), Ok((1, 1.0)));
            assert_eq!(choose(&logits, all(3), Wish { top_k: 1, position, ..FREE }), Ok((1, 1.0)));
        }
    }

    #[test]
    fn a_tiny_temperature_is_greedy_and_a_seed_is_a_choice() {
        let logits: Vec<f32> = (0..50).map(|one| (one % 7) as f32 + one as f32 / 100.0).collect();
        let cold = Wish { temperature: 1e-300, ..FREE };
        assert_eq!(choose(&logits, all(50), cold), Ok((48, 1.0)));
        let texts: Vec<Vec<u32>> = (0..3)
            .map(|seed| {
                let at = |position| choose(&logits, all(50), Wish { seed, position, ..FREE }).unwrap().0;
                (0..20).map(at).collect()
            })
            .collect();
        assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    }

    #[test]
    fn bad_input_is_refused() {
        let nan = [0.0, f32::NAN];
        assert_eq!(choose(&nan, all(2), FREE), Err(SamplingError::NotFinite { token: 1 }));
        assert_eq!(choose(&nan, all(1), FREE), Ok((0, 1.0)));
        assert_eq!(choose(&[1.0], all(0), FREE), Err(SamplingError::NothingAllowed));
        for wish in [
            Wish { temperature: -1.0, ..FREE },
            Wish { temperature: f64::NAN, ..FREE },
            Wish { top_p: 0.0, ..FREE },
            Wish { top_p: 1.5, ..FREE },
        ] {
            assert_eq!(choose(&[1.0], all(1), wish), Err(SamplingError::Settings));
        }
    }
}
