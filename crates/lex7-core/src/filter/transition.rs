//! Exact discretisation: the transition and process noise of every component over any step in days.
use super::{Component, Kind, Model};

const TAU: f64 = core::f64::consts::TAU;
const SERIES_TERMS: u32 = 22;

/// One diagonal block of the transition: 1 × 1 or 2 × 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) offset: usize,
    pub(crate) size: usize,
    /// Row-major transition; a 1 × 1 block uses the first number.
    pub(crate) transition: [f64; 4],
    /// Process noise: (1,1), (1,2), (2,2).
    pub(crate) noise: [f64; 3],
}

impl Cell {
    fn single(transition: f64, noise: f64) -> Self {
        Cell { offset: 0, size: 1, transition: [transition, 0.0, 0.0, 1.0], noise: [noise, 0.0, 0.0] }
    }

    fn double(transition: [f64; 4], noise: [f64; 3]) -> Self {
        Cell { offset: 0, size: 2, transition, noise }
    }

    /// Return the block of the adjoint: the transition transposed, without noise.
    pub(crate) fn transposed(&self) -> Self {
        let [a, b, c, d] = self.transition;
        let transition = if self.size == 1 { self.transition } else { [a, c, b, d] };
        Cell { transition, noise: [0.0; 3], ..*self }
    }

    /// Answer whether the block leaves its state where it is.
    pub(crate) fn is_identity(&self) -> bool {
        self.size == 1 && self.transition[0] == 1.0
    }
}

/// Write the blocks of a model for a step of `days` into `cells`.
pub(crate) fn discretise(model: &Model, days: f64, cells: &mut Vec<Cell>) {
    cells.clear();
    let mut offset = 0;
    for part in &model.components {
        let first = cells.len();
        push_cells(part, days, cells);
        for cell in &mut cells[first..] {
            cell.offset = offset;
            offset += cell.size;
        }
    }
}

fn push_cells(part: &Component, days: f64, cells: &mut Vec<Cell>) {
    let given = &part.parameters;
    match part.kind {
        Kind::Level | Kind::Regression => cells.push(Cell::single(1.0, given[0] * given[0] * days)),
        Kind::Step => cells.push(Cell::single(1.0, 0.0)),
        Kind::AutoRegression => {
            let rate = days / given[1];
            let noise = -given[0] * given[0] * libm::expm1(-2.0 * rate);
            cells.push(Cell::single(libm::exp(-rate), noise));
        }
        Kind::Trend => {
            let (level, slope) = (given[0] * given[0], given[1] * given[1]);
            let noise =
                [level * days + slope * days * days * days / 3.0, slope * days * days / 2.0, slope * days];
            cells.push(Cell::double([1.0, days, 0.0, 1.0], noise));
        }
        Kind::DampedTrend => cells.push(damped(given, days)),
        Kind::Season => {
            let noise = given[0] * given[0] * days;
            for harmonic in 1..=part.harmonics() {
                let turns = harmonic as f64 * days / given[1];
                let angle = TAU * (turns - libm::floor(turns));
                let (sin, cos) = (libm::sin(angle), libm::cos(angle));
                cells.push(Cell::double([cos, sin, -sin, cos], [noise, 0.0, noise]));
            }
        }
    }
}

/// A level driven by an Ornstein-Uhlenbeck slope: dv = −v/τ dt + q dW, dl = v dt + s dW.
fn damped(given: &[f64], days: f64) -> Cell {
    let (level, slope, decay) = (given[0] * given[0], given[1] * given[1], given[2]);
    let x = days / decay;
    let lost = -libm::expm1(-x);
    let noise = [
        level * days + slope * days * days * days * damped_ratio(x),
        slope * decay * decay * lost * lost / 2.0,
        -slope * decay * libm::expm1(-2.0 * x) / 2.0,
    ];
    Cell::double([1.0, decay * lost, 0.0, libm::exp(-x)], noise)
}

/// Return (2x − 3 + 4e⁻ˣ − e⁻²ˣ)/(2x³), by its series below 1 where the closed form cancels.
fn damped_ratio(x: f64) -> f64 {
    if x >= 1.0 {
        return (2.0 * x - 3.0 + 4.0 * libm::exp(-x) - libm::exp(-2.0 * x)) / (2.0 * x * x * x);
    }
    // Term n is (−1)ⁿ (4 − 2ⁿ)/(2 n!) xⁿ⁻³, n from 3.
    let (mut sum, mut power, mut factorial, mut two) = (0.0, 1.0, 6.0, 8.0);
    for n in 3..3 + SERIES_TERMS {
        let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
        sum += sign * (4.0 - two) / (2.0 * factorial) * power;
        power *= x;
        factorial *= f64::from(n + 1);
        two *= 2.0;
    }
    sum
}

/// How one block depends on the logarithm of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sensitivity {
    /// The place of the parameter: 0 is the observation sd, then those of the components in order.
    pub(crate) place: usize,
    pub(crate) offset: usize,
    pub(crate) size: usize,
    pub(crate) transition: [f64; 4],
    pub(crate) noise: [f64; 3],
}

impl Sensitivity {
    pub(crate) fn moves_transition(&self) -> bool {
        self.transition != [0.0; 4]
    }
}

