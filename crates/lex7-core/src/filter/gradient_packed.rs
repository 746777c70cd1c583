//! The part of a likelihood's gradient that runs in packed form: rows after the start, of models of up to
//! eight states.
//!
//! The adjoint of a covariance is symmetric and moves through transposed transitions, so it is packed like
//! one, and only its entries at observed states change with an observation.
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

use lex7_kernels::filter::{LogSum, Moments, Motion, SIZE, is_tame, learn, look, predict};
use lex7_kernels::shaped;

use super::packed::{Layout, log_density};
use super::run::Series;
use super::transition::{Cell, Sensitivity};
use super::{Belief, Model};

/// What the backward pass needs of one row.
struct Mark {
    /// Place of the motion that led here, or none for no time at all.
    step: Option<usize>,
    row: usize,
    innovation: f64,
    variance: f64,
    noise_var: f64,
    /// P h
    cross: [f64; SIZE],
}

/// One motion, its transpose, and how its noise depends on the parameters.
struct Leap {
    there: Motion<f64>,
    back: Motion<f64>,
    /// (place of the parameter, first state, states, noise).
    noises: Vec<(usize, usize, usize, [f64; 3])>,
}

/// The rows of a series after its start, and the motions between them.
pub(super) struct Trail<'a> {
    model: &'a Model,
    series: &'a Series<'a>,
    layout: Layout,
    marks: Vec<Mark>,
    leaps: Vec<Leap>,
    entries: [f64; SIZE],
    has_entries: bool,
}

impl<'a> Trail<'a> {
    pub(super) fn new(model: &'a Model, series: &'a Series<'a>, layout: Layout) -> Self {
        Trail {
            model,
            series,
            layout,
            marks: Vec::with_capacity(series.times_ns.len()),
            leaps: Vec::new(),
            entries: [0.0; SIZE],
            has_entries: false,
        }
    }

    /// Filter from a row on and return the log-density of the rest; none where this form does not carry.
    ///
    /// `stride` returns the place of the transition of a step in nanoseconds, its blocks and sensitivities.
    pub(super) fn ahead(
        &mut self,
        belief: &Belief,
        first: usize,
        mut stride: impl FnMut(i64, i64) -> (usize, Vec<Cell>, Vec<Sensitivity>),
    ) -> Option<f64> {
        let mut state = self.layout.pack(belief, self.layout.states());
        let mut sum = LogSum::new();
        let mut now = belief.time_ns;
        // The step of the last motion: most series step by the same length again and again.
        let mut last = (0, 0);
        for row in first..self.series.times_ns.len() {
            if self.series.values[row].is_nan() {
                continue;
            }
            let time_ns = self.series.times_ns[row];
            let mut step = None;
            if time_ns != now {
                let length = time_ns.wrapping_sub(now);
                if length != last.0 {
                    let (place, cells, sensitivities) = stride(now, time_ns);
                    self.add_leap(place, &cells, &sensitivities);
                    last = (length, place);
                }
                step = Some(last.1);
                now = time_ns;
            }
            shaped!(self.layout.shape(), see(self, &mut state, &mut sum, (row, step)))?;
        }
        Some(log_density(sum.parts(), self.marks.len()))
    }

    fn add_leap(&mut self, place: usize, cells: &[Cell], sensitivities: &[Sensitivity]) {
        // Transitions met during the start have places too.
        while self.leaps.len() <= place {
            self.leaps.push(Leap { there: Motion::zero(), back: Motion::zero(), noises: Vec::new() });
        }
        let leap = &mut self.leaps[place];
        self.layout.set_motion(cells, &mut leap.there);
        let back: Vec<Cell> = cells.iter().map(Cell::transposed).collect();
        self.layout.set_motion(&back, &mut leap.back);
        let states = self.layout.states();
        let packed =
            |state: usize| self.layout.places[..states].iter().position(|at| *at == state).unwrap_or(0);
        leap.noises =
            sensitivities.iter().map(|one| (one.place, packed(one.offset), one.size, one.noise)).collect();
    }

    fn set_entries(&mut self, row: usize) {
        if !self.has_entries {
            let (time_ns, inputs) = (self.series.times_ns[row], self.series.input_row(row));
            self.layout.set_row(self.model, time_ns, inputs, &mut self.entries);
            self.has_entries = self.model.has_fixed_row();
        }
    }

