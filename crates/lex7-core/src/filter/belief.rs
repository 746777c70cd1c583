//! Beliefs: mean and covariance at one time, what is still diffuse, and their canonical bytes.
//!
//! Bytes, little-endian: `L7BF`, version u16 = 1, state count n u16, diffuse count d u16, time i64,
//! mean n × f64, lower triangle of the covariance by rows n(n+1)/2 × f64, diffuse columns d × n × f64.
//! Version 1 never changes.
use sha2::{Digest, Sha256};

use super::{FilterError, STATES_MAX, refuse};

const MAGIC: &[u8; 4] = b"L7BF";
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 18;

/// What is believed about the state at one time.
///
/// The covariance is `cov` plus an infinite multiple of D Dᵀ, where the columns of `diffuse` are D:
/// directions about which nothing is known yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    /// Nanoseconds UTC.
    pub time_ns: i64,
    /// (n,)
    pub mean: Vec<f64>,
    /// (n, n) row-major, symmetric.
    pub cov: Vec<f64>,
    /// d columns of length n, one after the other.
    pub diffuse: Vec<f64>,
}

impl Belief {
    /// Return the number of states.
    pub fn states(&self) -> usize {
        self.mean.len()
    }

    /// Return the number of directions that are still diffuse.
    pub fn diffuse_count(&self) -> usize {
        self.diffuse.len() / self.states().max(1)
    }

    /// Check shapes and numbers, and make the covariance exactly symmetric from its lower triangle.
    pub fn checked(mut self) -> Result<Self, FilterError> {
        let states = self.states();
        if states == 0 || states > STATES_MAX {
            return Err(refuse("belief", "between 1 and 64 states", states));
        }
        if self.cov.len() != states * states
            || !self.diffuse.len().is_multiple_of(states)
            || self.diffuse_count() > states
        {
            return Err(refuse(
                "belief",
                "a covariance (n, n) and diffuse columns of length n",
                self.cov.len(),
            ));
        }
        let numbers = self.mean.iter().chain(&self.cov).chain(&self.diffuse);
        if !numbers.clone().all(|value| value.is_finite()) {
            return Err(refuse("belief", "finite numbers", "NaN or infinity"));
        }
        for i in 0..states {
            if self.cov[i * states + i] < 0.0 {
                return Err(refuse("belief", "variances of at least 0", self.cov[i * states + i]));
            }
            for j in 0..i {
                self.cov[j * states + i] = self.cov[i * states + j];
            }
        }
        Ok(self)
    }

    /// Return the canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let states = self.states();
        let mut out = Vec::with_capacity(HEADER_BYTES + 8 * (states * (states + 3) / 2 + self.diffuse.len()));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(states as u16).to_le_bytes());
        out.extend_from_slice(&(self.diffuse_count() as u16).to_le_bytes());
        out.extend_from_slice(&self.time_ns.to_le_bytes());
        let mut put = |value: f64| out.extend_from_slice(&value.to_le_bytes());
        self.mean.iter().copied().for_each(&mut put);
        for i in 0..states {
            self.cov[i * states..=i * states + i].iter().copied().for_each(&mut put);
        }
        self.diffuse.iter().copied().for_each(&mut put);
        out
    }

    /// Read a belief from its canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FilterError> {
        let wrong = || refuse("belief", "the bytes of a version 1 belief", format!("{} bytes", bytes.len()));
        if bytes.len() < HEADER_BYTES || &bytes[..4] != MAGIC {
            return Err(wrong());
        }
        let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let (version, states, diffuse) = (short(4), short(6), short(8));
        let mut time = [0; 8];
        time.copy_from_slice(&bytes[10..18]);
        let count = states + states * (states + 1) / 2 + diffuse * states;
        if version != usize::from(VERSION) || states > STATES_MAX || bytes.len() != HEADER_BYTES + 8 * count {
            return Err(wrong());
        }
        let mut numbers = bytes[HEADER_BYTES..].chunks_exact(8).map(|chunk| {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            f64::from_le_bytes(word)
        });
        let mean: Vec<f64> = numbers.by_ref().take(states).collect();
        let mut cov = vec![0.0; states * states];
        for i in 0..states {
            for j in 0..=i {
                let value = numbers.next().unwrap_or(f64::NAN);
                cov[i * states + j] = value;
                cov[j * states + i] = value;
            }
        }
        Belief { time_ns: i64::from_le_bytes(time), mean, cov, diffuse: numbers.collect() }.checked()
    }
}

/// Return the SHA-256 that names a kernel state: a purpose tag, then its canonical bytes.
pub fn state_hash(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"lex7/filter-state/1\0");
    hasher.update(bytes);
    hasher.finalize().into()
}
