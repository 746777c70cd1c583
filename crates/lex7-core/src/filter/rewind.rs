//! Observations that come late, or are taken back: the filter rewinds to a checkpoint and goes on from there.
//!
//! The rows of a window are kept in the order (time, arrival) with a belief every few rows. Whatever the
//! order of insertions and retractions, the belief has the bits of a filter over the rows that stand, in
//! that order. Rows older than the window are folded into a base belief and can no longer change.
//!
//! Bytes, little-endian: `L7TL`, version u16 = 1, rows_max u32, next number u64, base belief as a u32 length
//! (0 for none) and its bytes, row count u32; per row: number u64, time i64, value f64, a u8 that is 1 where
//! a standard deviation f64 follows, input count u16, inputs f64. Version 1 never changes.
use super::stream::{Observed, Stream};
use super::{Belief, FilterError, Model, refuse};

const MAGIC: &[u8; 4] = b"L7TL";
const CHECKPOINT_ROWS: usize = 32;
/// Rows in a window: a late observation costs at most this many steps.
const ROWS_MAX: usize = 1 << 20;

/// One observation that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, by arrival.
    pub number: u64,
    /// Nanoseconds UTC.
    pub time_ns: i64,
    /// NaN where missing.
    pub value: f64,
    /// A standard deviation in place of the model's.
    pub observation_sd: Option<f64>,
    /// The inputs of the regressions.
    pub inputs: Vec<f64>,
}

impl Row {
    fn observed(&self) -> Observed<'_> {
        let (time_ns, value, observation_sd) = (self.time_ns, self.value, self.observation_sd);
        Observed { time_ns, value, observation_sd, inputs: &self.inputs }
    }
}

/// A filter over a window of observations that may still change.
#[derive(Debug, Clone)]
pub struct Timeline {
    model: Model,
    rows_max: usize,
    base: Option<Belief>,
    rows: Vec<Row>,
    /// Beliefs after so many rows, ascending.
    checkpoints: Vec<(usize, Belief)>,
    stream: Stream,
    next: u64,
}

/// Innovation, its variance and the weight of one row.
type Told = (f64, f64, f64);

impl Timeline {
    /// Start an empty timeline that keeps at least half of `rows_max` rows changeable.
    pub fn new(model: Model, rows_max: usize) -> Result<Self, FilterError> {
        if !(2 * CHECKPOINT_ROWS..=ROWS_MAX).contains(&rows_max) {
            return Err(refuse("rows_max", &format!("from {} to {ROWS_MAX}", 2 * CHECKPOINT_ROWS), rows_max));
        }
        let stream = Stream::new(model.clone(), None)?;
        Ok(Timeline {
            model,
            rows_max,
            base: None,
            rows: Vec::new(),
            checkpoints: Vec::new(),
            stream,
            next: 0,
        })
    }

    /// Put one observation where its time belongs, after others of the same time.
    ///
    /// Returns its number and what it did there. After an error the timeline is as it was.
    pub fn insert(&mut self, mut row: Row) -> Result<(u64, Told), FilterError> {
        if let Some(base) = &self.base
            && row.time_ns < base.time_ns
        {
            let expected = format!("a time of at least {}, where the window begins", base.time_ns);
            return Err(refuse("time_ns", &expected, row.time_ns));
        }
        row.number = self.next;
        if row.value.is_nan() {
            row.value = f64::NAN; // one spelling of a missing value
        }
        let number = row.number;
        let at = self.rows.partition_point(|one| one.time_ns <= row.time_ns);
        let told = if at == self.rows.len() {
            let told = self.stream.update(row.observed())?;
            self.rows.push(row);
            self.mark();
            told
        } else {
            let mut rows = self.rows.split_off(at);
            rows.insert(0, row);
            match self.replay(at, rows) {
                Ok(told) => told,
                Err((mut rows, error)) => {
                    rows.remove(0);
                    self.restore(at, rows)?;
                    return Err(error);
                }
            }
        };
        self.next += 1;
        self.trim();
        Ok((number, told))
    }

    /// Take an observation back by its number; returns how many rows were filtered again.
    pub fn retract(&mut self, number: u64) -> Result<usize, FilterError> {
        let Some(at) = self.rows.iter().rposition(|row| row.number == number) else {
            return Err(refuse("number", "that of an observation in the window", number));
        };
        let mut rows = self.rows.split_off(at);
        let gone = rows.remove(0);
        let again = rows.len();
        match self.replay(at, rows) {
            Ok(_) => Ok(again),
            Err((mut rows, error)) => {
                rows.insert(0, gone);
                self.restore(at, rows)?;
                Err(error)
            }
        }
    }

