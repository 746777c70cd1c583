//! The canonical bytes of a smoother that lags behind its stream.
//!
//! Little-endian: `L7FL`, version u16, lag u32, rows u64, the length u32 of a belief's bytes and those (0 for
//! none), the window's length u32, then for every instant its time i64, 1 or 0 u8 for a link or none, and of a link
//! mean n, gain n × n, rest n × n and arrival n as f64. No version ever changes.
use super::hindsight::Link;
use super::{Belief, FilterError, FixedLag, Model, refuse};

const MAGIC: &[u8; 4] = b"L7FL";
const VERSION: u16 = 1;

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn whole<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.whole()?)).ok()
    }

    fn link(&mut self, states: usize) -> Option<Link> {
        let bytes = self.take(8 * (2 * states + 2 * states * states))?;
        let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let numbers: Vec<f64> = bytes.chunks_exact(8).map(|chunk| f64::from_bits(word(chunk))).collect();
        Link::of_numbers(&numbers, states)
    }
}

impl FixedLag {
    /// Return the canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&(self.lag as u32).to_le_bytes());
        out.extend_from_slice(&(self.rows as u64).to_le_bytes());
        let belief = self.belief().map(Belief::encode).unwrap_or_default();
        out.extend_from_slice(&(belief.len() as u32).to_le_bytes());
        out.extend_from_slice(&belief);
        out.extend_from_slice(&(self.window.len() as u32).to_le_bytes());
        for (time_ns, link) in &self.window {
            out.extend_from_slice(&time_ns.to_le_bytes());
            out.push(u8::from(link.is_some()));
            link.iter().flat_map(Link::numbers).for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
        }
        out
    }

    /// Go on from canonical bytes of a smoother of the same model.
    pub fn decode(model: Model, bytes: &[u8]) -> Result<Self, FilterError> {
        let wrong = || {
            let expected = "the bytes of a lag smoother of this model, version 1";
            refuse("saved", expected, format!("{} bytes", bytes.len()))
        };
        let found = read(model, bytes).ok_or_else(wrong)??;
        if found.encode() == bytes { Ok(found) } else { Err(wrong()) }
    }
}

/// Read a smoother; none where the bytes are no smoother's.
fn read(model: Model, bytes: &[u8]) -> Option<Result<FixedLag, FilterError>> {
    let mut reader = Reader(bytes);
    if reader.take(4)? != MAGIC || u16::from_le_bytes(reader.whole()?) != VERSION {
        return None;
    }
    let lag = reader.count()?;
    let rows = u64::from_le_bytes(reader.whole()?);
    let size = reader.count()?;
    let belief = match reader.take(size)? {
        [] => None,
        belief => match Belief::decode(belief) {
            Ok(belief) => Some(belief),
            Err(error) => return Some(Err(error)),
        },
    };
    let last = belief.as_ref().map(|one| one.time_ns);
    let states = model.states();
    let mut out = match FixedLag::new(model, lag, belief) {
        Ok(out) => out,
        Err(error) => return Some(Err(error)),
    };
    out.rows = usize::try_from(rows).ok()?;
    let count = reader.count()?;
    if count > lag + 1 || (count > out.rows) {
        return None;
    }
    for _ in 0..count {
        let time_ns = i64::from_le_bytes(reader.whole()?);
        let link = match reader.whole()? {
            [0] => None,
            [1] => Some(reader.link(states)?),
            _ => return None,
        };
        if out.window.back().is_some_and(|before| before.0 > time_ns) {
            return None;
        }
        out.window.push_back((time_ns, link));
    }
    let is_whole = reader.0.is_empty() && (count == 0 || out.window.back().map(|one| one.0) == last);
    is_whole.then_some(Ok(out))
}
