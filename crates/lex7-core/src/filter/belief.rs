//! Beliefs: mean and covariance at one time, what is still diffuse, and their canonical bytes.
//!
//! Bytes, little-endian: `L7BF`, version u16, state count n u16, diffuse count d u16, time i64,
//! mean n × f64, a triangle by rows n(n+1)/2 × f64, diffuse columns d × n × f64. In version 1 the triangle
//! is the lower one of the covariance. In version 2, of a belief in factored form, it is the upper one of
//! its factors, D on the diagonal and U above; in version 3 the same, for a belief that keeps that form for
//! good. No version ever changes.
use sha2::{Digest, Sha256};

use super::{Factor, FilterError, STATES_MAX, refuse};

const MAGIC: &[u8; 4] = b"L7BF";
const VERSION: u16 = 1;
const VERSION_FACTORED: u16 = 2;
const VERSION_PINNED: u16 = 3;
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
    /// The factors of `cov`, where the belief is in factored form.
    pub factor: Option<Factor>,
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
        self.check_factor()?;
        self.expand();
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

    /// Check the factors, and write what every factor has: zeros below its diagonal.
    fn check_factor(&mut self) -> Result<(), FilterError> {
        let states = self.mean.len();
        let Some(factor) = &mut self.factor else { return Ok(()) };
        let numbers = &mut factor.numbers;
        if numbers.len() != states * states || !numbers.iter().all(|value| value.is_finite()) {
            return Err(refuse("belief", "finite factors (n, n)", format!("{} numbers", numbers.len())));
        }
        for i in 0..states {
            if numbers[i * states + i] < 0.0 {
                return Err(refuse("belief", "factors with D of at least 0", numbers[i * states + i]));
            }
            numbers[i * states..i * states + i].fill(0.0);
        }
        Ok(())
    }

    /// Return the canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let states = self.states();
        let mut out = Vec::with_capacity(HEADER_BYTES + 8 * (states * (states + 3) / 2 + self.diffuse.len()));
        out.extend_from_slice(MAGIC);
        let version = match &self.factor {
            None => VERSION,
            Some(factor) if factor.is_pinned => VERSION_PINNED,
            Some(_) => VERSION_FACTORED,
        };
        out.extend_from_slice(&version.to_le_bytes());
        out.extend_from_slice(&(states as u16).to_le_bytes());
        out.extend_from_slice(&(self.diffuse_count() as u16).to_le_bytes());
        out.extend_from_slice(&self.time_ns.to_le_bytes());
        let mut put = |value: f64| out.extend_from_slice(&value.to_le_bytes());
        self.mean.iter().copied().for_each(&mut put);
        for i in 0..states {
            let line = match &self.factor {
                None => &self.cov[i * states..=i * states + i],
                Some(factor) => &factor.numbers[i * states + i..(i + 1) * states],
            };
            line.iter().copied().for_each(&mut put);
        }
        self.diffuse.iter().copied().for_each(&mut put);
        out
    }

    /// Read a belief from its canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FilterError> {
        let wrong =
            || refuse("belief", "the bytes of a belief of version 1 to 3", format!("{} bytes", bytes.len()));
        if bytes.len() < HEADER_BYTES || &bytes[..4] != MAGIC {
            return Err(wrong());
        }
        let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let (version, states, diffuse) = (short(4), short(6), short(8));
        let mut time = [0; 8];
        time.copy_from_slice(&bytes[10..18]);
        let count = states + states * (states + 1) / 2 + diffuse * states;
        let version = version as u16;
        if !(VERSION..=VERSION_PINNED).contains(&version)
            || states > STATES_MAX
            || bytes.len() != HEADER_BYTES + 8 * count
        {
            return Err(wrong());
        }
        let mut numbers = bytes[HEADER_BYTES..].chunks_exact(8).map(|chunk| {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            f64::from_le_bytes(word)
        });
        let mean: Vec<f64> = numbers.by_ref().take(states).collect();
        let mut cov = vec![0.0; states * states];
        let mut factor = None;
        if version == VERSION {
            for i in 0..states {
                for j in 0..=i {
                    cov[i * states + j] = numbers.next().unwrap_or(f64::NAN);
                }
            }
        } else {
            let mut upper = vec![0.0; states * states];
            for i in 0..states {
                upper[i * states + i..(i + 1) * states].fill_with(|| numbers.next().unwrap_or(f64::NAN));
            }
            factor = Some(Factor { numbers: upper, is_pinned: version == VERSION_PINNED });
        }
        let time_ns = i64::from_le_bytes(time);
        Belief { time_ns, mean, cov, diffuse: numbers.collect(), factor }.checked()
    }
}

/// Return the SHA-256 that names a kernel state: a purpose tag, then its canonical bytes.
pub fn state_hash(bytes: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"lex7/filter-state/1\0");
    hasher.update(bytes);
    hasher.finalize().into()
}
