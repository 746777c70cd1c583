//! Pages of a mapped file that are no longer there.
//!
//! A file that is cut while it is mapped has no bytes behind its last pages. Reading them raises SIGBUS, which
//! ends a process. Under a guard such a read finds zeros instead, and the guard says that the mapping is torn,
//! so that whoever computed with it can refuse the result. The handler touches nothing else: a fault at any
//! other address goes to whoever handled the signal before, or ends the process as it would have.
//!
//! Two things stay outside: a mapping beyond the first [`ENTRIES_MAX`] is not guarded, and a handler that
//! another library installs after a model was opened stands before this one until the next is opened.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// Mappings that are guarded at the same time.
const ENTRIES_MAX: usize = 256;

struct Entry {
    is_taken: AtomicBool,
    start: AtomicUsize,
    len: AtomicUsize,
    is_torn: AtomicBool,
}

static ENTRIES: [Entry; ENTRIES_MAX] = [const {
    Entry {
        is_taken: AtomicBool::new(false),
        start: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        is_torn: AtomicBool::new(false),
    }
}; ENTRIES_MAX];
/// Set before the first entry is; a power of two.
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);
/// What handled the signal before; taken once, so that two handlers cannot call each other forever.
static BEFORE: AtomicPtr<libc::sigaction> = AtomicPtr::new(std::ptr::null_mut());
static INSTALLING: Mutex<()> = Mutex::new(());

/// One mapping under guard, until it is dropped.
pub(crate) struct Guard(Option<&'static Entry>);

impl Guard {
    /// Guard mapped memory; it must stay mapped as long as the guard lives.
    pub(crate) fn new(memory: &[u8]) -> Self {
        if !install() {
            return Self(None);
        }
        let free = |entry: &&Entry| !entry.is_taken.swap(true, Ordering::SeqCst);
        let found = ENTRIES.iter().find(free);
        if let Some(entry) = found {
            entry.is_torn.store(false, Ordering::SeqCst);
            entry.len.store(memory.len(), Ordering::SeqCst);
            entry.start.store(memory.as_ptr() as usize, Ordering::SeqCst);
        }
        Self(found)
    }

    /// No guard, for memory that nobody else can take away.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Whether a read found no page behind it.
    pub(crate) fn is_torn(&self) -> bool {
        self.0.is_some_and(|entry| entry.is_torn.load(Ordering::SeqCst))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(entry) = self.0 {
            entry.start.store(0, Ordering::SeqCst);
            entry.is_taken.store(false, Ordering::SeqCst);
        }
    }
}

/// Make sure that our handler is the one that is asked first.
fn install() -> bool {
    let _one_at_a_time = INSTALLING.lock();
    // SAFETY: asking for the size of a page has no conditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Ok(page) = usize::try_from(page) else { return false };
    PAGE_BYTES.store(page, Ordering::SeqCst);
    // SAFETY: a zeroed record is a valid one, and every pointer is to a live record of this frame.
    unsafe {
        let mut current: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut current) != 0 {
            return false;
        }
        let handler: unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_fault;
        if current.sa_sigaction == handler as usize {
            return true;
        }
        let mut ours: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = handler as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigemptyset(&mut ours.sa_mask);
        // The record is never freed: a handler on another thread may be reading it.
        BEFORE.store(Box::leak(Box::new(current)), Ordering::SeqCst);
        libc::sigaction(libc::SIGBUS, &ours, std::ptr::null_mut()) == 0
    }
}

/// Put zeros where a guarded mapping has lost its pages; anything else goes to the handler before.
///
/// # Safety
/// Only the system calls it, with a valid record.
unsafe extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system gives a valid record.
    let at = unsafe { (*info).si_addr() } as usize;
    let page_bytes = PAGE_BYTES.load(Ordering::SeqCst);
    for entry in &ENTRIES {
        let (start, len) = (entry.start.load(Ordering::SeqCst), entry.len.load(Ordering::SeqCst));
        if start == 0 || at < start || at - start >= len {
            continue;
        }
        entry.is_torn.store(true, Ordering::SeqCst);
        // Everything from the lost page on: a cut file has lost all of it.
        let page = at & !(page_bytes - 1);
        let bytes = start + len - page;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: these pages belong to the guarded mapping, which only this module replaces, with memory of
        // the same protection; mmap is one system call and takes no lock of ours or of the allocator.
        let placed = unsafe { libc::mmap(page as *mut libc::c_void, bytes, libc::PROT_READ, flags, -1, 0) };
        if placed != libc::MAP_FAILED {
            return;
        }
    }
    let before = BEFORE.swap(std::ptr::null_mut(), Ordering::SeqCst);
    // SAFETY: a leaked record lives forever, and a zeroed one means the default action. The instruction
    // that failed runs again when this returns and meets the restored action.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        let restored = if before.is_null() { &default } else { &*before };
        libc::sigaction(signal, restored, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use crate::Mapping;
    use std::fs::{self, File};

    #[test]
    fn a_mapping_that_was_cut_reads_zeros_and_says_so() {
        let path = std::env::temp_dir().join(format!("lex7-guard-{}", std::process::id()));
        fs::write(&path, vec![7; 1 << 20]).unwrap();
        let (one, other) = (mapped(&path), mapped(&path));
        assert!(one.is_whole());
        File::options().write(true).open(&path).unwrap().set_len(10_000).unwrap();
        assert!(one.as_ref()[..10_000].iter().all(|byte| *byte == 7));
        assert!(one.as_ref()[12_288..].iter().all(|byte| *byte == 0));
        assert!(one.guard.is_torn());
        assert!(!one.is_whole() && !other.is_whole());
        assert!(!other.guard.is_torn());
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_read_into_memory_does_not_notice() {
        let path = std::env::temp_dir().join(format!("lex7-copied-{}", std::process::id()));
        fs::write(&path, vec![7; 100_000]).unwrap();
        let copied = Mapping::copy(&File::open(&path).unwrap()).unwrap();
        fs::write(&path, b"other").unwrap();
        assert!(copied.is_whole() && copied.as_ref() == vec![7; 100_000]);
        fs::remove_file(&path).unwrap();
    }

    fn mapped(path: &std::path::Path) -> Mapping {
        Mapping::open(File::open(path).unwrap()).unwrap()
    }
}
