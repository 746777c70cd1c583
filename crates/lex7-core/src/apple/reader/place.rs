//! Where in the file the buffer lies, for the places that findings name.
use memchr::memchr_iter;

/// Where the buffer lies in the file, and how far its lines are counted.
#[derive(Debug, Default)]
pub(super) struct Place {
    byte: u64,
    lines: u64,
    counted: usize,
}

impl Place {
    /// The line of a position, from 1; positions are asked for in ascending order.
    pub(super) fn line(&mut self, buffer: &[u8], at: usize) -> u64 {
        if at > self.counted {
            self.lines += memchr_iter(b'\n', &buffer[self.counted..at]).count() as u64;
            self.counted = at;
        }
        self.lines + 1
    }

    /// The byte of a position, from the start of the file.
    pub(super) fn byte(&self, at: usize) -> u64 {
        self.byte + at as u64
    }

    /// Move on: the buffer's first `used` bytes are done with.
    pub(super) fn advance(&mut self, buffer: &[u8], used: usize) {
        self.line(buffer, used);
        self.byte += used as u64;
        self.counted = 0;
    }
}
