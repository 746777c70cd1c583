//! A file in memory: mapped, or copied.

use std::fs::File;
use std::io::{self, Read};
use std::time::SystemTime;

use memmap2::{Mmap, MmapMut};

use crate::guard::Guard;

/// A file for reading. Mapped, it stays readable after the file was deleted; copied, whatever happens to it.
pub struct Mapping {
    // First, so that it is dropped before the memory is unmapped.
    pub(crate) guard: Guard,
    map: Mmap,
    source: Option<Source>,
}

/// The file behind a mapping, and when it was last written.
struct Source {
    file: File,
    written: Option<SystemTime>,
}

impl Mapping {
    /// Map a whole file.
    ///
    /// # Errors
    /// The system refuses to map it.
    pub fn open(file: File) -> io::Result<Self> {
        let written = file.metadata()?.modified().ok();
        // SAFETY: the map is read-only and private to this value. Another program that writes to the file
        // changes the numbers, and one that cuts it leaves zeros (`Guard`); `is_whole` finds both.
        let map = unsafe { Mmap::map(&file)? };
        // Larger pages and earlier reading are wishes: a system without them serves as well.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self { guard: Guard::new(&map), map, source: Some(Source { file, written }) })
    }

    /// Read a whole file into memory of this process.
    ///
    /// # Errors
    /// It cannot be read, or there is no memory for it.
    pub fn copy(mut file: &File) -> io::Result<Self> {
        let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let mut memory = MmapMut::map_anon(bytes.max(1))?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        file.read_exact(&mut memory[..bytes])?;
        let map = memory.make_read_only()?;
        Ok(Self { guard: Guard::none(), map, source: None })
    }

    /// Whether what was read is what the file was when it was opened.
    pub fn is_whole(&self) -> bool {
        let Some(Source { file, written }) = &self.source else {
            return true;
        };
        !self.guard.is_torn()
            && file
                .metadata()
                .is_ok_and(|found| found.len() == self.map.len() as u64 && found.modified().ok() == *written)
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
