//! Series side by side on their way through the rows.
use core::ops::Range;

use lex7_kernels::Level;
use lex7_kernels::filter::{Group, LANES_MAX, LogSum, Moments, Motion, Notes, SIZE, follow, kept_numbers};

use super::batch::{Batch, Lane};
use super::packed::Layout;
use super::run::{Clockwork, Keep};

/// Rows that are laid out side by side at once.
const BLOCK: usize = 64;

/// Series side by side.
pub(super) struct Party<'a> {
    batch: &'a Batch<'a>,
    keep: Keep,
    level: Level,
    width: usize,
    layout: Layout,
    group: Group,
    motion: Motion<[f64; LANES_MAX]>,
    /// Whether all series have the same times.
    has_one_clock: bool,
    clockworks: Vec<Clockwork>,
    times: Vec<i64>,
    counts: Vec<usize>,
    buffers: Buffers,
}

/// Numbers of a block of rows, side by side.
struct Buffers {
    values: Vec<f64>,
    noise_vars: Vec<f64>,
    rows: Vec<f64>,
    moved: Vec<u8>,
    kept: Vec<f64>,
}

impl<'a> Party<'a> {
    /// Put the series that have a walk side by side.
    pub(super) fn new(
        batch: &'a Batch<'a>,
        keep: Keep,
        (level, width): (Level, usize),
        layout: Layout,
        lanes: &[Lane],
    ) -> Self {
        let mut group = Group {
            state: Moments { mean: [[0.0; LANES_MAX]; SIZE], cov: [[[0.0; LANES_MAX]; SIZE]; SIZE] },
            sums: [[1.0; LANES_MAX], [0.0; LANES_MAX], [0.0; LANES_MAX]],
            // Lanes without a series count as refused from the beginning.
            refused: u8::MAX,
        };
        for (lane, one) in lanes.iter().enumerate() {
            let Some(walk) = &one.walk else { continue };
            group.refused &= !(1 << lane);
            for i in 0..layout.states() {
                group.state.mean[i][lane] = walk.state.mean[i];
                (0..=i).for_each(|j| group.state.cov[i][j][lane] = walk.state.cov[i][j]);
            }
            let (mantissa, exponent, squares) = walk.sum.parts();
            (group.sums[0][lane], group.sums[1][lane], group.sums[2][lane]) = (mantissa, exponent, squares);
        }
        let mut times: Vec<i64> =
            lanes.iter().map(|one| one.walk.as_ref().map_or(0, |walk| walk.time_ns)).collect();
        if batch.times_ns.len() == batch.rows()
            && let Some(walk) = lanes.iter().find_map(|one| one.walk.as_ref())
        {
            times.fill(walk.time_ns);
        }
        let zeros = [0.0; LANES_MAX];
        let kept = if keep == Keep::All { BLOCK * kept_numbers(layout.states()) * width } else { 0 };
        Party {
            batch,
            keep,
            level,
            width,
            layout,
            group,
            motion: Motion {
                turns: [[zeros; 4]; SIZE / 2],
                noises: [[zeros; 3]; SIZE / 2],
                keeps: [zeros; SIZE],
                spreads: [zeros; SIZE],
            },
            has_one_clock: batch.times_ns.len() == batch.rows(),
            clockworks: vec![Clockwork::new(); width],
            times,
            counts: vec![0; width],
            buffers: Buffers {
                values: vec![0.0; BLOCK * width],
                noise_vars: vec![1.0; BLOCK * width],
                rows: vec![0.0; BLOCK * SIZE * width],
                moved: vec![0; BLOCK],
                kept: vec![0.0; kept],
            },
        }
    }

    /// Go through all rows, block by block, each block in stretches of one motion.
    pub(super) fn go(&mut self, first: usize, lanes: &mut [Lane]) {
        let rows = self.batch.rows();
        let mut at = first;
        while at < rows && self.group.refused != u8::MAX {
            let end = rows.min(at + BLOCK);
            self.lay_out((at, end), at == first, lanes);
            let mut from = at;
            while from < end {
                let to = self.stretch(from, at, end, lanes);
                self.take(from - at, to - at);
                from = to;
            }
            if self.keep == Keep::All {
                self.hand_out(at, end, lanes);
            }
            at = end;
        }
    }

    /// Lay values, noise and observation rows of a block side by side.
    fn lay_out(&mut self, (at, end): (usize, usize), is_first: bool, lanes: &[Lane]) {
        let width = self.width;
        let has_fixed_row = self.batch.model(0).has_fixed_row();
        for (lane, one) in lanes.iter().enumerate() {
            if one.walk.is_none() {
                continue;
            }
            let (model, series) = (self.batch.model(one.index), self.batch.series(one.index));
            let places = self.buffers.values[lane..].iter_mut().step_by(width);
            let mut present = 0;
            for (place, value) in places.zip(&series.values[at..end]) {
                *place = *value;
                present += usize::from(!value.is_nan());
            }
            self.counts[lane] += present;
            if is_first || series.observation_sd.is_some() {
                let places = self.buffers.noise_vars[lane..].iter_mut().step_by(width);
                // One noise for all rows is written once for a whole block.
                let rows = at..if series.observation_sd.is_some() { end } else { at + BLOCK };
                for (place, row) in places.zip(rows) {
                    *place = series.noise_var(model, row);
                }
            }
            for row in at..if !has_fixed_row { end } else { at + usize::from(is_first) } {
                let mut entries = [0.0; SIZE];
                self.layout.set_row(model, series.times_ns[row], series.input_row(row), &mut entries);
                let block = &mut self.buffers.rows[(row - at) * SIZE * width..][..SIZE * width];
                (0..SIZE).for_each(|s| block[s * width + lane] = entries[s]);
            }
        }
    }

