//! The threads that work on one batch of tokens, and the kernels they run together.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(target_arch = "x86_64")]
use crate::matmul::amx;
use crate::matmul::{Product, TILE_ROWS, Turned, multiply};
use crate::matrix::{Activations, Matrix};
use crate::pool::Pool;
use crate::rows::{add_row, add_scaled_row, conv_row, gate_row, norm_row, quantise_row, steps_row};
use crate::scan::{HeadInput, Lane, SCRATCH, ScanShape, scan_head};
use crate::shared::Shared;
use crate::{Buffer, Format, GROUP, Level};

/// Each thread takes about this many pieces of a product, so that a slow one holds nobody up.
const PIECES_PER_THREAD: usize = 8;
/// Fewer numbers than this are not worth waking a thread for.
const NUMBERS_WORTH_SHARING: usize = 32_768;

/// A norm: its weight and what keeps its root from zero.
#[derive(Clone, Copy)]
pub struct Norm<'a> {
    /// One weight for each column.
    pub weight: &'a [f32],
    /// Added to the mean square.
    pub eps: f32,
}

/// A gated norm: silu of the gate, then a norm over each group of columns.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// The norm.
    pub norm: Norm<'a>,
    /// Groups with a norm of their own.
    pub groups: usize,
    /// `[row][stride]`, the gate in its first columns.
    pub projected: &'a [f32],
    /// The width of its rows.
    pub stride: usize,
}

/// A causal convolution along the tokens, channel by channel.
#[derive(Clone, Copy)]
pub struct Conv<'a> {
    /// `[tap][channel]`, the oldest tap first.
    pub weight: &'a [f32],
    /// One for each channel.
    pub bias: &'a [f32],
    /// `[row][stride]`, the input at `offset`.
    pub projected: &'a [f32],
    /// The width of its rows.
    pub stride: usize,
    /// Where the input starts in a row.
    pub offset: usize,
}

/// What makes step sizes and decays: one number for each head.
#[derive(Clone, Copy)]
pub struct Steps<'a> {
    /// Added before soft-plus.
    pub bias: &'a [f32],
    /// A, negative.
    pub rate: &'a [f32],
    /// Least and largest step.
    pub limit: (f32, f32),
}

/// A level and a few threads. Results do not depend on either.
pub struct Team {
    pub(crate) level: Level,
    pub(crate) pool: Pool,
    scratch: Vec<Buffer>,
    /// For each thread, panels as its kernel wants them.
    widened: Vec<Buffer>,
    /// Activations as tiles want them.
    turned: Turned,
}

impl Team {
    /// A team of that many threads, the caller included, at a level this machine runs.
    pub fn new(level: Level, threads: usize) -> Self {
        let pool = Pool::new(threads.max(1));
        let scratch = (0..pool.threads()).map(|_| Buffer::zeros(SCRATCH)).collect();
        let widened = (0..pool.threads()).map(|_| Buffer::zeros(0)).collect();
        Self { level: level.available(), pool, scratch, widened, turned: Turned::new() }
    }

    /// The threads of the team.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Multiply rows of activations: `out[row][stride]`, its padding zero or whatever the padding gives.
    ///
    /// # Panics
    /// Shapes do not fit.
    pub fn multiply(
        &mut self,
        weights: Matrix<'_>,
        given: &Activations,
        rows: Range<usize>,
        out: (&mut [f32], usize),
    ) {
        let (out, stride) = out;
        let count = rows.len();
        assert!(weights.columns == given.columns && weights.format == given.format, "formats fit");
        assert!(stride >= weights.rows_padded() && out.len() >= count * stride, "results fit");
        if given.format == Format::F32 {
            assert!(given.plain.len() >= rows.end * given.columns, "rows are there");
        } else {
            assert!(given.codes.len() >= rows.end * given.padded, "rows are there");
        }
        #[cfg(target_arch = "x86_64")]
        if self.level == Level::Amx && given.format != Format::F32 && count >= TILE_ROWS {
            self.turn(given, rows.start, count);
        }
        let turned = &self.turned;
        let product = Product { weights, given, first: rows.start, rows: count, stride, turned };
        let (out, level) = (Shared::new(out), self.level);
        let panels = weights.panels();
        let piece = panels.div_ceil(self.pool.threads() * PIECES_PER_THREAD).next_multiple_of(2);
        let widened = Shared::new(&mut self.widened);
        share(&mut self.pool, panels, piece, &|thread, from, to| {
            // SAFETY: each thread has memory of its own.
            let work = &mut unsafe { widened.part(thread, 1) }[0];
            multiply(level, &product, (from, to), work, &out);
        });
    }

