//! The open elements: their names, in one byte buffer, at most `DEPTH_MAX` of them; and which may hold which.

/// Elements that open inside each other; `base/limits.py` says why (`XML_DEPTH_MAX`).
pub(super) const DEPTH_MAX: usize = 64;

/// The names of the open elements, the root first.
#[derive(Debug, Default)]
pub(super) struct Stack {
    names: Vec<u8>,
    starts: Vec<usize>,
}

impl Stack {
    pub(super) fn depth(&self) -> usize {
        self.starts.len()
    }

    /// Open an element; false if it would lie too deep.
    pub(super) fn push(&mut self, name: &[u8]) -> bool {
        if self.starts.len() >= DEPTH_MAX {
            return false;
        }
        self.starts.push(self.names.len());
        self.names.extend_from_slice(name);
        true
    }

    pub(super) fn name(&self, index: usize) -> &[u8] {
        let end = self.starts.get(index + 1).copied().unwrap_or(self.names.len());
        &self.names[self.starts[index]..end]
    }

    /// Close all but the first `depth` elements.
    pub(super) fn truncate(&mut self, depth: usize) {
        if let Some(&start) = self.starts.get(depth) {
            self.names.truncate(start);
            self.starts.truncate(depth);
        }
    }

    /// Close the innermost element of that name and all within it; how many were closed (0 = none has the name).
    pub(super) fn close(&mut self, name: &[u8]) -> usize {
        let depth = self.depth();
        match (0..depth).rev().find(|&index| self.name(index) == name) {
            Some(index) => {
                self.truncate(index);
                depth - index
            }
            None => 0,
        }
    }
}

/// Whether exports write an element of that name directly under the root.
pub(super) fn is_top_level(name: &[u8]) -> bool {
    matches!(
        name,
        b"Record"
            | b"Correlation"
            | b"Workout"
            | b"ActivitySummary"
            | b"ClinicalRecord"
            | b"Audiogram"
            | b"VisionPrescription"
            | b"ExportDate"
            | b"Me"
    )
}

/// Whether an open element may hold a top-level one: only correlations hold records.
pub(super) fn can_hold(open: &[u8], record: bool) -> bool {
    !is_top_level(open) || (record && open == b"Correlation")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_closes_what_lies_within() {
        let mut stack = Stack::default();
        for name in [b"a".as_slice(), b"bc", b"d", b"e"] {
            assert!(stack.push(name));
        }
        assert_eq!(stack.close(b"bc"), 3);
        assert_eq!((stack.depth(), stack.name(0)), (1, b"a".as_slice()));
        assert_eq!(stack.close(b"x"), 0);
    }

    #[test]
    fn depth_is_limited() {
        let mut stack = Stack::default();
        assert!((0..DEPTH_MAX).all(|_| stack.push(b"x")));
        assert!(!stack.push(b"x"));
    }
}
