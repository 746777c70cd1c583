//! An anomaly detector for one stream: innovations of several filters, judged by their own past.
//!
//! Seven sizes are watched: the innovations of three local levels (quick, middling, slow); how far the mean of the
//! last 6 and 24 values lies from a slow level that has not seen them; and how far value and recent mean lie from
//! the usual value at this time of day. Each size has a tail of its own (`record`), so no scale or unit matters.
//! The largest surprise counts, and only where it exceeds all of the last `HOLD` rows: one event, one alarm.
//! Nothing looks ahead, and one set of constants serves every stream.
use std::collections::VecDeque;

use super::record::Tail;
use super::{FilterError, is_sound, refuse};

const LEVEL_GAINS: [f64; 3] = [0.5, 0.1, 0.02];
/// Length of a recent mean and the gain of the level it is held against.
const SHIFTS: [(usize, f64); 2] = [(6, 0.01), (24, 0.005)];
const DAY_GAIN: f64 = 0.3;
const DAY_BINS: usize = 288;
const BIN_NS: i64 = 300_000_000_000;
/// Deviations from the usual day are averaged over this many rows.
const DAY_ROWS: usize = 36;
const SIZES: usize = LEVEL_GAINS.len() + SHIFTS.len() + 2;
/// Rows before anything is called unusual.
const SETTLING: u64 = 150;
/// Rows over which only a larger surprise speaks again.
const HOLD: u64 = 300;
const MAGIC: &[u8; 6] = b"L7DT\x01\x00";

/// A local level in its own scale: the filter of a random walk seen through noise, time counted in rows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    mean: f64,
    /// Variance of the level over that of the noise; negative before the first value.
    spread: f64,
    drift: f64,
}

impl Level {
    /// A level whose gain settles at `gain`.
    fn new(gain: f64) -> Self {
        Level { mean: 0.0, spread: -1.0, drift: gain * gain / (1.0 - gain) }
    }

    /// Take in a value and return its innovation, 0 for the first.
    fn update(&mut self, value: f64) -> f64 {
        if self.spread < 0.0 {
            (self.mean, self.spread) = (value, 1.0);
            return 0.0;
        }
        let innovation = value - self.mean;
        let ahead = self.spread + self.drift;
        let gain = ahead / (ahead + 1.0);
        self.mean += gain * innovation;
        self.spread = gain;
        innovation
    }
}

/// A detector under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    rows: u64,
    time_ns: i64,
    levels: [Level; LEVEL_GAINS.len()],
    bases: [Level; SHIFTS.len()],
    /// The last 24 values, oldest first.
    values: VecDeque<f64>,
    /// Usual value by time of day; NaN where none was seen.
    day: Vec<f64>,
    deviations: VecDeque<f64>,
    tails: Vec<Tail>,
    /// Rows and surprises that were spoken, descending in surprise.
    spoken: VecDeque<(u64, f64)>,
}

impl Default for Detector {
    fn default() -> Self {
        Detector {
            rows: 0,
            time_ns: i64::MIN,
            levels: LEVEL_GAINS.map(Level::new),
            bases: SHIFTS.map(|(_, gain)| Level::new(gain)),
            values: VecDeque::new(),
            day: vec![f64::NAN; DAY_BINS],
            deviations: VecDeque::new(),
            tails: vec![Tail::new(); SIZES],
            spoken: VecDeque::new(),
        }
    }
}

impl Detector {
    /// Take in a value and return its score in [0, 1]: 0.5 is as large as the largest so far. NaN is a missing
    /// value. What is refused leaves the detector as it was.
    pub fn update(&mut self, time_ns: i64, value: f64) -> Result<f64, FilterError> {
        if time_ns < self.time_ns {
            return Err(refuse("time_ns", &format!("at least {}", self.time_ns), time_ns));
        }
        if !(value.is_nan() || is_sound(value)) {
            return Err(refuse("value", "a number within 1e100, NaN where missing", value));
        }
        self.time_ns = time_ns;
        if value.is_nan() {
            return Ok(0.0);
        }
        let sizes = self.sizes(time_ns, value);
        let is_settled = self.rows >= SETTLING;
        let mut surprise = f64::NEG_INFINITY;
        for (tail, size) in self.tails.iter_mut().zip(sizes) {
            surprise = surprise.max(tail.surprise(size));
            tail.see(size, self.rows, is_settled);
        }
        self.rows += 1;
        Ok(if is_settled && self.speaks(surprise) { 1.0 / (1.0 + libm::exp(-surprise)) } else { 0.0 })
    }

