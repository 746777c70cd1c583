//! A file in memory, mapped and not copied.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// A file mapped for reading. It stays readable after the file was deleted.
pub struct Mapping {
    file: File,
    map: Mmap,
}

impl Mapping {
    /// Map a whole file.
    ///
    /// # Errors
    /// The system refuses to map it.
    pub fn open(file: File) -> io::Result<Self> {
        // SAFETY: the map is read-only and private to this value. Another program that writes to the file
        // changes the numbers; one that cuts it is found by `is_whole` before they are read.
        let map = unsafe { Mmap::map(&file)? };
        // Larger pages and earlier reading are wishes: a system without them serves as well.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { file, map })
    }

    /// Whether the file still has the length it had.
    pub fn is_whole(&self) -> bool {
        self.file.metadata().is_ok_and(|found| found.len() == self.map.len() as u64)
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.map
    }
}

/// Bytes read as `f32` of this machine; None if they are not aligned to four or not a multiple of it.
pub fn floats_of(bytes: &[u8]) -> Option<&[f32]> {
    // SAFETY: every four aligned bytes are some `f32`.
    let (before, floats, after) = unsafe { bytes.align_to::<f32>() };
    (before.is_empty() && after.is_empty()).then_some(floats)
}
