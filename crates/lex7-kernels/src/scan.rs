//! The recurrence: the state of every head, token after token.
//!
//! A head has `states` × `width` numbers, `[n][p]`. For each token, decay a, step size d, input x, B and C:
//! h ← a·h + B_n·(d·x_p), y_p = Σ_n h·C_n in the order of n, then y_p + D·x_p. Prefill keeps four n of a
//! head in registers over a block of tokens; each number still sees the same operations in the same
//! order as in decode, so the bits are the same.

use crate::shared::Shared;

/// Tokens for which inputs and results of one head stay in the first cache.
const BLOCK_TOKENS: usize = 64;
/// States of a head that are in registers together.
const STATES_AT_ONCE: usize = 4;

/// The shape of the recurrence.
#[derive(Clone, Copy, Debug)]
pub struct ScanShape {
    /// Heads of a layer.
    pub heads: usize,
    /// Numbers of a head's input, at most 64.
    pub width: usize,
    /// States for each of them.
    pub states: usize,
    /// Groups of heads that share B and C.
    pub groups: usize,
}

impl ScanShape {
    /// Numbers of the input of all heads together.
    pub fn inner(&self) -> usize {
        self.heads * self.width
    }

    /// Numbers of the state of one head.
    pub fn head_numbers(&self) -> usize {
        self.width * self.states
    }

    /// Numbers of a convolved row: x of all heads, then B, then C of all groups.
    pub fn convolved(&self) -> usize {
        self.inner() + 2 * self.groups * self.states
    }
}

/// One session's part of a batch: its state in one layer, and its rows.
pub struct Lane<'a> {
    /// The last `taps − 1` inputs of the convolution, oldest first.
    pub conv: &'a mut [f32],
    /// The state of all heads, `[head][n][p]`.
    pub state: &'a mut [f32],
    /// Its first row in the batch.
    pub first: usize,
    /// Its number of rows.
    pub count: usize,
}

/// One head and what it reads.
#[derive(Clone, Copy)]
pub(crate) struct HeadInput<'a> {
    pub(crate) shape: ScanShape,
    /// `[row][convolved]`.
    pub(crate) convolved: &'a [f32],
    /// `[row][heads]`.
    pub(crate) steps: &'a [f32],
    /// `[row][heads]`.
    pub(crate) decays: &'a [f32],
    /// D of this head.
    pub(crate) skip: f32,
    pub(crate) head: usize,
    pub(crate) rows: usize,
}

/// Numbers of work space for [`scan_head`].
pub(crate) const SCRATCH: usize = 2 * WIDTH_MAX * BLOCK_TOKENS;
/// The widest head.
pub(crate) const WIDTH_MAX: usize = 64;

struct Scratch<'a> {
    driven: &'a mut [f32],
    sums: &'a mut [f32],
}

/// Run one head over its rows; y of row r goes to `out[r · inner + head · width …]`.
#[inline(always)]
fn head_body(input: HeadInput<'_>, state: &mut [f32], scratch: &mut [f32], out: &Shared<'_, f32>) {
    let (width, inner) = (input.shape.width, input.shape.inner());
    let (driven, sums) = scratch.split_at_mut(SCRATCH / 2);
    let mut scratch = Scratch { driven, sums };
    let mut start = 0;
    while start < input.rows {
        let count = BLOCK_TOKENS.min(input.rows - start);
        if width == 64 && input.shape.states.is_multiple_of(STATES_AT_ONCE) {
            block::<64>(input, start, count, state, &mut scratch);
        } else {
            block_any(input, start, count, state, &mut scratch);
        }
        for at in 0..count {
            // SAFETY: no other head writes these columns.
            let y = unsafe { out.part((start + at) * inner + input.head * width, width) };
            y.copy_from_slice(&scratch.sums[at * width..(at + 1) * width]);
        }
        start += count;
    }
}

/// d·x of every token.
#[inline(always)]
fn drive(input: &HeadInput<'_>, start: usize, count: usize, scratch: &mut Scratch<'_>) {
    let (width, row_numbers) = (input.shape.width, input.shape.convolved());
    for at in 0..count {
        let row = start + at;
        let step = input.steps[row * input.shape.heads + input.head];
        let x = &input.convolved[row * row_numbers + input.head * width..][..width];
        for (driven, x) in scratch.driven[at * width..(at + 1) * width].iter_mut().zip(x) {
            *driven = x * step;
        }
    }
    scratch.sums[..count * width].fill(0.0);
}

