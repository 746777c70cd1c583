//! The memory of a session's state, and where it is kept for the next session.
//!
//! A fresh buffer costs as much as several copies: the system gives its pages one by one and zeroes each.
//! So a model keeps the last buffer that was given back, and a restore, a fork that is written or a new
//! session takes it.

use lex7_kernels::Buffer;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// At most one buffer that nobody uses.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Option<Buffer>>);

impl Spare {
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Buffer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer that goes back to its model when it is dropped.
pub(crate) struct State {
    buffer: Buffer,
    spare: Arc<Spare>,
}

impl State {
    /// Zeros.
    pub(crate) fn zeros(spare: &Arc<Spare>, len: usize) -> Self {
        match Self::kept(spare, len) {
            Some(mut state) => {
                state.fill(0.0);
                state
            }
            None => Self { buffer: Buffer::zeros(len), spare: Arc::clone(spare) },
        }
    }

    /// Memory with whatever stood there before: for who writes all of it.
    pub(crate) fn any(spare: &Arc<Spare>, len: usize) -> Self {
        Self::kept(spare, len)
            .unwrap_or_else(|| Self { buffer: Buffer::zeros(len), spare: Arc::clone(spare) })
    }

    fn kept(spare: &Arc<Spare>, len: usize) -> Option<Self> {
        let buffer = spare.slot().take_if(|buffer| buffer.len() == len)?;
        Some(Self { buffer, spare: Arc::clone(spare) })
    }
}

impl Deref for State {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        &self.buffer
    }
}

impl DerefMut for State {
    fn deref_mut(&mut self) -> &mut Buffer {
        &mut self.buffer
    }
}

impl Clone for State {
    fn clone(&self) -> Self {
        let mut copy = Self::any(&self.spare, self.buffer.len());
        copy.copy_from_slice(&self.buffer);
        copy
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let buffer = std::mem::replace(&mut self.buffer, Buffer::zeros(0));
        // What stood in the slot is given back to the system after the lock.
        let before = self.spare.slot().replace(buffer);
        drop(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_buffer_is_zero_again_and_of_the_length_that_was_asked_for() {
        let spare = Arc::new(Spare::default());
        let mut first = State::zeros(&spare, 100);
        first.fill(2.0);
        let place = first.as_ptr();
        drop(first);
        let second = State::zeros(&spare, 100);
        assert_eq!(second.as_ptr(), place);
        assert!(second.iter().all(|value| *value == 0.0));
        drop(second);
        assert_eq!(State::zeros(&spare, 101).len(), 101);
    }

    #[test]
    fn a_copy_has_memory_of_its_own() {
        let spare = Arc::new(Spare::default());
        let mut first = State::zeros(&spare, 10);
        drop(State::zeros(&spare, 10));
        let second = first.clone();
        first.fill(3.0);
        assert!(second.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn no_more_than_one_buffer_is_kept() {
        let spare = Arc::new(Spare::default());
        let states: Vec<_> = (0..3).map(|_| State::zeros(&spare, 10)).collect();
        drop(states);
        assert!(spare.slot().take().is_some());
        assert!(spare.slot().is_none());
    }
}