/// Return the derivatives of all blocks of a step by the logarithms of standard deviations and decays.
pub(crate) fn sensitivities(model: &Model, days: f64) -> Vec<Sensitivity> {
    let mut out = Vec::new();
    let (mut place, mut offset) = (1, 0);
    for part in &model.components {
        let given = &part.parameters;
        let mut push = |which: usize, at: usize, size: usize, transition: [f64; 4], noise: [f64; 3]| {
            out.push(Sensitivity { place: place + which, offset: offset + at, size, transition, noise });
        };
        let still = [0.0; 4];
        match part.kind {
            Kind::Level | Kind::Regression => {
                push(0, 0, 1, still, [2.0 * given[0] * given[0] * days, 0.0, 0.0]);
            }
            Kind::Step => {}
            Kind::AutoRegression => {
                let rate = days / given[1];
                let (keep, var) = (libm::exp(-rate), given[0] * given[0]);
                push(0, 0, 1, still, [-2.0 * var * libm::expm1(-2.0 * rate), 0.0, 0.0]);
                let transition = [keep * rate, 0.0, 0.0, 0.0];
                push(1, 0, 1, transition, [-2.0 * var * keep * keep * rate, 0.0, 0.0]);
            }
            Kind::Trend | Kind::DampedTrend => {
                let mut cells = Vec::new();
                push_cells(part, days, &mut cells);
                let level = given[0] * given[0] * days;
                let [q11, q12, q22] = cells[0].noise;
                push(0, 0, 2, still, [2.0 * level, 0.0, 0.0]);
                push(1, 0, 2, still, [2.0 * (q11 - level), 2.0 * q12, 2.0 * q22]);
                if part.kind == Kind::DampedTrend {
                    let (transition, noise) = damped_by_decay(given, days);
                    push(2, 0, 2, transition, noise);
                }
            }
            Kind::Season => {
                let noise = 2.0 * given[0] * given[0] * days;
                (0..part.harmonics()).for_each(|k| push(0, 2 * k, 2, still, [noise, 0.0, noise]));
            }
        }
        place += given.len();
        offset += part.states();
    }
    out
}

/// Derivatives of the damped trend's block by the logarithm of its decay.
fn damped_by_decay(given: &[f64], days: f64) -> ([f64; 4], [f64; 3]) {
    let (slope, decay) = (given[1] * given[1], given[2]);
    let x = days / decay;
    let (kept, lost) = (libm::exp(-x), -libm::expm1(-x));
    let twice = -libm::expm1(-2.0 * x);
    let cubic = slope * days * days * days;
    let noise = [
        -cubic * (lost * lost / (x * x) - 3.0 * damped_ratio(x)),
        slope * decay * decay * (lost * lost - x * kept * lost),
        0.5 * slope * decay * (twice - 2.0 * x * kept * kept),
    ];
    ([0.0, decay * (lost - x * kept), 0.0, x * kept], noise)
}

/// Return (place, state, derivative of the starting variance by the logarithm) of stationary starts.
pub(crate) fn start_sensitivities(model: &Model) -> Vec<(usize, usize, f64)> {
    let mut out = Vec::new();
    let (mut place, mut offset) = (1, 0);
    for part in &model.components {
        let given = &part.parameters;
        match (part.kind, &part.initial) {
            (Kind::AutoRegression, None) => out.push((place, offset, 2.0 * given[0] * given[0])),
            (Kind::DampedTrend, None) => {
                let var = given[1] * given[1] * given[2] / 2.0;
                out.push((place + 1, offset + 1, 2.0 * var));
                out.push((place + 2, offset + 1, var));
            }
            _ => {}
        }
        place += given.len();
        offset += part.states();
    }
    out
}

/// The start of the filter: proper means and variances, and which states are diffuse.
pub(crate) struct Start {
    pub(crate) mean: Vec<f64>,
    pub(crate) var: Vec<f64>,
    pub(crate) is_diffuse: Vec<bool>,
}

/// Return the start of a model: given beliefs, stationary moments, or diffuse.
pub(crate) fn start_of(model: &Model) -> Start {
    let mut start = Start { mean: Vec::new(), var: Vec::new(), is_diffuse: Vec::new() };
    for part in &model.components {
        for state in 0..part.states() {
            let (mean, var, is_diffuse) = match (&part.initial, part.kind, state) {
                (Some(initial), _, _) => (initial.mean[state], initial.sd[state] * initial.sd[state], false),
                (None, Kind::AutoRegression, _) => (0.0, part.parameters[0] * part.parameters[0], false),
                (None, Kind::DampedTrend, 1) => {
                    (0.0, part.parameters[1] * part.parameters[1] * part.parameters[2] / 2.0, false)
                }
                _ => (0.0, 0.0, true),
            };
            start.mean.push(mean);
            start.var.push(var);
            start.is_diffuse.push(is_diffuse);
        }
    }
    start
}

/// Write the observation row h of a model at one time; `chosen` leaves out components by index.
pub(crate) fn observe(model: &Model, time_ns: i64, inputs: &[f64], chosen: Option<&[bool]>, row: &mut [f64]) {
    let mut offset = 0;
    for (index, part) in model.components.iter().enumerate() {
        let states = part.states();
        let block = &mut row[offset..offset + states];
        block.fill(0.0);
        offset += states;
        if chosen.is_some_and(|mask| !mask[index]) {
            continue;
        }
        match part.kind {
            Kind::Level | Kind::Trend | Kind::DampedTrend | Kind::AutoRegression => block[0] = 1.0,
            Kind::Season => block.iter_mut().step_by(2).for_each(|value| *value = 1.0),
            Kind::Regression => block[0] = inputs[part.parameters[1] as usize],
            Kind::Step => block[0] = if time_ns >= part.time_ns { 1.0 } else { 0.0 },
        }
    }
}