    /// Return the end of the rows that share a motion, and set that motion and who moves.
    fn stretch(&mut self, from: usize, at: usize, end: usize, lanes: &[Lane]) -> usize {
        let all = (u16::MAX >> (16 - self.width)) as u8;
        if self.has_one_clock {
            return self.stretch_shared(from, at, end, (all, lanes));
        }
        let live: Vec<(usize, usize)> = lanes
            .iter()
            .enumerate()
            .filter_map(|(lane, one)| one.walk.as_ref().map(|_| (lane, one.index)))
            .collect();
        let vacant = live.iter().fold(all, |bits, (lane, _)| bits & !(1 << lane));
        for row in from..end {
            let mut moved = 0;
            for &(lane, index) in &live {
                let (from_ns, to_ns) = (self.times[lane], self.batch.series(index).times_ns[row]);
                if row > from && to_ns != from_ns && self.clockworks[lane].would_change(from_ns, to_ns) {
                    return row;
                }
            }
            for &(lane, index) in &live {
                let (from_ns, to_ns) = (self.times[lane], self.batch.series(index).times_ns[row]);
                if to_ns != from_ns {
                    self.wind(lane, index, (from_ns, to_ns), lane..lane + 1);
                    self.times[lane] = to_ns;
                    moved |= 1 << lane;
                }
            }
            // Lanes without a series move along with the others.
            self.buffers.moved[row - at] = if moved == 0 { 0 } else { moved | vacant };
        }
        end
    }

    /// The same where all series have the same times.
    fn stretch_shared(&mut self, from: usize, at: usize, end: usize, (all, lanes): (u8, &[Lane])) -> usize {
        let times_ns = &self.batch.times_ns[..self.batch.rows()];
        for (row, &to_ns) in times_ns.iter().enumerate().take(end).skip(from) {
            let from_ns = self.times[0];
            self.buffers.moved[row - at] = if to_ns == from_ns { 0 } else { all };
            if to_ns == from_ns {
                continue;
            }
            if self.clockworks[0].would_change(from_ns, to_ns) {
                if row > from {
                    return row;
                }
                if self.batch.models.len() == 1 {
                    self.wind(0, lanes[0].index, (from_ns, to_ns), 0..self.width);
                } else {
                    for (lane, one) in lanes.iter().enumerate() {
                        self.wind(lane, one.index, (from_ns, to_ns), lane..lane + 1);
                    }
                }
            }
            self.times.fill(to_ns);
        }
        end
    }

    fn wind(&mut self, lane: usize, index: usize, (from_ns, to_ns): (i64, i64), lanes: Range<usize>) {
        let clockwork = &mut self.clockworks[lane];
        if clockwork.wind(self.batch.model(index), from_ns, to_ns) {
            self.layout.spread_motion(&clockwork.cells, lanes, &mut self.motion);
        }
    }

    fn take(&mut self, from: usize, to: usize) {
        let width = self.width;
        let numbers = kept_numbers(self.layout.states()) * width;
        let has_fixed_row = self.batch.model(0).has_fixed_row();
        let rows = if has_fixed_row { 0..SIZE * width } else { from * SIZE * width..to * SIZE * width };
        let kept = if self.keep == Keep::All { from * numbers..to * numbers } else { 0..0 };
        let buffers = &mut self.buffers;
        let mut notes = Notes {
            motion: &self.motion,
            moved: &buffers.moved[from..to],
            values: &buffers.values[from * width..to * width],
            noise_vars: &buffers.noise_vars[from * width..to * width],
            rows: &buffers.rows[rows],
            kept: &mut buffers.kept[kept],
        };
        follow(self.level, self.layout.shape(), &mut self.group, &mut notes);
    }

    /// Give every series the rows that were kept of it.
    fn hand_out(&self, at: usize, end: usize, lanes: &mut [Lane]) {
        let (states, width) = (self.layout.states(), self.width);
        let numbers = kept_numbers(states);
        for (lane, one) in lanes.iter_mut().enumerate().filter(|(_, one)| one.walk.is_some()) {
            let values = &self.batch.series(one.index).values[at..end];
            for (value, block) in values.iter().zip(self.buffers.kept.chunks_exact(numbers * width)) {
                let number = |index: usize| block[index * width + lane];
                if value.is_nan() {
                    one.out.push(f64::NAN, f64::NAN, 0.0);
                } else {
                    one.out.push(number(0), number(1), 1.0);
                }
                let mut state = Moments::<f64>::zero();
                let mut next = 2 + states;
                for i in 0..states {
                    state.mean[i] = number(2 + i);
                    for j in 0..=i {
                        state.cov[i][j] = number(next);
                        next += 1;
                    }
                }
                let (mean, cov) = one.out.room(states);
                self.layout.unpack(&state, (mean, cov), states);
            }
        }
    }

    /// Write every series back; one that was refused runs alone.
    pub(super) fn part(&self, first: usize, lanes: &mut [Lane]) {
        let rows = self.batch.rows();
        for (lane, one) in lanes.iter_mut().enumerate() {
            if self.group.refused >> lane & 1 == 1 {
                one.walk = None;
            }
            let Some(walk) = &mut one.walk else { continue };
            for i in 0..self.layout.states() {
                walk.state.mean[i] = self.group.state.mean[i][lane];
                (0..=i).for_each(|j| walk.state.cov[i][j] = self.group.state.cov[i][j][lane]);
            }
            let [mantissa, exponent, squares] = self.group.sums.map(|numbers| numbers[lane]);
            walk.sum = LogSum::from_parts(mantissa, exponent, squares);
            walk.count += self.counts[lane];
            if first < rows {
                walk.time_ns = self.times[lane];
            }
        }
    }
}
