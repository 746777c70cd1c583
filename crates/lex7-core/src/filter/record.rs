//! How rare is this size? A Pareto tail over the largest sizes seen so far.
//!
//! The largest value of every block is kept, the top `KEPT` of them sorted. Their spread gives the index of the
//! tail (Hill 1975), held towards a prior while few are known. Against the largest size m so far, a size x is
//! expected (m/x)^index times in a past as long as the one seen; the logarithm of that, negated, is the surprise.
use super::FilterError;

/// Rows of a block. Values of one event stand side by side, so only its largest counts.
const BLOCK: u64 = 12;
/// Largest block maxima that are kept.
const KEPT: usize = 20;
/// A size enters the memory as at most this many times the largest one: one huge event must not hide the next.
const GROWTH_MAX: f64 = 2.0;
/// Index of the tail before anything is known, and how many values that belief is worth.
const INDEX: f64 = 3.0;
const INDEX_WORTH: f64 = 3.0;
/// Surprise of a size above zero where every size so far was zero.
const FIRST_EVER: f64 = 3.0;
/// Bounds of a surprise.
const SURPRISE_MAX: f64 = 20.0;

/// The memory of one kind of size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tail {
    /// Ascending.
    top: Vec<f64>,
    /// The largest size of the block under way.
    current: f64,
    index: f64,
}

impl Tail {
    pub(super) fn new() -> Self {
        Tail { top: Vec::with_capacity(KEPT + 1), current: 0.0, index: INDEX }
    }

    /// Return the surprise of a size; above 0 is more than was ever seen.
    pub(super) fn surprise(&self, size: f64) -> f64 {
        match self.top.last() {
            Some(largest) if *largest > 0.0 && size > 0.0 => {
                (self.index * libm::log(size / largest)).clamp(-SURPRISE_MAX, SURPRISE_MAX)
            }
            Some(_) if size > 0.0 => FIRST_EVER,
            _ => -SURPRISE_MAX,
        }
    }

    /// Take in a size; `row` counts from 0.
    pub(super) fn see(&mut self, size: f64, row: u64, is_settled: bool) {
        let largest = self.top.last().copied().unwrap_or(0.0);
        let limit = if is_settled && largest > 0.0 { GROWTH_MAX * largest } else { size };
        self.current = self.current.max(size.min(limit));
        if row % BLOCK == BLOCK - 1 {
            let place = self.top.partition_point(|known| *known <= self.current);
            self.top.insert(place, self.current);
            self.current = 0.0;
            if self.top.len() > KEPT {
                self.top.remove(0);
            }
            self.index = index_of(&self.top);
        }
    }

    pub(super) fn write(&self, out: &mut Vec<f64>) {
        out.extend([self.current, self.index, self.top.len() as f64]);
        out.extend(&self.top);
    }

    pub(super) fn read(from: &mut dyn Iterator<Item = f64>) -> Result<Self, FilterError> {
        let mut next = || from.next().ok_or_else(super::detector::unreadable);
        let (current, index, count) = (next()?, next()?, next()?);
        if !(current >= 0.0 && index > 0.0 && (0.0..=KEPT as f64).contains(&count) && count.fract() == 0.0) {
            return Err(super::detector::unreadable());
        }
        let top: Vec<f64> = (0..count as usize).map(|_| next()).collect::<Result<_, _>>()?;
        if top.iter().any(|size| size.is_nan() || *size < 0.0) || top.windows(2).any(|pair| pair[0] > pair[1])
        {
            return Err(super::detector::unreadable());
        }
        Ok(Tail { top, current, index })
    }
}

/// Hill's estimate over the kept sizes, with a prior.
fn index_of(top: &[f64]) -> f64 {
    match top.first() {
        Some(least) if *least > 0.0 => {
            let mut sum = INDEX_WORTH / INDEX;
            for size in &top[1..] {
                sum += libm::log(size / least);
            }
            ((top.len() - 1) as f64 + INDEX_WORTH) / sum
        }
        _ => INDEX,
    }
}
