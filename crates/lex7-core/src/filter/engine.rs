//! One row after another, in the form that suits the belief: packed, covariance or factored.
//!
//! A belief is factored while a diffuse direction is left, and from the moment an observation would make
//! the covariance form cancel; it goes back once its states tell themselves apart again. The choice depends
//! on the belief and the row alone, so a series split anywhere takes the same way.
use lex7_kernels::filter::{Motion, SIZE, is_tame, learn, look, predict};
use lex7_kernels::shaped;

use super::factored::{self, Bench};
use super::packed::Layout;
use super::run::Clockwork;
use super::step::{self, Outcome, Workspace, size, sized};
use super::{Belief, Model};

/// One row of a series.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) time_ns: i64,
    /// NaN where missing.
    pub(crate) value: f64,
    pub(crate) noise_var: f64,
    pub(crate) inputs: &'a [f64],
}

/// What it takes to move a belief of one model along: no allocation per row.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    layout: Option<Layout>,
    space: Workspace,
    bench: Bench,
    clockwork: Clockwork,
    motion: Motion<f64>,
    entries: [f64; SIZE],
    has_entries: bool,
}

impl Engine {
    pub(crate) fn new(model: &Model) -> Self {
        let states = model.states();
        Engine {
            layout: Layout::of(model),
            space: Workspace::new(states, model.robust),
            bench: Bench::new(states),
            clockwork: Clockwork::new(),
            motion: Motion::zero(),
            entries: [0.0; SIZE],
            has_entries: false,
        }
    }

    /// Return the layout if a belief can go on in packed form.
    pub(crate) fn layout_for(&self, belief: &Belief) -> Option<Layout> {
        self.layout.filter(|_| belief.factor.is_none() && belief.diffuse.is_empty())
    }

    /// Move a belief to a row and take in its value.
    ///
    /// In factored form the covariance is not brought up to date: see [`Belief::expand`].
    pub(crate) fn advance(&mut self, model: &Model, belief: &mut Belief, row: Row) -> Outcome {
        if !belief.diffuse.is_empty() {
            belief.factorise();
        }
        if let Some(layout) = self.layout_for(belief) {
            self.wind(model, &layout, belief.time_ns, row.time_ns);
            if !self.has_entries {
                layout.set_row(model, row.time_ns, row.inputs, &mut self.entries);
                self.has_entries = model.has_fixed_row();
            }
            let step = (&*self, &layout);
            if let Some(outcome) = shaped!(layout.shape(), small(step, model, belief, row)) {
                return outcome;
            }
            belief.factorise();
        }
        sized!(belief.states(), large(self, model, belief, row))
    }

    /// Return the log-density of what a row did.
    pub(crate) fn log_density(&self, outcome: &Outcome) -> f64 {
        self.space.log_density(outcome)
    }

    #[inline(always)]
    fn wind(&mut self, model: &Model, layout: &Layout, from_ns: i64, to_ns: i64) {
        if from_ns != to_ns && self.clockwork.wind(model, from_ns, to_ns) {
            layout.set_motion(&self.clockwork.cells, &mut self.motion);
        }
    }
}

/// One row in packed form; none where the covariance form refuses the value, after moving.
fn small<const P: usize, const S: usize>(
    (engine, layout): (&Engine, &Layout),
    model: &Model,
    belief: &mut Belief,
    row: Row,
) -> Option<Outcome> {
    let states = 2 * P + S;
    let mut state = layout.pack(belief, states);
    let mut outcome = Some(Outcome::missing());
    if row.time_ns != belief.time_ns {
        predict::<f64, P, S>(&mut state, &engine.motion);
        belief.time_ns = row.time_ns;
    }
    if !row.value.is_nan() {
        let seen = look::<f64, P, S>(&state, &engine.entries, row.value);
        let (innovation, signal_var) = (seen.innovation, seen.signal_var);
        outcome = is_tame(signal_var, row.noise_var).then(|| {
            let robust = model.robust;
            let weight = robust.weight(innovation, signal_var, row.noise_var);
            let noise = row.noise_var / weight;
            let inverse = 1.0 / (signal_var + noise);
            learn::<f64, P, S>(&mut state, &engine.entries, &seen, (inverse, noise));
            let variance = signal_var + row.noise_var;
            Outcome { innovation, variance, weight, strength: 0.0 }
        });
    }
    layout.unpack(&state, (&mut belief.mean, &mut belief.cov), states);
    outcome
}

/// One row in covariance form of any size, or in factored form.
fn large<const N: usize>(engine: &mut Engine, model: &Model, belief: &mut Belief, row: Row) -> Outcome {
    let states = size::<N>(engine.space.states());
    if row.time_ns != belief.time_ns {
        let changes = engine.clockwork.wind(model, belief.time_ns, row.time_ns);
        let cells = &engine.clockwork.cells;
        match belief.factor {
            Some(_) => factored::predict::<N>(belief, &mut engine.bench, cells, states),
            None => step::predict(belief, cells, states),
        }
        belief.time_ns = row.time_ns;
        // The packed form reads its motion from the same clockwork.
        if let (true, Some(layout)) = (changes, &engine.layout) {
            layout.set_motion(cells, &mut engine.motion);
        }
    }
    if row.value.is_nan() {
        return Outcome::missing();
    }
    let space = &mut engine.space;
    space.look(model, row.time_ns, row.inputs);
    take(belief, (space, &mut engine.bench), row.value, row.noise_var, states)
}

/// Take in one scalar value seen through the row in the space, in the form that suits the belief.
///
/// In factored form the covariance is not brought up to date: see [`Belief::expand`].
#[inline(always)]
pub(crate) fn take(
    belief: &mut Belief,
    (space, bench): (&mut Workspace, &mut Bench),
    value: f64,
    noise_var: f64,
    states: usize,
) -> Outcome {
    if belief.factor.is_none() {
        let is_safe =
            belief.diffuse.is_empty() && is_tame(space.signal_var(&belief.cov[..states * states]), noise_var);
        if is_safe {
            return step::update(belief, space, value, noise_var, states);
        }
        belief.factorise();
    }
    let outcome = factored::update(belief, (&mut *space, &mut *bench), value, noise_var, states);
    space.set_cross(bench.cross());
    belief.settle(outcome.variance, noise_var);
    outcome
}