    /// Lay rows of activations out for tiles.
    #[cfg(target_arch = "x86_64")]
    fn turn(&mut self, given: &Activations, first: usize, rows: usize) {
        let (tiles, code_bytes, scale_numbers) = amx::room(given, rows, &mut self.turned);
        let codes = Shared::new(self.turned.codes.bytes_mut());
        let scales = Shared::new(&mut self.turned.scales);
        share(&mut self.pool, tiles, 1, &|_, from, to| {
            for tile in from..to {
                // SAFETY: each tile is written by one thread.
                let (codes, scales) = unsafe {
                    (
                        codes.part(tile * code_bytes, code_bytes),
                        scales.part(tile * scale_numbers, scale_numbers),
                    )
                };
                amx::turn(given, first + 16 * tile, rows - 16 * tile, codes, scales);
            }
        });
    }

    /// Run `work(row)` for every row; a few numbers stay with the caller.
    fn each_row(&mut self, rows: usize, width: usize, work: &(dyn Fn(usize) + Sync)) {
        if rows * width < NUMBERS_WORTH_SHARING {
            (0..rows).for_each(work);
        } else {
            share(&mut self.pool, rows, 4, &|_, from, to| (from..to).for_each(work));
        }
    }

    /// Norm rows `[row][columns]` into activations.
    pub fn norm(&mut self, rows: &[f32], norm: Norm<'_>, out: &mut Activations) {
        let columns = out.columns;
        let level = self.level;
        let target = Target::new(out);
        self.each_row(rows.len() / columns, columns, &|row| {
            // SAFETY: each row is written by one thread.
            let plain = unsafe { target.plain.part(row * columns, columns) };
            norm_row(level, &rows[row * columns..(row + 1) * columns], norm.weight, norm.eps, plain);
            target.quantise(level, row);
        });
    }

    /// Gate and norm rows `[row][columns]` into activations.
    pub fn gate(&mut self, rows: &mut [f32], gate: Gate<'_>, out: &mut Activations) {
        let columns = out.columns;
        let level = self.level;
        let count = rows.len() / columns;
        let rows = Shared::new(rows);
        let target = Target::new(out);
        let width = columns / gate.groups;
        self.each_row(count, columns, &|row| {
            // SAFETY: each row is written by one thread.
            let (given, plain) =
                unsafe { (rows.part(row * columns, columns), target.plain.part(row * columns, columns)) };
            gate_row(level, given, &gate.projected[row * gate.stride..][..columns], plain);
            given.copy_from_slice(plain);
            for at in (0..columns).step_by(width) {
                let weight = &gate.norm.weight[at..at + width];
                norm_row(level, &given[at..at + width], weight, gate.norm.eps, &mut plain[at..at + width]);
            }
            target.quantise(level, row);
        });
    }

    /// Quantise rows that stand in `out.plain` already.
    pub fn load(&mut self, rows: &[f32], out: &mut Activations) {
        let columns = out.columns;
        let level = self.level;
        let target = Target::new(out);
        self.each_row(rows.len() / columns, columns, &|row| {
            // SAFETY: each row is written by one thread.
            let plain = unsafe { target.plain.part(row * columns, columns) };
            plain.copy_from_slice(&rows[row * columns..(row + 1) * columns]);
            target.quantise(level, row);
        });
    }

    /// rows += change, `[row][columns]` and `[row][stride]`.
    pub fn add(&mut self, rows: &mut [f32], columns: usize, change: &[f32], stride: usize) {
        let level = self.level;
        let count = rows.len() / columns;
        let rows = Shared::new(rows);
        self.each_row(count, columns, &|row| {
            // SAFETY: each row is written by one thread.
            let values = unsafe { rows.part(row * columns, columns) };
            add_row(level, values, &change[row * stride..][..columns]);
        });
    }

    /// rows += scale · change, both `[row][stride]`.
    pub fn add_scaled(&mut self, rows: &mut [f32], change: &[f32], scale: f32) {
        add_scaled_row(self.level, rows, change, scale);
    }