/// D·x added to every token.
#[inline(always)]
fn skip(input: &HeadInput<'_>, start: usize, count: usize, scratch: &mut Scratch<'_>) {
    let (width, row_numbers) = (input.shape.width, input.shape.convolved());
    for at in 0..count {
        let x = &input.convolved[(start + at) * row_numbers + input.head * width..][..width];
        for (sum, x) in scratch.sums[at * width..(at + 1) * width].iter_mut().zip(x) {
            *sum = x.mul_add(input.skip, *sum);
        }
    }
}

/// Where B of this head starts in a convolved row; C follows after all of B.
#[inline(always)]
fn drive_offset(shape: &ScanShape, head: usize) -> (usize, usize) {
    let group = head / (shape.heads / shape.groups);
    let b = shape.inner() + group * shape.states;
    (b, b + shape.groups * shape.states)
}

#[inline(always)]
fn block<const W: usize>(
    input: HeadInput<'_>,
    start: usize,
    count: usize,
    state: &mut [f32],
    scratch: &mut Scratch<'_>,
) {
    let shape = input.shape;
    drive(&input, start, count, scratch);
    let (b, c) = drive_offset(&shape, input.head);
    let row_numbers = shape.convolved();
    let mut parts = state.chunks_exact_mut(STATES_AT_ONCE * W);
    for (index, part) in parts.by_ref().enumerate() {
        let n = index * STATES_AT_ONCE;
        let mut held = [[0.0_f32; W]; STATES_AT_ONCE];
        for (held, part) in held.iter_mut().zip(part.chunks_exact(W)) {
            held.copy_from_slice(part);
        }
        let tokens = scratch.driven.chunks_exact(W).zip(scratch.sums.chunks_exact_mut(W));
        for (at, (driven, sums)) in tokens.take(count).enumerate() {
            let row = start + at;
            let decay = input.decays[row * shape.heads + input.head];
            let b = &input.convolved[row * row_numbers + b + n..][..STATES_AT_ONCE];
            let c = &input.convolved[row * row_numbers + c + n..][..STATES_AT_ONCE];
            for p in 0..W {
                let mut sum = sums[p];
                for at in 0..STATES_AT_ONCE {
                    held[at][p] = b[at].mul_add(driven[p], decay * held[at][p]);
                    sum = held[at][p].mul_add(c[at], sum);
                }
                sums[p] = sum;
            }
        }
        for (held, part) in held.iter().zip(part.chunks_exact_mut(W)) {
            part.copy_from_slice(held);
        }
    }
    skip(&input, start, count, scratch);
}

/// The same for any width and number of states.
#[inline(always)]
fn block_any(input: HeadInput<'_>, start: usize, count: usize, state: &mut [f32], scratch: &mut Scratch<'_>) {
    let (shape, width) = (input.shape, input.shape.width);
    drive(&input, start, count, scratch);
    let (b, c) = drive_offset(&shape, input.head);
    for at in 0..count {
        let row = start + at;
        let decay = input.decays[row * shape.heads + input.head];
        let numbers = &input.convolved[row * shape.convolved()..][..shape.convolved()];
        let driven = &scratch.driven[at * width..(at + 1) * width];
        let sums = &mut scratch.sums[at * width..(at + 1) * width];
        for (n, held) in state.chunks_exact_mut(width).enumerate() {
            let (b, c) = (numbers[b + n], numbers[c + n]);
            for ((held, driven), sum) in held.iter_mut().zip(driven).zip(sums.iter_mut()) {
                *held = b.mul_add(*driven, decay * *held);
                *sum = held.mul_add(c, *sum);
            }
        }
    }
    skip(&input, start, count, scratch);
}

levels! {
    /// Run one head over its rows.
    fn scan_head(
        input: HeadInput<'_>, state: &mut [f32], scratch: &mut [f32], out: &Shared<'_, f32>,
    ) = head_body
}