    fn sizes(&mut self, time_ns: i64, value: f64) -> [f64; SIZES] {
        let mut sizes = [0.0; SIZES];
        for (level, size) in self.levels.iter_mut().zip(&mut sizes) {
            *size = level.update(value).abs();
        }
        self.values.push_back(value);
        for (place, (length, _)) in SHIFTS.iter().enumerate() {
            if self.values.len() > *length {
                let oldest = self.values[self.values.len() - 1 - length];
                let base = &mut self.bases[place];
                base.update(oldest);
                sizes[LEVEL_GAINS.len() + place] = (mean_of_last(&self.values, *length) - base.mean).abs();
            }
        }
        if self.values.len() > SHIFTS[SHIFTS.len() - 1].0 {
            self.values.pop_front();
        }
        let bin = (time_ns.div_euclid(BIN_NS)).rem_euclid(DAY_BINS as i64) as usize;
        let usual = &mut self.day[bin];
        let deviation = if usual.is_nan() { 0.0 } else { value - *usual };
        *usual = if usual.is_nan() { value } else { *usual + DAY_GAIN * deviation };
        self.deviations.push_back(deviation);
        if self.deviations.len() > DAY_ROWS {
            self.deviations.pop_front();
        }
        sizes[SIZES - 2] = deviation.abs();
        sizes[SIZES - 1] = mean_of_last(&self.deviations, DAY_ROWS).abs();
        sizes
    }

    /// Answer whether a surprise exceeds all that were spoken within the hold, and note it if so.
    fn speaks(&mut self, surprise: f64) -> bool {
        while self.spoken.front().is_some_and(|(row, _)| row + HOLD <= self.rows) {
            self.spoken.pop_front();
        }
        let speaks = self.spoken.front().is_none_or(|(_, before)| surprise > *before);
        if speaks {
            // It exceeds all the others, so none of them matters any more.
            self.spoken.clear();
            self.spoken.push_back((self.rows, surprise));
        }
        speaks
    }

    /// Return the canonical bytes: `L7DT`, version u16 = 1, rows u64, time i64, then numbers as f64, all
    /// little-endian. Version 1 never changes.
    pub fn encode(&self) -> Vec<u8> {
        let mut numbers = Vec::new();
        for level in self.levels.iter().chain(&self.bases) {
            numbers.extend([level.mean, level.spread]);
        }
        for ring in [&self.values, &self.deviations] {
            numbers.push(ring.len() as f64);
            numbers.extend(ring);
        }
        numbers.extend(&self.day);
        self.tails.iter().for_each(|tail| tail.write(&mut numbers));
        let (row, surprise) = self.spoken.front().copied().unwrap_or((0, f64::NAN));
        numbers.extend([row as f64, surprise]);
        let mut out = MAGIC.to_vec();
        out.extend(self.rows.to_le_bytes());
        out.extend(self.time_ns.to_le_bytes());
        // One spelling of NaN, so that equal states have equal bytes.
        let spell = |number: &f64| if number.is_nan() { f64::NAN } else { *number };
        numbers.iter().for_each(|number| out.extend(spell(number).to_le_bytes()));
        out
    }

    /// Return the detector that the bytes were made of; a second spelling is refused.
    pub fn decode(data: &[u8]) -> Result<Self, FilterError> {
        let body = data.strip_prefix(MAGIC.as_slice()).ok_or_else(unreadable)?;
        let (head, body) = body.split_at_checked(16).ok_or_else(unreadable)?;
        let mut words = [[0; 8]; 2];
        for (word, chunk) in words.iter_mut().zip(head.chunks_exact(8)) {
            word.copy_from_slice(chunk);
        }
        let mut from = body.chunks_exact(8).map(|chunk| {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            f64::from_le_bytes(word)
        });
        let mut out = Detector {
            rows: u64::from_le_bytes(words[0]),
            time_ns: i64::from_le_bytes(words[1]),
            ..Detector::default()
        };
        for level in out.levels.iter_mut().chain(&mut out.bases) {
            (level.mean, level.spread) = (take(&mut from)?, take(&mut from)?);
        }
        for (ring, most) in [(&mut out.values, SHIFTS[SHIFTS.len() - 1].0), (&mut out.deviations, DAY_ROWS)] {
            let count = take(&mut from)?;
            if !(0.0..=most as f64).contains(&count) {
                return Err(unreadable());
            }
            for _ in 0..count as usize {
                ring.push_back(take(&mut from)?);
            }
        }
        for usual in &mut out.day {
            *usual = take(&mut from)?;
        }
        for tail in &mut out.tails {
            *tail = Tail::read(&mut from)?;
        }
        let (row, surprise) = (take(&mut from)?, take(&mut from)?);
        if !surprise.is_nan() {
            out.spoken.push_back((row as u64, surprise));
        }
        if out.encode() == data { Ok(out) } else { Err(unreadable()) }
    }
}

fn take(from: &mut dyn Iterator<Item = f64>) -> Result<f64, FilterError> {
    from.next().ok_or_else(unreadable)
}

pub(super) fn unreadable() -> FilterError {
    refuse("saved", "the bytes of a version 1 detector", "others")
}

/// Mean of the last `length` numbers, fewer where fewer are there, added from the oldest on.
fn mean_of_last(numbers: &VecDeque<f64>, length: usize) -> f64 {
    let first = numbers.len().saturating_sub(length);
    let mut sum = 0.0;
    for number in numbers.iter().skip(first) {
        sum += number;
    }
    sum / (numbers.len() - first) as f64
}
