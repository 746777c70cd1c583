//! Many series side by side, one per number of a register.
use super::Lane;
use super::log_sum::LogSum;
use super::step::{Moments, Motion, SIZE, learn, look, predict};
use crate::Level;

/// The widest register, in series.
pub const LANES_MAX: usize = 8;

/// Up to [`LANES_MAX`] series under way: every number of their beliefs, side by side.
#[derive(Debug, Clone)]
pub struct Group {
    /// Means and covariances.
    pub state: Moments<[f64; LANES_MAX]>,
    /// Mantissa and exponent of the product of variances, and the sum of squares.
    pub sums: [[f64; LANES_MAX]; 3],
    /// Series that met an observation which the covariance form does not take in, as bits. Their numbers
    /// mean nothing from there on.
    pub refused: u8,
}

/// Rows that share one transition, and where to write what is kept.
pub struct Notes<'a> {
    /// The transition, one per series.
    pub motion: &'a Motion<[f64; LANES_MAX]>,
    /// For each row the series that move before they look, as bits.
    pub moved: &'a [u8],
    /// (rows, lanes) values, NaN where missing.
    pub values: &'a [f64],
    /// (rows, lanes) noise variances.
    pub noise_vars: &'a [f64],
    /// (rows or 1, SIZE, lanes) entries of the observation row at the single states.
    pub rows: &'a [f64],
    /// (rows, numbers, lanes): innovation, variance, means, lower triangle; or empty.
    pub kept: &'a mut [f64],
}

/// How many series a register of this level holds; 1 means that there is nothing to gain.
pub fn lanes(level: Level) -> usize {
    match level {
        Level::Scalar => 1,
        Level::Avx2 => 4,
        Level::Avx512 | Level::Amx => 8,
    }
}

