//! A session: a model and its recurrent state as a value.
//!
//! The state lies in memory as its snapshot does: 4,096 bytes of head, then for each layer the last inputs
//! of the convolution and the state of the heads, all little-endian `f32`. To take a snapshot is to copy
//! it; to fork is to share it until one of the two writes.

use super::block::{BLOCK_ROWS, Part};
use super::file::hex;
use super::state::State;
use super::{Engine, Model, SsmError, Want};
use crate::key::sha256;
use lex7_kernels::copy_finite;
use std::sync::Arc;

/// The version of snapshots that are written; no other is read.
pub const SNAPSHOT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"lex7-snp";
const HEAD_NUMBERS: usize = 1_024;
const HEAD_BYTES: usize = 4 * HEAD_NUMBERS;
const POSITION: std::ops::Range<usize> = 48..56;
/// The most numbers of one answer, 1 GiB: whoever wants more asks in parts, with the same bits.
const ROWS_NUMBERS_MAX: usize = 1 << 28;

/// A model and a state.
#[derive(Clone)]
pub struct Session {
    model: Model,
    state: Arc<State>,
    diverged: bool,
}

impl Session {
    /// A session that has seen nothing.
    pub fn new(model: &Model) -> Self {
        let mut state = State::zeros(model.spare(), numbers_of(model));
        state.bytes_mut()[..HEAD_BYTES].copy_from_slice(&head_of(model));
        Self { model: model.clone(), state: Arc::new(state), diverged: false }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Tokens seen.
    pub fn position(&self) -> u64 {
        let head = self.state.bytes();
        u64::from_le_bytes(std::array::from_fn(|at| head[POSITION.start + at]))
    }

    /// The snapshot, borrowed.
    pub fn snapshot(&self) -> &[u8] {
        self.state.bytes()
    }

    /// SHA-256 of the snapshot.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[self.snapshot()])
    }

    /// Go back to where `mark` stands.
    ///
    /// # Errors
    /// The mark belongs to another model.
    pub fn rollback(&mut self, mark: &Self) -> Result<(), SsmError> {
        if mark.model.hash() != self.model.hash() {
            let (expected, got) = (hex(self.model.hash()), hex(mark.model.hash()));
            return Err(SsmError::argument("mark", format!("of the model {expected}"), got));
        }
        self.state = Arc::clone(&mark.state);
        self.diverged = mark.diverged;
        Ok(())
    }

    /// Go on from a snapshot.
    ///
    /// # Errors
    /// The snapshot is cut, of another version or model, or has numbers that are not finite.
    pub fn restore(model: &Model, data: &[u8]) -> Result<Self, SsmError> {
        let own = head_of(model);
        let bytes = 4 * numbers_of(model);
        if data.len() != bytes {
            let (expected, got) = (format!("{bytes} bytes"), format!("{} bytes", data.len()));
            return Err(SsmError::snapshot("size", expected, got));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).escape_default().to_string();
        if data[..8] != own[..8] {
            return Err(SsmError::snapshot("magic", text(&own[..8]), text(&data[..8])));
        }
        let version = u32::from_le_bytes(std::array::from_fn(|at| data[8 + at]));
        if version != SNAPSHOT_VERSION {
            return Err(SsmError::snapshot("version", SNAPSHOT_VERSION, version));
        }
        if data[16..48] != own[16..48] {
            return Err(SsmError::snapshot("model", hex(&own[16..48]), hex(&data[16..48])));
        }
        let is_same = |range: std::ops::Range<usize>| data[range.clone()] == own[range];
        if !is_same(12..16) || !is_same(POSITION.end..HEAD_BYTES) {
            return Err(SsmError::snapshot("head", "the bytes of this version", "other bytes"));
        }
        let mut state = State::any(model.spare(), numbers_of(model));
        state.bytes_mut()[..HEAD_BYTES].copy_from_slice(&data[..HEAD_BYTES]);
        if !copy_finite(&data[HEAD_BYTES..], &mut state, HEAD_NUMBERS) {
            return Err(SsmError::snapshot("state", "finite numbers", "infinity or not a number"));
        }
        Ok(Self { model: model.clone(), state: Arc::new(state), diverged: false })
    }
}

/// Numbers of a snapshot, its head included.
fn numbers_of(model: &Model) -> usize {
    HEAD_NUMBERS + model.spec().state_bytes() / 4
}

/// The head of a session that has seen nothing.
fn head_of(model: &Model) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    head[16..48].copy_from_slice(model.hash());
    head[56..64].copy_from_slice(&((numbers_of(model) - HEAD_NUMBERS) as u64).to_le_bytes());
    head
}

