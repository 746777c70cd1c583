//! Small beliefs in packed form: where each state stands, and the rows of a run over them.
//!
//! The arithmetic is that of `lex7_kernels::filter`, which also takes many series side by side; a belief
//! has the same bits from a run, a stream and a batch.
use core::ops::Range;

use lex7_kernels::filter::{
    LANES_MAX, LogSum, Moments, Motion, SIZE, has_step, is_tame, learn, look, predict,
};
use lex7_kernels::shaped;

use super::run::{Clockwork, Keep, Run, Series};
use super::transition::{Cell, observe};
use super::{Belief, FilterError, Kind, Model, Robust};

const LOG_2PI: f64 = 1.837_877_066_409_345_3;
/// Rows between two looks at whether the numbers are finite.
const BLOCK: usize = 64;

/// The order of the states of a model in packed form: pairs first, then single ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) pairs: usize,
    pub(crate) singles: usize,
    /// The place in the model of each packed state.
    pub(crate) places: [usize; SIZE],
}

impl Layout {
    /// Return the layout of a model; none where its shape has no compiled step.
    pub(crate) fn of(model: &Model) -> Option<Self> {
        let (mut pairs, mut singles) = (Vec::new(), Vec::new());
        let mut at = 0;
        for part in &model.components {
            let is_paired = matches!(part.kind, Kind::Trend | Kind::DampedTrend | Kind::Season);
            let states = at..at + part.states();
            at = states.end;
            if is_paired { pairs.extend(states) } else { singles.extend(states) }
        }
        if at > SIZE || !has_step(pairs.len() / 2, singles.len()) {
            return None;
        }
        let mut places = [0; SIZE];
        let order = pairs.iter().chain(&singles);
        places.iter_mut().zip(order).for_each(|(place, state)| *place = *state);
        Some(Layout { pairs: pairs.len() / 2, singles: singles.len(), places })
    }

    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.pairs, self.singles)
    }

    pub(crate) fn states(&self) -> usize {
        2 * self.pairs + self.singles
    }

    /// Return the moments of a belief without diffuse directions.
    #[inline(always)]
    pub(crate) fn pack(&self, belief: &Belief, states: usize) -> Moments<f64> {
        let mut out = Moments::zero();
        for i in 0..states {
            let place = self.places[i];
            out.mean[i] = belief.mean[place];
            for j in 0..=i {
                out.cov[i][j] = belief.cov[place * states + self.places[j]];
            }
        }
        out
    }

    /// Write moments into a belief of the same size.
    #[inline(always)]
    pub(crate) fn unpack(&self, state: &Moments<f64>, (mean, cov): (&mut [f64], &mut [f64]), states: usize) {
        for i in 0..states {
            let place = self.places[i];
            mean[place] = state.mean[i];
            for j in 0..=i {
                let other = self.places[j];
                cov[place * states + other] = state.cov[i][j];
                cov[other * states + place] = state.cov[i][j];
            }
        }
    }

    /// Write the blocks of a transition as a motion.
    pub(crate) fn set_motion(&self, cells: &[Cell], motion: &mut Motion<f64>) {
        let (mut pair, mut single) = (0, 0);
        for cell in cells {
            if cell.size == 2 {
                motion.turns[pair] = cell.transition;
                motion.noises[pair] = cell.noise;
                pair += 1;
            } else {
                motion.keeps[single] = cell.transition[0];
                motion.spreads[single] = cell.noise[0];
                single += 1;
            }
        }
    }

    /// Write the blocks of a transition as the motion of some of the series side by side.
    pub(crate) fn spread_motion(
        &self,
        cells: &[Cell],
        lanes: Range<usize>,
        motion: &mut Motion<[f64; LANES_MAX]>,
    ) {
        let mut one = Motion::zero();
        self.set_motion(cells, &mut one);
        for lane in lanes {
            for p in 0..self.pairs {
                (0..4).for_each(|i| motion.turns[p][i][lane] = one.turns[p][i]);
                (0..3).for_each(|i| motion.noises[p][i][lane] = one.noises[p][i]);
            }
            for s in 0..self.singles {
                motion.keeps[s][lane] = one.keeps[s];
                motion.spreads[s][lane] = one.spreads[s];
            }
        }
    }

    /// Write the entries of the observation row at the single states.
    pub(crate) fn set_row(&self, model: &Model, time_ns: i64, inputs: &[f64], row: &mut [f64; SIZE]) {
        let mut whole = [0.0; SIZE];
        observe(model, time_ns, inputs, None, &mut whole[..self.states()]);
        for (entry, place) in row[..self.singles].iter_mut().zip(&self.places[2 * self.pairs..]) {
            *entry = whole[*place];
        }
    }
}

/// Return the log-density that a product of variances and a sum of squares stand for.
pub(crate) fn log_density((mantissa, exponent, squares): (f64, f64, f64), count: usize) -> f64 {
    let log_product = libm::log(mantissa) + exponent * core::f64::consts::LN_2;
    -0.5 * (count as f64 * LOG_2PI + log_product + squares)
}