    /// Convolve every lane: `out[row][channels]`; the lanes keep their last inputs.
    pub fn convolve(&mut self, conv: Conv<'_>, lanes: &mut [Lane<'_>], out: &mut [f32]) {
        let channels = conv.bias.len();
        let taps = conv.weight.len() / channels;
        let level = self.level;
        let out = Shared::new(out);
        let input = |row: usize| &conv.projected[row * conv.stride + conv.offset..][..channels];
        for lane in lanes.iter_mut() {
            let (first, kept) = (lane.first, &*lane.conv);
            self.each_row(lane.count, channels, &|at| {
                let tap = |k: usize| match (at + k + 1).checked_sub(taps) {
                    Some(back) => input(first + back),
                    None => &kept[(at + k) * channels..][..channels],
                };
                let mut inputs: [&[f32]; TAPS_MAX] = [&[]; TAPS_MAX];
                for (k, input) in inputs[..taps].iter_mut().enumerate() {
                    *input = tap(k);
                }
                // SAFETY: each row is written by one thread.
                let row = unsafe { out.part((first + at) * channels, channels) };
                conv_row(level, &inputs[..taps], conv.weight, conv.bias, row);
            });
            keep_inputs(lane, taps - 1, channels, &input);
        }
    }

    /// Step sizes and decays of every row: `raw[row][stride]` at `offset`, results `[row][heads]`.
    pub fn steps(
        &mut self,
        steps: Steps<'_>,
        raw: (&[f32], usize, usize),
        sizes: &mut [f32],
        decays: &mut [f32],
    ) {
        let (raw, stride, offset) = raw;
        let heads = steps.bias.len();
        let rows = sizes.chunks_exact_mut(heads).zip(decays.chunks_exact_mut(heads));
        for (row, out) in rows.enumerate() {
            let raw = &raw[row * stride + offset..][..heads];
            steps_row(self.level, raw, steps.bias, steps.rate, steps.limit, out);
        }
    }

    /// Run the recurrence of every lane: `out[row][inner]`.
    pub fn scan(
        &mut self,
        shape: ScanShape,
        lanes: &mut [Lane<'_>],
        given: (&[f32], &[f32], &[f32]),
        skip: &[f32],
        out: &mut [f32],
    ) {
        let level = self.level;
        let (convolved, sizes, decays) = given;
        let numbers = shape.head_numbers();
        let places: Vec<_> = lanes.iter().map(|lane| (lane.first, lane.count)).collect();
        let states: Vec<_> = lanes.iter_mut().map(|lane| Shared::new(&mut *lane.state)).collect();
        let (inner, row_numbers) = (shape.inner(), shape.convolved());
        let out = Shared::new(out);
        let scratch = Shared::new(&mut self.scratch);
        let next = AtomicUsize::new(0);
        let tasks = places.len() * shape.heads;
        let piece = shape.heads.div_ceil(4 * self.pool.threads()).max(1);
        self.pool.run(&|thread| {
            // SAFETY: each thread has scratch of its own.
            let scratch = &mut unsafe { scratch.part(thread, 1) }[0];
            loop {
                let from = next.fetch_add(piece, Ordering::Relaxed);
                for task in from..tasks.min(from + piece) {
                    let (lane, head) = (task / shape.heads, task % shape.heads);
                    let (first, rows) = places[lane];
                    // SAFETY: each head of each lane is run by one thread, each lane has rows of its own.
                    let (state, out) = unsafe {
                        let rows = out.part(first * inner, rows * inner);
                        (states[lane].part(head * numbers, numbers), Shared::new(rows))
                    };
                    let input = HeadInput {
                        shape,
                        convolved: &convolved[first * row_numbers..],
                        steps: &sizes[first * shape.heads..],
                        decays: &decays[first * shape.heads..],
                        skip: skip[head],
                        head,
                        rows,
                    };
                    scan_head(level, input, state, scratch, &out);
                }
                if from >= tasks {
                    return;
                }
            }
        });
    }
}

/// Run `work(thread, from, to)` over pieces of `0 … count`, whoever is free takes the next.
pub(crate) fn share(
    pool: &mut Pool,
    count: usize,
    piece: usize,
    work: &(dyn Fn(usize, usize, usize) + Sync),
) {
    if pool.threads() == 1 {
        work(0, 0, count);
        return;
    }
    let next = AtomicUsize::new(0);
    pool.run(&|thread| {
        loop {
            let from = next.fetch_add(piece, Ordering::Relaxed);
            if from >= count {
                return;
            }
            work(thread, from, count.min(from + piece));
        }
    });
}

/// The most taps of a convolution.
const TAPS_MAX: usize = 8;

/// Keep the last `keep` inputs of a lane, oldest first.
fn keep_inputs<'a>(lane: &mut Lane<'_>, keep: usize, channels: usize, input: &dyn Fn(usize) -> &'a [f32]) {
    let old = keep.saturating_sub(lane.count);
    lane.conv.copy_within((keep - old) * channels.., 0);
    for at in old..keep {
        let row = lane.first + lane.count - (keep - at);
        lane.conv[at * channels..(at + 1) * channels].copy_from_slice(input(row));
    }
}

/// Activations that several threads fill, row by row.
struct Target<'a> {
    is_plain: bool,
    columns: usize,
    padded: usize,
    plain: Shared<'a, f32>,
    codes: Shared<'a, i8>,
    scales: Shared<'a, f32>,
    sums: Shared<'a, i32>,
}

impl<'a> Target<'a> {
    fn new(out: &'a mut Activations) -> Self {
        Self {
            is_plain: out.format == Format::F32,
            columns: out.columns,
            padded: out.padded,
            plain: Shared::new(&mut out.plain),
            codes: Shared::new(&mut out.codes),
            scales: Shared::new(&mut out.scales),
            sums: Shared::new(&mut out.sums),
        }
    }

    /// Quantise the plain numbers of a row, which the calling thread owns.
    fn quantise(&self, level: Level, row: usize) {
        if self.is_plain {
            return;
        }
        let groups = self.padded / GROUP;
        // SAFETY: each row is written by one thread.
        unsafe {
            let plain = self.plain.part(row * self.columns, self.columns);
            let codes = self.codes.part(row * self.padded, self.padded);
            let scales = self.scales.part(row * groups, groups);
            let sums = self.sums.part(row * groups, groups);
            quantise_row(level, plain, codes, scales, sums);
        }
    }
}