/// Take a group through rows. Numbers beyond those of the level are left alone.
///
/// The shape must be one of which [`super::has_step`] is true.
pub fn follow(level: Level, shape: (usize, usize), group: &mut Group, notes: &mut Notes) {
    match level.available() {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Amx => {
            // SAFETY: `available` returns a level only where the machine has its instructions.
            unsafe { crate::shaped!(shape, rows_512(group, notes)) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => {
            // SAFETY: as above.
            unsafe { crate::shaped!(shape, rows_256(group, notes)) }
        }
        _ => crate::shaped!(shape, rows_64(group, notes)),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn rows_512<const P: usize, const S: usize>(group: &mut Group, notes: &mut Notes) {
    rows_of::<super::lane::wide::Eight, P, S>(group, notes);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn rows_256<const P: usize, const S: usize>(group: &mut Group, notes: &mut Notes) {
    rows_of::<super::lane::wide::Four, P, S>(group, notes);
}

fn rows_64<const P: usize, const S: usize>(group: &mut Group, notes: &mut Notes) {
    rows_of::<f64, P, S>(group, notes);
}

#[inline(always)]
fn rows_of<L: Lane, const P: usize, const S: usize>(group: &mut Group, notes: &mut Notes) {
    let all = (u16::MAX >> (16 - L::WIDTH)) as u8;
    let mut state = load::<L, P, S>(&group.state);
    let [mantissa, exponent, squares] = &group.sums;
    let mut sum = LogSum::from_parts(L::load(mantissa), L::load(exponent), L::load(squares));
    let motion = load_motion::<L, P, S>(notes.motion);
    let mut row = load_row::<L, S>(notes.rows, 0);
    let has_rows = notes.rows.len() > SIZE * L::WIDTH;
    let values = notes.values.chunks_exact(L::WIDTH);
    let noises = notes.noise_vars.chunks_exact(L::WIDTH);
    for (at, ((values, noises), moved)) in values.zip(noises).zip(notes.moved).enumerate() {
        if *moved == all {
            predict::<L, P, S>(&mut state, &motion);
        } else if *moved != 0 {
            let before = state;
            predict::<L, P, S>(&mut state, &motion);
            keep::<L, P, S>(&mut state, &before, L::mask(*moved));
        }
        if has_rows {
            row = load_row::<L, S>(notes.rows, at);
        }
        let (value, noise_var) = (L::load(values), L::load(noises));
        let seen = look::<L, P, S>(&state, &row, value);
        let variance = seen.signal_var + noise_var;
        let present = value.is_number();
        let refused = L::bits(present) & !L::tame(seen.signal_var, noise_var);
        group.refused |= refused;
        let inverse = L::splat(1.0) / variance;
        let square = seen.innovation * seen.innovation * inverse;
        if L::bits(present) == all {
            learn::<L, P, S>(&mut state, &row, &seen, (inverse, noise_var));
            sum.add(variance, square);
        } else if L::bits(present) != 0 {
            let (before, sum_before) = (state, sum);
            learn::<L, P, S>(&mut state, &row, &seen, (inverse, noise_var));
            sum.add(variance, square);
            keep::<L, P, S>(&mut state, &before, present);
            sum = LogSum::select(present, &sum, &sum_before);
        }
        if !notes.kept.is_empty() {
            note::<L, P, S>(notes.kept, at, &state, (seen.innovation, variance));
        }
        if group.refused & all == all {
            break;
        }
    }
    store::<L, P, S>(&state, &mut group.state);
    let (mantissa, exponent, squares) = sum.parts();
    mantissa.store(&mut group.sums[0]);
    exponent.store(&mut group.sums[1]);
    squares.store(&mut group.sums[2]);
}

/// Put the numbers before back wherever `changed` does not hold.
#[inline(always)]
fn keep<L: Lane, const P: usize, const S: usize>(
    state: &mut Moments<L>,
    before: &Moments<L>,
    changed: L::Mask,
) {
    for i in 0..2 * P + S {
        state.mean[i] = L::select(changed, state.mean[i], before.mean[i]);
        for j in 0..=i {
            state.cov[i][j] = L::select(changed, state.cov[i][j], before.cov[i][j]);
        }
    }
}

/// How many numbers are kept of one row of one series of that many states.
pub fn kept_numbers(states: usize) -> usize {
    2 + states + states * (states + 1) / 2
}

#[inline(always)]
fn note<L: Lane, const P: usize, const S: usize>(
    kept: &mut [f64],
    at: usize,
    state: &Moments<L>,
    (innovation, variance): (L, L),
) {
    let numbers = kept_numbers(2 * P + S);
    let mut out = kept[at * numbers * L::WIDTH..(at + 1) * numbers * L::WIDTH].chunks_exact_mut(L::WIDTH);
    let mut put = |value: L| {
        if let Some(place) = out.next() {
            value.store(place);
        }
    };
    put(innovation);
    put(variance);
    for i in 0..2 * P + S {
        put(state.mean[i]);
    }
    for i in 0..2 * P + S {
        for j in 0..=i {
            put(state.cov[i][j]);
        }
    }
}

#[inline(always)]
fn load<L: Lane, const P: usize, const S: usize>(from: &Moments<[f64; LANES_MAX]>) -> Moments<L> {
    let mut out = Moments::zero();
    for i in 0..2 * P + S {
        out.mean[i] = L::load(&from.mean[i]);
        for j in 0..=i {
            out.cov[i][j] = L::load(&from.cov[i][j]);
        }
    }
    out
}

#[inline(always)]
fn store<L: Lane, const P: usize, const S: usize>(from: &Moments<L>, to: &mut Moments<[f64; LANES_MAX]>) {
    for i in 0..2 * P + S {
        from.mean[i].store(&mut to.mean[i]);
        for j in 0..=i {
            from.cov[i][j].store(&mut to.cov[i][j]);
        }
    }
}

#[inline(always)]
fn load_motion<L: Lane, const P: usize, const S: usize>(from: &Motion<[f64; LANES_MAX]>) -> Motion<L> {
    let mut out = Motion::zero();
    for p in 0..P {
        out.turns[p] = from.turns[p].map(|numbers| L::load(&numbers));
        out.noises[p] = from.noises[p].map(|numbers| L::load(&numbers));
    }
    for s in 0..S {
        out.keeps[s] = L::load(&from.keeps[s]);
        out.spreads[s] = L::load(&from.spreads[s]);
    }
    out
}

#[inline(always)]
fn load_row<L: Lane, const S: usize>(rows: &[f64], at: usize) -> [L; SIZE] {
    let mut out = [L::splat(0.0); SIZE];
    for s in 0..S {
        out[s] = L::load(&rows[(at * SIZE + s) * L::WIDTH..]);
    }
    out
}
