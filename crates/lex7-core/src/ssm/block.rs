//! The forward pass over one block of rows, and the memory it works in.

use super::model::{Layer, Model, Projection};
use super::{Session, SsmError};
use lex7_kernels::{Activations, Buffer, Conv, Gate, Lane, Level, Matrix, Norm, Steps, Team};
use std::ops::Range;

/// Rows of a block: enough that reading the weights costs little beside the arithmetic.
pub(crate) const BLOCK_ROWS: usize = 256;

/// Which numbers a call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Logits of the last row of each session.
    Last,
    /// Logits of every row.
    All,
    /// Hidden rows after the last norm.
    Hidden,
    /// The error-state head over every row.
    Head,
}

/// Threads, and memory for the rows of a block.
pub struct Engine {
    team: Team,
    space: Option<Space>,
}

struct Space {
    rows: usize,
    hash: [u8; 32],
    hidden: Buffer,
    narrow: Activations,
    wide: Activations,
    projected: Buffer,
    convolved: Buffer,
    sizes: Buffer,
    decays: Buffer,
    inner: Buffer,
    change: Buffer,
}

impl Space {
    fn new(model: &Model, rows: usize) -> Self {
        let spec = model.spec();
        let padded = |matrix: Matrix<'_>| rows * matrix.rows_padded();
        Self {
            rows,
            hash: *model.hash(),
            hidden: Buffer::zeros(rows * spec.d_model),
            narrow: Activations::new(model.format(), rows, spec.d_model),
            wide: Activations::new(model.format(), rows, spec.d_inner),
            projected: Buffer::zeros(padded(model.projection(0, Projection::Into).0)),
            convolved: Buffer::zeros(rows * spec.channels()),
            sizes: Buffer::zeros(rows * spec.heads()),
            decays: Buffer::zeros(rows * spec.heads()),
            inner: Buffer::zeros(rows * spec.d_inner),
            change: Buffer::zeros(padded(model.projection(0, Projection::OutOf).0)),
        }
    }
}

/// One session's part of a block.
pub(crate) struct Part<'a> {
    /// The numbers of its state, layer after layer.
    pub(crate) state: &'a mut [f32],
    pub(crate) count: usize,
}

impl Engine {
    /// An engine of that many threads at that level.
    pub fn new(level: Level, threads: usize) -> Self {
        Self { team: Team::new(level, threads), space: None }
    }

    /// Read what one step of these sessions reads and writes: the weights once, every state twice. What
    /// the bytes are does not matter; that they were read is what the result shows.
    pub fn read(&mut self, sessions: &[&Session]) -> u64 {
        let weights = sessions.first().map_or(0, |first| self.team.read(first.model().bytes()));
        sessions.iter().fold(weights, |sum, session| {
            let once = self.team.read(session.snapshot());
            sum ^ once.rotate_left(1) ^ self.team.read(session.snapshot())
        })
    }