    /// Go back to the first row; adds to the slopes and writes the adjoint of the belief there.
    pub(super) fn back(&mut self, slopes: &mut [f64], adjoint: &mut Belief) {
        let mut state = Moments::zero();
        let marks = core::mem::take(&mut self.marks);
        for mark in marks.iter().rev() {
            self.set_entries(mark.row);
            let noise_slope = shaped!(self.layout.shape(), unsee(self, &mut state, mark));
            if self.series.observation_sd.is_none() {
                slopes[0] += 2.0 * mark.noise_var * noise_slope;
            }
            let Some(step) = mark.step else { continue };
            let leap = &self.leaps[step];
            for (place, i, size, noise) in &leap.noises {
                let (i, cov) = (*i, &state.cov);
                let mut sum = noise[0] * cov[i][i];
                if *size == 2 {
                    sum += 2.0 * noise[1] * cov[i + 1][i];
                    sum += noise[2] * cov[i + 1][i + 1];
                }
                slopes[*place] += sum;
            }
            shaped!(self.layout.shape(), unmove(&mut state, &leap.back));
        }
        let states = self.layout.states();
        self.layout.unpack(&state, (&mut adjoint.mean, &mut adjoint.cov), states);
    }
}

fn unmove<const P: usize, const S: usize>(state: &mut Moments<f64>, back: &Motion<f64>) {
    predict::<f64, P, S>(state, back);
}

/// Take in one row and mark it.
fn see<const P: usize, const S: usize>(
    trail: &mut Trail,
    state: &mut Moments<f64>,
    sum: &mut LogSum<f64>,
    (row, step): (usize, Option<usize>),
) -> Option<()> {
    if let Some(step) = step {
        predict::<f64, P, S>(state, &trail.leaps[step].there);
    }
    trail.set_entries(row);
    let noise_var = trail.series.noise_var(trail.model, row);
    let seen = look::<f64, P, S>(state, &trail.entries, trail.series.values[row]);
    if !is_tame(seen.signal_var, noise_var) {
        return None;
    }
    let variance = seen.signal_var + noise_var;
    let inverse = 1.0 / variance;
    learn::<f64, P, S>(state, &trail.entries, &seen, (inverse, noise_var));
    sum.add(variance, seen.innovation * seen.innovation * inverse);
    let (innovation, cross) = (seen.innovation, seen.cross);
    trail.marks.push(Mark { step, row, innovation, variance, noise_var, cross });
    Some(())
}

/// Pull the adjoint back through one observation; returns the adjoint of the noise variance.
///
/// The text is that of `gradient::unlearn`: m ← m + c ν/S, P ← P − c cᵀ/S, and the density.
fn unsee<const P: usize, const S: usize>(trail: &Trail, adjoint: &mut Moments<f64>, mark: &Mark) -> f64 {
    let states = 2 * P + S;
    let (nu, inverse) = (mark.innovation, 1.0 / mark.variance);
    let cross = &mark.cross;
    let (mut turned, mut along, mut quadratic) = ([0.0; SIZE], 0.0, 0.0);
    for i in 0..states {
        let mut sum = 0.0;
        for j in 0..states {
            let entry = if i >= j { adjoint.cov[i][j] } else { adjoint.cov[j][i] };
            sum += entry * cross[j];
        }
        turned[i] = sum;
        along += adjoint.mean[i] * cross[i];
        quadratic += sum * cross[i];
    }
    let pull = nu * inverse;
    let variance_slope =
        -0.5 * (inverse - pull * pull) - along * pull * inverse + quadratic * inverse * inverse;
    let innovation_slope = (along - nu) * inverse;
    let entry = |i: usize| match i {
        i if i >= 2 * P => trail.entries[i - 2 * P],
        i if i % 2 == 0 => 1.0,
        _ => 0.0,
    };
    for i in 0..states {
        turned[i] = adjoint.mean[i] * pull - 2.0 * turned[i] * inverse + variance_slope * entry(i);
        adjoint.mean[i] -= entry(i) * innovation_slope;
    }
    // Only entries beside an observed state change.
    let is_seen = |i: usize| i >= 2 * P || i.is_multiple_of(2);
    for i in 0..states {
        for j in 0..=i {
            if is_seen(i) || is_seen(j) {
                adjoint.cov[i][j] += 0.5 * (turned[i] * entry(j) + entry(i) * turned[j]);
            }
        }
    }
    variance_slope
}