fn checked(model: &Model, tokens: &[i64]) -> Result<Vec<u32>, SsmError> {
    let vocab = model.spec().vocab;
    let check = |(index, token): (usize, &i64)| match u32::try_from(*token) {
        Ok(small) if (small as usize) < vocab => Ok(small),
        _ => Err(SsmError::Token { index, vocab, got: *token }),
    };
    tokens.iter().enumerate().map(check).collect()
}

fn writable(state: &mut Arc<State>, count: usize) -> &mut [f32] {
    let state = Arc::make_mut(state);
    let head = &mut state.bytes_mut()[POSITION];
    let position = u64::from_le_bytes(std::array::from_fn(|at| head[at]));
    head.copy_from_slice(&position.saturating_add(count as u64).to_le_bytes());
    &mut state[HEAD_NUMBERS..]
}

/// Feed tokens to one session.
///
/// # Errors
/// No token, a token outside of the vocabulary, a head that is not there, numbers that left the finite range
/// (the session then stays refused until it is rolled back).
pub fn feed(
    engine: &mut Engine,
    session: &mut Session,
    tokens: &[i64],
    want: Want,
) -> Result<Vec<f32>, SsmError> {
    let tokens = checked(&session.model, tokens)?;
    ready(session)?;
    if tokens.is_empty() {
        return Err(SsmError::argument("tokens", "at least one", "none"));
    }
    if want == Want::Head && session.model.spec().head_outputs == 0 {
        return Err(SsmError::argument("model", "with an error-state head", "without one"));
    }
    let most = ROWS_NUMBERS_MAX / session.model.spec().vocab.max(session.model.spec().d_model);
    if want != Want::Last && tokens.len() > most {
        let expected = format!("at most {most} in a call that answers for each");
        return Err(SsmError::argument("tokens", expected, tokens.len()));
    }
    let model = session.model.clone();
    let mut out = Vec::new();
    let state = writable(&mut session.state, tokens.len());
    let blocks = tokens.len().div_ceil(BLOCK_ROWS);
    for (index, tokens) in tokens.chunks(BLOCK_ROWS).enumerate() {
        let mut parts = [Part { state: &mut *state, count: tokens.len() }];
        let result = if want == Want::Last && index + 1 < blocks {
            engine.pass(&model, &mut parts, tokens);
            Ok(())
        } else {
            engine.block(&model, &mut parts, tokens, want, &mut out)
        };
        // A file that was cut meanwhile has given zeros: neither numbers nor state are to be used.
        if let Err(error) = model.check_whole().and(result) {
            session.diverged = true;
            return Err(error);
        }
    }
    Ok(out)
}

fn ready(session: &Session) -> Result<(), SsmError> {
    session.model.check_whole()?;
    if session.diverged {
        let expected = "one whose numbers are finite; roll back to a mark";
        return Err(SsmError::argument("session", expected, "one that left the finite range"));
    }
    Ok(())
}

/// Feed one token to each of several sessions of one model; logits row by row.
///
/// # Errors
/// As [`feed`]; sessions of different models; another number of tokens than sessions.
pub fn step_many(
    engine: &mut Engine,
    sessions: &mut [&mut Session],
    tokens: &[i64],
) -> Result<Vec<f32>, SsmError> {
    let Some(first) = sessions.first() else {
        return Err(SsmError::argument("sessions", "at least one", "none"));
    };
    let model = first.model.clone();
    if tokens.len() != sessions.len() {
        return Err(SsmError::argument(
            "tokens",
            format!("{}, one for each session", sessions.len()),
            tokens.len(),
        ));
    }
    let tokens = checked(&model, tokens)?;
    for session in sessions.iter() {
        ready(session)?;
        if session.model.hash() != model.hash() {
            let (expected, got) = (hex(model.hash()), hex(session.model.hash()));
            return Err(SsmError::argument("sessions", format!("all of the model {expected}"), got));
        }
    }
    let mut out = Vec::new();
    for (sessions, tokens) in sessions.chunks_mut(BLOCK_ROWS).zip(tokens.chunks(BLOCK_ROWS)) {
        let mut parts: Vec<Part<'_>> = sessions
            .iter_mut()
            .map(|session| Part { state: writable(&mut session.state, 1), count: 1 })
            .collect();
        let result = engine.block(&model, &mut parts, tokens, Want::Last, &mut out);
        let result = model.check_whole().and(result);
        if result.is_err() {
            sessions.iter_mut().for_each(|session| session.diverged = true);
        }
        result?;
    }
    Ok(out)
}