    /// Run the tokens of a block through all layers; the hidden rows stay in the space.
    fn run(&mut self, model: &Model, parts: &mut [Part<'_>], tokens: &[u32]) {
        let rows = tokens.len();
        let is_ready = |space: &Space| space.rows >= rows && space.hash == *model.hash();
        let mut space = match self.space.take().filter(is_ready) {
            Some(space) => space,
            None => Space::new(model, rows),
        };
        let width = model.spec().d_model;
        for (token, out) in tokens.iter().zip(space.hidden.chunks_exact_mut(width)) {
            model.embed(*token, out);
        }
        for layer in 0..model.spec().n_layer {
            self.run_layer(model, layer, parts, &mut space, rows);
        }
        let norm = Norm { weight: model.last_norm(), eps: model.spec().norm_eps };
        self.team.norm(&space.hidden[..rows * width], norm, &mut space.narrow);
        self.space = Some(space);
    }

    fn run_layer(
        &mut self,
        model: &Model,
        index: usize,
        parts: &mut [Part<'_>],
        space: &mut Space,
        rows: usize,
    ) {
        let spec = model.spec();
        let layer = model.layer(index);
        let norm = Norm { weight: &layer.norm, eps: spec.norm_eps };
        self.team.norm(&space.hidden[..rows * spec.d_model], norm, &mut space.narrow);
        let stride =
            self.project(model, (index, Projection::Into), &space.narrow, rows, &mut space.projected);
        let mut lanes = lanes_of(model, index, parts);
        self.mix(model, layer, &mut lanes, space, (rows, stride));
        let gate = Gate {
            norm: Norm { weight: &layer.gate_norm, eps: spec.norm_eps },
            groups: spec.n_groups,
            projected: &space.projected,
            stride,
        };
        self.team.gate(&mut space.inner[..rows * spec.d_inner], gate, &mut space.wide);
        let stride = self.project(model, (index, Projection::OutOf), &space.wide, rows, &mut space.change);
        self.team.add(&mut space.hidden[..rows * spec.d_model], spec.d_model, &space.change, stride);
    }

    /// One projection with its adapter; returns the width of a row of results.
    fn project(
        &mut self,
        model: &Model,
        (layer, which): (usize, Projection),
        given: &Activations,
        rows: usize,
        out: &mut [f32],
    ) -> usize {
        let (matrix, adapter) = model.projection(layer, which);
        let stride = matrix.rows_padded();
        let out = &mut out[..rows * stride];
        self.team.multiply(matrix, given, 0..rows, (out, stride));
        if let Some(adapter) = adapter {
            adapter.apply(&mut self.team, given, 0..rows, (out, stride));
        }
        stride
    }

    /// Convolution, step sizes and recurrence.
    fn mix(
        &mut self,
        model: &Model,
        layer: &Layer,
        lanes: &mut [Lane<'_>],
        space: &mut Space,
        (rows, stride): (usize, usize),
    ) {
        let spec = model.spec();
        let (inner, channels, heads) = (spec.d_inner, spec.channels(), spec.heads());
        let conv = Conv {
            weight: &layer.conv_weight,
            bias: &layer.conv_bias,
            projected: &space.projected,
            stride,
            offset: inner,
        };
        let convolved = &mut space.convolved[..rows * channels];
        self.team.convolve(conv, lanes, convolved);
        let steps = Steps { bias: &layer.dt_bias, rate: &layer.rate, limit: spec.dt_limit };
        let (sizes, decays) = (&mut space.sizes[..rows * heads], &mut space.decays[..rows * heads]);
        self.team.steps(steps, (&space.projected, stride, inner + channels), sizes, decays);
        let given = (&*convolved, &*sizes, &*decays);
        self.team.scan(spec.scan_shape(), lanes, given, &layer.skip, &mut space.inner[..rows * inner]);
    }

    /// Run a block of which nothing is wanted but the state.
    pub(crate) fn pass(&mut self, model: &Model, parts: &mut [Part<'_>], tokens: &[u32]) {
        self.run(model, parts, tokens);
    }

    /// Run a block and append what is wanted of it.
    pub(crate) fn block(
        &mut self,
        model: &Model,
        parts: &mut [Part<'_>],
        tokens: &[u32],
        want: Want,
        out: &mut Vec<f32>,
    ) -> Result<(), SsmError> {
        self.run(model, parts, tokens);
        let Some(space) = self.space.take() else {
            unreachable!("a run leaves its space");
        };
        let from = out.len();
        match want {
            Want::Hidden => out.extend(space.narrow.rows(0..tokens.len())),
            Want::All => self.logits(model, &space, 0..tokens.len(), out),
            Want::Head => self.head(model, &space, tokens.len(), out),
            Want::Last => {
                let mut end = 0;
                for part in parts.iter() {
                    end += part.count;
                    // Sessions that step together have one row each: their logits are one product.
                    if part.count > 1 {
                        self.logits(model, &space, end - 1..end, out);
                    }
                }
                if parts.iter().all(|part| part.count == 1) {
                    self.logits(model, &space, 0..end, out);
                }
            }
        }
        self.space = Some(space);
        if out[from..].iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        let expected = "weights and a state that give finite numbers";
        Err(SsmError::argument("session", expected, "infinity or not a number"))
    }

    fn logits(&mut self, model: &Model, space: &Space, rows: Range<usize>, out: &mut Vec<f32>) {
        let matrix = model.output();
        let (stride, vocab) = (matrix.rows_padded(), model.spec().vocab);
        let mut padded = Buffer::zeros(rows.len() * stride);
        self.team.multiply(matrix, &space.narrow, rows, (&mut padded, stride));
        for row in padded.chunks_exact(stride) {
            out.extend(&row[..vocab]);
        }
    }

    fn head(&mut self, model: &Model, space: &Space, rows: usize, out: &mut Vec<f32>) {
        let Some((matrix, bias)) = model.head() else {
            return;
        };
        let mut plain = Activations::new(lex7_kernels::Format::F32, rows, model.spec().d_model);
        self.team.load(space.narrow.rows(0..rows), &mut plain);
        let stride = matrix.rows_padded();
        let mut padded = Buffer::zeros(rows * stride);
        self.team.multiply(matrix, &plain, 0..rows, (&mut padded, stride));
        for row in padded.chunks_exact(stride) {
            out.extend(row.iter().zip(bias).map(|(value, bias)| value + bias));
        }
    }
}

fn lanes_of<'a>(model: &Model, layer: usize, parts: &'a mut [Part<'_>]) -> Vec<Lane<'a>> {
    let spec = model.spec();
    let (numbers, conv) = (spec.layer_numbers(), spec.conv_numbers());
    let mut first = 0;
    let mut lanes = Vec::with_capacity(parts.len());
    for part in parts {
        let own = &mut part.state[layer * numbers..(layer + 1) * numbers];
        let (conv, state) = own.split_at_mut(conv);
        lanes.push(Lane { conv, state, first, count: part.count });
        first += part.count;
    }
    lanes
}
