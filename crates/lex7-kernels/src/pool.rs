//! A few threads that stay, and run one job together.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A worker looks this often for the next job before it sleeps: about 20 µs, longer than the gap
/// between two kernels and much shorter than that between two calls.
const LOOKS_BEFORE_SLEEP: u32 = 4_000;
/// The caller looks this often for the end before it lets others run.
const LOOKS_BEFORE_YIELD: u32 = 2_000;

type Job<'a> = &'a (dyn Fn(usize) + Sync);

struct Board {
    /// The job of this round; it lives on the stack of the caller, who waits for the round to end.
    job: AtomicPtr<Job<'static>>,
    round: AtomicUsize,
    busy: AtomicUsize,
    failed: AtomicBool,
    closed: AtomicBool,
    sleepers: Mutex<usize>,
    wake: Condvar,
}

/// Threads 1 … n − 1; the caller is thread 0.
pub(crate) struct Pool {
    board: Arc<Board>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> Self {
        let board = Arc::new(Board {
            job: AtomicPtr::new(std::ptr::null_mut()),
            round: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            sleepers: Mutex::new(0),
            wake: Condvar::new(),
        });
        let spawn = |index: usize| {
            let board = Arc::clone(&board);
            let worker = move || serve(&board, index);
            thread::Builder::new().name(format!("lex7-{index}")).spawn(worker).ok()
        };
        // Where the system gives fewer threads the team is smaller; the bits are the same.
        let workers = (1..threads).map_while(spawn).collect();
        Self { board, workers }
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Run `job(index)` on every thread and wait for all of them. `&mut` keeps rounds apart.
    pub(crate) fn run(&mut self, job: Job<'_>) {
        if self.workers.is_empty() {
            job(0);
            return;
        }
        let board = &*self.board;
        let mut held = job;
        let place: *mut Job<'_> = &raw mut held;
        board.job.store(place.cast::<Job<'static>>(), Ordering::Relaxed);
        board.busy.store(self.workers.len(), Ordering::Relaxed);
        board.round.fetch_add(1, Ordering::SeqCst);
        if *board.sleepers.lock().unwrap_or_else(PoisonError::into_inner) > 0 {
            board.wake.notify_all();
        }
        let waiting = Waiting { board };
        job(0);
        drop(waiting);
        assert!(!board.failed.load(Ordering::Relaxed), "a kernel panicked on another thread");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.board.closed.store(true, Ordering::SeqCst);
        self.board.round.fetch_add(1, Ordering::SeqCst);
        drop(self.board.sleepers.lock().unwrap_or_else(PoisonError::into_inner));
        self.board.wake.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// Waits for the round to end, also when the caller's own part panics: the job lives on its stack.
struct Waiting<'a> {
    board: &'a Board,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut looks = 0;
        while self.board.busy.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < LOOKS_BEFORE_YIELD { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

fn serve(board: &Board, index: usize) {
    let mut seen = 0;
    loop {
        seen = next_round(board, seen);
        if board.closed.load(Ordering::SeqCst) {
            return;
        }
        // SAFETY: the caller of this round waits until `busy` is zero, so its job is alive.
        let job = unsafe { *board.job.load(Ordering::Relaxed) };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(index))).is_err() {
            board.failed.store(true, Ordering::Relaxed);
        }
        board.busy.fetch_sub(1, Ordering::Release);
    }
}

fn next_round(board: &Board, seen: usize) -> usize {
    for _ in 0..LOOKS_BEFORE_SLEEP {
        let round = board.round.load(Ordering::SeqCst);
        if round != seen {
            return round;
        }
        std::hint::spin_loop();
    }
    let mut sleepers = board.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
    *sleepers += 1;
    loop {
        let round = board.round.load(Ordering::SeqCst);
        if round != seen {
            *sleepers -= 1;
            return round;
        }
        sleepers = board.wake.wait(sleepers).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_every_round_once() {
        let mut pool = Pool::new(3);
        let counts: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..500 {
            pool.run(&|index| {
                counts[index].fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 500));
    }

    #[test]
    fn a_panic_on_a_worker_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| {
            Pool::new(2).run(&|index| assert_eq!(index, 0, "only the caller is well"));
        });
        assert!(caught.is_err());
    }
}
