//! How surprising each innovation is, on a stream: no look-ahead, no use of the length of the series.
//!
//! Two tails are watched. *Spike*: the innovation, in units of its own running size, under Student's t.
//! *Drift*: a short weighted mean of −ln p, which is Exp(1) on a calm stream, under the gamma law of such a
//! mean. Both are relative to a slow running mean, so a filter whose variances are off by a constant
//! factor raises no alarm for that alone. Bytes, little-endian: `L7SP`, version u16 = 1, then five f64
//! settings and four f64 numbers of state. Version 1 never changes.
use super::tails::{gamma_tail, student_tail};
use super::{FilterError, refuse};

const MAGIC: &[u8; 4] = b"L7SP";
const BYTES: usize = 6 + 9 * 8;
/// A single value moves the running size by no more than if it had stood at four of its units.
const SQUARE_MAX: f64 = 16.0;
/// −ln p beyond this adds nothing to a run: one spike is one spike.
const NATS_MAX: f64 = 30.0;
/// Probabilities below this are reported as this.
const PROBABILITY_MIN: f64 = 1e-300;

/// How a score looks at its stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurpriseSettings {
    /// Weight kept per observation by the short mean; 0.9 is about 19 observations.
    pub short: f64,
    /// Weight kept per observation by the slow means.
    pub long: f64,
    /// Degrees of freedom of the calm stream's innovations, above 2.
    pub freedom: f64,
    /// Observations before a score is given.
    pub warmup: f64,
    /// How many observations the belief in the filter's own variances counts for at the start.
    pub trust: f64,
}

/// The score of one observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surprised {
    /// How often a calm stream looks at least like this; 1 where missing, diffuse or warming up.
    pub probability: f64,
    /// That of this innovation alone.
    pub spike: f64,
    /// That of the recent innovations together.
    pub drift: f64,
    /// The innovation in units of its running size, with its sign.
    pub deviation: f64,
}

/// The running state of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Surprise {
    settings: SurpriseSettings,
    count: f64,
    /// Slow mean of the normalised innovation squared.
    size: f64,
    /// Slow and short means of −ln p.
    calm: f64,
    recent: f64,
}

impl Surprise {
    /// Start a score.
    pub fn new(settings: SurpriseSettings) -> Result<Self, FilterError> {
        let SurpriseSettings { short, long, freedom, warmup, trust } = settings;
        let share = |value: f64| value > 0.0 && value < 1.0;
        if !(share(short) && share(long) && short < long) {
            return Err(refuse("short", "0 < short < long < 1", format!("{short} and {long}")));
        }
        if !(freedom > 2.0 && freedom <= 1e6) {
            return Err(refuse("freedom", "above 2 and at most 1e6", freedom));
        }
        if !((0.0..=1e9).contains(&warmup) && (1.0..=1e9).contains(&trust)) {
            return Err(refuse("warmup", "a count from 0, and a trust from 1", format!("{warmup}, {trust}")));
        }
        Ok(Surprise { settings, count: 0.0, size: 1.0, calm: 1.0, recent: 1.0 })
    }

    /// Score one innovation, then learn from it. NaN and infinite variances say nothing and change nothing.
    pub fn update(&mut self, innovation: f64, variance: f64) -> Surprised {
        // An innovation beyond 1e154 is as surprising as numbers can say, not unknown.
        let square = (innovation * innovation / variance).min(f64::MAX);
        if !(square.is_finite() && variance > 0.0 && variance.is_finite() && innovation.is_finite()) {
            return Surprised { probability: 1.0, spike: 1.0, drift: 1.0, deviation: f64::NAN };
        }
        let given = self.settings;
        // Student's t of that freedom has variance d/(d − 2): the running size is that of the innovations.
        let unit = (self.size * (given.freedom - 2.0) / given.freedom).sqrt();
        let deviation = innovation / variance.sqrt() / self.size.sqrt();
        let spike = student_tail(square.sqrt() / unit, given.freedom).max(PROBABILITY_MIN);
        let nats = (-libm::log(spike)).min(NATS_MAX);
        self.recent = given.short * self.recent + (1.0 - given.short) * nats;
        let shape = (1.0 + given.short) / (1.0 - given.short);
        let drift = gamma_tail(shape, shape * self.recent / self.calm).max(PROBABILITY_MIN);
        let rate = (1.0 - given.long).max(1.0 / (self.count + 1.0 + given.trust));
        self.size += rate * (square.min(SQUARE_MAX * self.size) - self.size);
        // The calm mean is kept from falling far below that of a calibrated stream: a long quiet time
        // must not turn ordinary values into events.
        self.calm = (self.calm + rate * (nats - self.calm)).max(0.5);
        self.size = self.size.max(f64::MIN_POSITIVE);
        self.count += 1.0;
        if self.count <= given.warmup {
            return Surprised { probability: 1.0, spike: 1.0, drift: 1.0, deviation };
        }
        // Two tails were looked at: Bonferroni.
        Surprised { probability: (2.0 * spike.min(drift)).min(1.0), spike, drift, deviation }
    }

    /// Return the canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let given = self.settings;
        let mut out = Vec::with_capacity(BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&1_u16.to_le_bytes());
        let settings = [given.short, given.long, given.freedom, given.warmup, given.trust];
        for value in settings.into_iter().chain([self.count, self.size, self.calm, self.recent]) {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out
    }

    /// Read a score from its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FilterError> {
        let wrong = || refuse("saved", "the bytes of a version 1 score", format!("{} bytes", bytes.len()));
        if bytes.len() != BYTES || &bytes[..4] != MAGIC || bytes[4..6] != [1, 0] {
            return Err(wrong());
        }
        let mut numbers = [0.0; 9];
        for (number, chunk) in numbers.iter_mut().zip(bytes[6..].chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            *number = f64::from_le_bytes(word);
        }
        let [short, long, freedom, warmup, trust, count, size, calm, recent] = numbers;
        let mut out = Surprise::new(SurpriseSettings { short, long, freedom, warmup, trust })?;
        let sound = count >= 0.0 && size > 0.0 && calm > 0.0 && recent >= 0.0;
        if !sound || numbers.iter().any(|value| !value.is_finite()) {
            return Err(wrong());
        }
        (out.count, out.size, out.calm, out.recent) = (count, size, calm, recent);
        Ok(out)
    }
}
