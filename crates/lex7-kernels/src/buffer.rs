//! Zeroed memory of `f32`, in huge pages where it is large.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};

use memmap2::{MmapMut, MmapOptions};

const LINE_BYTES: usize = 64;
const HUGE_BYTES: usize = 2 << 20;

/// A fixed number of `f32`, zero at first, on a cache line; from 4 MiB on huge pages, where the
/// system has them: recurrent states and work space are read and written whole at every token.
pub struct Buffer {
    start: *mut f32,
    len: usize,
    owner: Owner,
}

/// Who gives the memory back.
enum Owner {
    Heap(Layout),
    /// Fresh pages are zero when they are first touched: nothing is zeroed twice.
    Pages(#[expect(dead_code, reason = "held for its drop")] MmapMut),
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
        if bytes >= 2 * HUGE_BYTES
            && let Some(buffer) = Self::in_pages(len, bytes)
        {
            return buffer;
        }
        let layout =
            Layout::from_size_align(bytes, LINE_BYTES).expect("a buffer fits into the address space");
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        Self { start: start.cast(), len, owner: Owner::Heap(layout) }
    }

    /// Memory of its own from the system, at the start of a huge page; None where it gives none.
    fn in_pages(len: usize, bytes: usize) -> Option<Self> {
        let mut map = MmapOptions::new().len(bytes.checked_add(HUGE_BYTES)?).map_anon().ok()?;
        // A wish: a system without huge pages serves as well.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        let skip = map.as_ptr().align_offset(HUGE_BYTES);
        let start = map.get_mut(skip..skip.checked_add(bytes)?)?.as_mut_ptr();
        Some(Self { start: start.cast(), len, owner: Owner::Pages(map) })
    }

    /// Make room for at least `len` numbers; what was there is gone.
    pub(crate) fn grow(&mut self, len: usize) {
        if self.len < len {
            *self = Self::zeros(len);
        }
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
        if let Owner::Heap(layout) = self.owner {
            // SAFETY: allocated with this layout.
            unsafe { dealloc(self.start.cast(), layout) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_buffers_are_zero_and_keep_what_is_written() {
        for len in [0, 1, 1_000, HUGE_BYTES / 2, HUGE_BYTES + 3] {
            let mut buffer = Buffer::zeros(len);
            assert!(buffer.iter().all(|value| *value == 0.0));
            assert!(buffer.as_ptr().cast::<u8>().align_offset(LINE_BYTES) == 0);
            buffer.fill(2.5);
            assert!(buffer.clone().iter().all(|value| *value == 2.5));
            assert_eq!(buffer.bytes().len(), 4 * len);
        }
    }
}