/// A packed belief on its way through a series.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    model: &'a Model,
    series: Series<'a>,
    pub(crate) layout: Layout,
    keep: Keep,
    pub(crate) state: Moments<f64>,
    pub(crate) time_ns: i64,
    motion: Motion<f64>,
    clockwork: Clockwork,
    row: [f64; SIZE],
    has_row: bool,
    pub(crate) sum: LogSum<f64>,
    pub(crate) count: usize,
    robust_sum: f64,
    log_constant: f64,
}

impl<'a> Walk<'a> {
    /// Begin with a belief that has no diffuse direction and is in covariance form.
    pub(crate) fn new(
        (model, series): (&'a Model, &Series<'a>),
        layout: Layout,
        keep: Keep,
        belief: &Belief,
    ) -> Self {
        Walk {
            model,
            series: *series,
            layout,
            keep,
            state: layout.pack(belief, layout.states()),
            time_ns: belief.time_ns,
            motion: Motion::zero(),
            clockwork: Clockwork::new(),
            row: [0.0; SIZE],
            has_row: false,
            sum: LogSum::new(),
            count: 0,
            robust_sum: 0.0,
            log_constant: model.robust.log_constant(),
        }
    }

    /// Write the belief back and add up the likelihood.
    pub(crate) fn finish(&self, belief: &mut Belief, out: &mut Run) {
        self.layout.unpack(&self.state, (&mut belief.mean, &mut belief.cov), self.layout.states());
        belief.time_ns = self.time_ns;
        out.loglik += self.robust_sum;
        if self.count > 0 {
            out.loglik += log_density(self.sum.parts(), self.count);
        }
    }

    /// Answer whether the moments are finite; infinities and NaN stay once they are there.
    pub(crate) fn is_finite(&self) -> bool {
        let state = &self.state;
        (0..self.layout.states()).all(|i| state.mean[i].is_finite() && state.cov[i][i].is_finite())
    }

    /// Go from a row up to another, as far as the covariance form carries; return the row reached.
    ///
    /// A block that ends in an infinity is gone through again row by row, to name the row.
    pub(crate) fn go(&mut self, first: usize, last: usize, out: &mut Run) -> Result<usize, FilterError> {
        let mut at = first;
        while at < last {
            let end = last.min(at + BLOCK);
            let before = self.clone();
            let reached = self.rows(at, end, out);
            if !self.is_finite() {
                *self = before;
                out.truncate(at, self.layout.states());
                for row in at..end {
                    self.rows(row, row + 1, out);
                    if !self.is_finite() {
                        return Err(FilterError::Diverged { row });
                    }
                }
            }
            if reached < end {
                return Ok(reached);
            }
            at = end;
        }
        Ok(last)
    }

    fn rows(&mut self, first: usize, end: usize, out: &mut Run) -> usize {
        shaped!(self.layout.shape(), rows_of(self, first, end, out))
    }

    /// Move to a time, and look at what the row of that time needs.
    #[inline(always)]
    fn wind(&mut self, time_ns: i64) {
        if self.clockwork.wind(self.model, self.time_ns, time_ns) {
            self.layout.set_motion(&self.clockwork.cells, &mut self.motion);
        }
        self.time_ns = time_ns;
    }

    #[inline(always)]
    fn set_row(&mut self, row: usize) {
        if !self.has_row {
            let (time_ns, inputs) = (self.series.times_ns[row], self.series.input_row(row));
            self.layout.set_row(self.model, time_ns, inputs, &mut self.row);
            self.has_row = self.model.has_fixed_row();
        }
    }
}

fn rows_of<const P: usize, const S: usize>(
    walk: &mut Walk,
    first: usize,
    end: usize,
    out: &mut Run,
) -> usize {
    let series = walk.series;
    // A copy on the stack, so that it can live in registers.
    let mut state = walk.state;
    let robust = walk.model.robust;
    let mut reached = end;
    for row in first..end {
        let time_ns = series.times_ns[row];
        if time_ns != walk.time_ns {
            walk.wind(time_ns);
            predict::<f64, P, S>(&mut state, &walk.motion);
        }
        let value = series.values[row];
        if value.is_nan() {
            out.push(f64::NAN, f64::NAN, 0.0);
        } else {
            walk.set_row(row);
            let noise_var = series.noise_var(walk.model, row);
            let seen = look::<f64, P, S>(&state, &walk.row, value);
            if !is_tame(seen.signal_var, noise_var) {
                reached = row;
                break;
            }
            let variance = seen.signal_var + noise_var;
            if robust == Robust::Gaussian {
                let inverse = 1.0 / variance;
                learn::<f64, P, S>(&mut state, &walk.row, &seen, (inverse, noise_var));
                walk.sum.add(variance, seen.innovation * seen.innovation * inverse);
                walk.count += 1;
                out.push(seen.innovation, variance, 1.0);
            } else {
                let weight = robust.weight(seen.innovation, seen.signal_var, noise_var);
                let noise = noise_var / weight;
                let inverse = 1.0 / (seen.signal_var + noise);
                learn::<f64, P, S>(&mut state, &walk.row, &seen, (inverse, noise));
                walk.robust_sum += robust.log_density(seen.innovation, variance, walk.log_constant);
                out.push(seen.innovation, variance, weight);
            }
        }
        if walk.keep == Keep::All {
            let states = 2 * P + S;
            let (mean, cov) = out.room(states);
            walk.layout.unpack(&state, (mean, cov), states);
        }
    }
    walk.state = state;
    reached
}
