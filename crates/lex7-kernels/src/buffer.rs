//! Zeroed memory of `f32`, aligned to huge pages where it is large.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};

const LINE_BYTES: usize = 64;
const HUGE_BYTES: usize = 2 << 20;

/// A fixed number of `f32`, zero at first, on a cache line; from 4 MiB on huge pages, where the
/// system has them: recurrent states and work space are read and written whole at every token.
pub struct Buffer {
    start: *mut f32,
    len: usize,
    layout: Layout,
}

// SAFETY: a buffer owns its memory like a `Vec<f32>`.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `len` zeros.
    ///
    /// # Panics
    /// `len` numbers do not fit into the address space.
    pub fn zeros(len: usize) -> Self {
        let bytes = len.max(1).checked_mul(4).expect("a buffer fits into the address space");
        let align = if bytes >= 2 * HUGE_BYTES { HUGE_BYTES } else { LINE_BYTES };
        let layout = Layout::from_size_align(bytes, align).expect("a buffer fits into the address space");
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        Self { start: start.cast(), len, layout }
    }

    /// The numbers as the bytes of this machine (little-endian on all that we support).
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the same memory, read as bytes.
        unsafe { std::slice::from_raw_parts(self.start.cast(), self.len * 4) }
    }

    /// The same, to write to: every four bytes are some `f32`.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the same memory, written as bytes; every bit pattern is an `f32`.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast(), self.len * 4) }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `len` numbers were allocated and zeroed.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start.cast(), self.layout) }
    }
}