    /// Return the belief after the last row; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.stream.belief()
    }

    /// Return the rows that can still change, in their order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Return the time before which nothing can change any more; none while everything can.
    pub fn horizon_ns(&self) -> Option<i64> {
        self.base.as_ref().map(|base| base.time_ns)
    }

    /// Go back to the state after `at` rows, then filter `rows`, which become the tail.
    ///
    /// Returns what the first of them did; on failure the rows come back with the error.
    fn replay(&mut self, at: usize, rows: Vec<Row>) -> Result<Told, (Vec<Row>, FilterError)> {
        self.checkpoints.retain(|one| one.0 <= at);
        let (mut from, belief) = match self.checkpoints.last() {
            Some((from, belief)) => (*from, Some(belief.clone())),
            None => (0, self.base.clone()),
        };
        let mut stream = match Stream::new(self.model.clone(), belief) {
            Ok(stream) => stream,
            Err(error) => return Err((rows, error)),
        };
        let mut first = (f64::NAN, f64::NAN, 0.0);
        let mut marks = Vec::new();
        while from < at + rows.len() {
            let row = if from < at { &self.rows[from] } else { &rows[from - at] };
            match stream.update(row.observed()) {
                Ok(told) if from == at => first = told,
                Ok(_) => {}
                Err(error) => return Err((rows, error)),
            }
            from += 1;
            if from % CHECKPOINT_ROWS == 0
                && let Some(belief) = stream.belief()
            {
                marks.push((from, belief.clone()));
            }
        }
        self.rows.extend(rows);
        self.checkpoints.extend(marks);
        self.stream = stream;
        Ok(first)
    }

    /// Put back rows that could be filtered before.
    fn restore(&mut self, at: usize, rows: Vec<Row>) -> Result<(), FilterError> {
        self.replay(at, rows).map(|_| ()).map_err(|(_, error)| error)
    }

    fn mark(&mut self) {
        let done = self.rows.len();
        if done.is_multiple_of(CHECKPOINT_ROWS)
            && let Some(belief) = self.stream.belief()
        {
            self.checkpoints.push((done, belief.clone()));
        }
    }

    /// Fold rows beyond the window into the base, down to half of it.
    fn trim(&mut self) {
        if self.rows.len() <= self.rows_max {
            return;
        }
        let surplus = self.rows.len() - self.rows_max / 2;
        let Some(place) = self.checkpoints.iter().rposition(|one| one.0 <= surplus) else { return };
        let (done, belief) =
            self.checkpoints.drain(..=place).next_back().map_or((0, None), |one| (one.0, Some(one.1)));
        self.base = belief;
        self.rows.drain(..done);
        self.checkpoints.iter_mut().for_each(|one| one.0 -= done);
    }

    /// Return the canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&1_u16.to_le_bytes());
        out.extend_from_slice(&(self.rows_max as u32).to_le_bytes());
        out.extend_from_slice(&self.next.to_le_bytes());
        let base = self.base.as_ref().map_or_else(Vec::new, Belief::encode);
        out.extend_from_slice(&(base.len() as u32).to_le_bytes());
        out.extend_from_slice(&base);
        out.extend_from_slice(&(self.rows.len() as u32).to_le_bytes());
        for row in &self.rows {
            out.extend_from_slice(&row.number.to_le_bytes());
            out.extend_from_slice(&row.time_ns.to_le_bytes());
            out.extend_from_slice(&row.value.to_le_bytes());
            out.push(u8::from(row.observation_sd.is_some()));
            row.observation_sd.iter().for_each(|sd| out.extend_from_slice(&sd.to_le_bytes()));
            out.extend_from_slice(&(row.inputs.len() as u16).to_le_bytes());
            row.inputs.iter().for_each(|input| out.extend_from_slice(&input.to_le_bytes()));
        }
        out
    }

    /// Read a timeline from its bytes and filter its rows again.
    pub fn decode(model: Model, bytes: &[u8]) -> Result<Self, FilterError> {
        let wrong = || refuse("saved", "the bytes of a version 1 timeline", format!("{} bytes", bytes.len()));
        let mut reader = Reader { left: bytes };
        let mut head = || -> Option<_> {
            let is_ours = reader.take::<4>()? == *MAGIC && u16::from_le_bytes(reader.take()?) == 1;
            let rows_max = u32::from_le_bytes(reader.take()?) as usize;
            let next = u64::from_le_bytes(reader.take()?);
            let size = u32::from_le_bytes(reader.take()?) as usize;
            let base = reader.slice(size)?;
            let count = u32::from_le_bytes(reader.take()?) as usize;
            let rows = (0..count).map(|_| reader.row()).collect::<Option<Vec<_>>>()?;
            (is_ours && reader.left.is_empty()).then_some((rows_max, next, base, rows))
        };
        let (rows_max, next, base, rows) = head().ok_or_else(wrong)?;
        let ordered =
            rows.windows(2).all(|pair| (pair[0].time_ns, pair[0].number) < (pair[1].time_ns, pair[1].number));
        if !ordered || rows.iter().any(|row| row.number >= next) {
            return Err(wrong());
        }
        let mut out = Timeline::new(model.clone(), rows_max)?;
        if !base.is_empty() {
            out.base = Some(Belief::decode(base)?);
        }
        out.stream = Stream::new(model, out.base.clone())?;
        out.next = next;
        out.restore(0, rows)?;
        Ok(out)
    }
}

struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    fn slice(&mut self, size: usize) -> Option<&'a [u8]> {
        let (head, left) = self.left.split_at_checked(size)?;
        self.left = left;
        Some(head)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.slice(N)?.try_into().ok()
    }

    fn row(&mut self) -> Option<Row> {
        let number = u64::from_le_bytes(self.take()?);
        let time_ns = i64::from_le_bytes(self.take()?);
        let value = f64::from_le_bytes(self.take()?);
        let observation_sd = match self.take()? {
            [0] => None,
            [1] => Some(f64::from_le_bytes(self.take()?)),
            _ => return None,
        };
        let count = u16::from_le_bytes(self.take()?);
        let inputs = (0..count).map(|_| self.take().map(f64::from_le_bytes)).collect::<Option<_>>()?;
        Some(Row { number, time_ns, value, observation_sd, inputs })
    }
}
