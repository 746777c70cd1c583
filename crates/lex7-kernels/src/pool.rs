//! A few threads that stay, and run one job together.
//!
//! Whoever is there takes part: a round ends when the caller is done and those who entered are. A thread that the
//! system has put aside holds nobody up, so a busy machine makes two threads no slower than one.

use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// A worker looks this often for the next job before it sleeps: about 20 µs, longer than the gap
/// between two kernels and much shorter than that between two calls.
const LOOKS_BEFORE_SLEEP: u32 = 4_000;
/// The caller looks this often for the end before it lets others run.
const LOOKS_BEFORE_YIELD: u32 = 2_000;

type Job<'a> = &'a (dyn Fn(usize) + Sync);

/// Set in a state while its round may be entered; below are the workers in it, above the round.
const OPEN: u64 = 1 << 16;
const ROUND: u64 = OPEN << 1;

fn round_of(state: u64) -> u64 {
    state / ROUND
}

fn workers_in(state: u64) -> u64 {
    state % OPEN
}

struct Board {
    /// The job of this round; it lives on the stack of the caller, who waits for the round to end.
    job: AtomicPtr<Job<'static>>,
    /// The round, whether it may be entered, and how many workers are in it.
    state: AtomicU64,
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
            state: AtomicU64::new(0),
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

    /// Run `job(index)` here and on every worker that comes while it runs: the job shares its work out piece
    /// by piece, and whoever is alone does all of it. `&mut` keeps rounds apart.
    pub(crate) fn run(&mut self, job: Job<'_>) {
        if self.workers.is_empty() {
            job(0);
            return;
        }
        let board = &*self.board;
        let mut held = job;
        let place: *mut Job<'_> = &raw mut held;
        board.job.store(place.cast::<Job<'static>>(), Ordering::Relaxed);
        // The last round is closed and empty: nobody else writes the state now.
        let round = round_of(board.state.load(Ordering::Relaxed)) + 1;
        board.state.store(round * ROUND + OPEN, Ordering::SeqCst);
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
        self.board.state.fetch_add(ROUND, Ordering::SeqCst);
        drop(self.board.sleepers.lock().unwrap_or_else(PoisonError::into_inner));
        self.board.wake.notify_all();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// Closes the round and waits for those in it, also when the caller's own part panics: the job lives on
/// its stack.
struct Waiting<'a> {
    board: &'a Board,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.board.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0;
        while workers_in(state) > 0 {
            looks += 1;
            if looks < LOOKS_BEFORE_YIELD {
                std::hint::spin_loop()
            } else {
                thread::yield_now()
            }
            state = self.board.state.load(Ordering::Acquire);
        }
    }
}

fn serve(board: &Board, index: usize) {
    let mut seen = 0;
    loop {
        let state = next_round(board, seen);
        if board.closed.load(Ordering::SeqCst) {
            return;
        }
        if state & OPEN == 0 {
            seen = round_of(state);
            continue;
        }
        // Fails where the round was closed or another worker came meanwhile: then look again.
        if board.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            continue;
        }
        seen = round_of(state);
        // SAFETY: this worker is in the round, and its caller waits for it: the job is alive.
        let job = unsafe { *board.job.load(Ordering::Relaxed) };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(index))).is_err() {
            board.failed.store(true, Ordering::Relaxed);
        }
        board.state.fetch_sub(1, Ordering::Release);
    }
}

/// The state of the next round that was not `seen`.
fn next_round(board: &Board, seen: u64) -> u64 {
    for _ in 0..LOOKS_BEFORE_SLEEP {
        let state = board.state.load(Ordering::SeqCst);
        if round_of(state) != seen {
            return state;
        }
        std::hint::spin_loop();
    }
    let mut sleepers = board.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
    *sleepers += 1;
    loop {
        let state = board.state.load(Ordering::SeqCst);
        if round_of(state) != seen {
            *sleepers -= 1;
            return state;
        }
        sleepers = board.wake.wait(sleepers).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_of_every_round_is_done_once() {
        let mut pool = Pool::new(4);
        for round in 0..2_000_u64 {
            let (next, total) = (AtomicU64::new(0), AtomicU64::new(0));
            pool.run(&|_| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= 50 {
                        return;
                    }
                    total.fetch_add(piece + round, Ordering::Relaxed);
                }
            });
            assert_eq!(total.into_inner(), 49 * 25 + 50 * round);
        }
    }

    #[test]
    fn workers_come_and_no_worker_is_in_a_round_twice() {
        let mut pool = Pool::new(3);
        let seen: Vec<AtomicU64> = (0..3).map(|_| AtomicU64::new(0)).collect();
        let all = || seen.iter().all(|count| count.load(Ordering::Relaxed) > 0);
        // The caller waits inside of the round, so both workers find it open.
        pool.run(&|index| {
            seen[index].fetch_add(1, Ordering::Relaxed);
            while !all() {
                thread::yield_now();
            }
        });
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }

    #[test]
    fn a_panic_on_a_worker_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| {
            let came = AtomicBool::new(false);
            Pool::new(2).run(&|index| {
                came.fetch_or(index == 1, Ordering::Relaxed);
                assert_eq!(index, 0, "only the caller is well");
                while !came.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
            });
        });
        assert!(caught.is_err());
    }
}
