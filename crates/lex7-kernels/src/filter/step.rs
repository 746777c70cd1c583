//! Packed moments and the two halves of a step: carrying them through time, and one observation.
//!
//! States stand in pairs first (trends, harmonics), then single ones (levels, regressions): pair p holds
//! states 2p and 2p + 1 and is observed through its first state; single s is state 2 · pairs + s and is
//! observed through its entry of the row. Only the lower triangle of the covariance is kept.
use super::Lane;

/// The most states a packed belief holds.
pub const SIZE: usize = 8;

/// A signal whose variance exceeds the noise by more than this factor is not taken in by the covariance
/// form: subtracting would cost it too many digits.
pub(super) const CANCELLATION_MAX: f64 = 1e6;

/// Mean and covariance of up to [`SIZE`] states.
#[derive(Debug, Clone, Copy)]
pub struct Moments<L> {
    /// The means.
    pub mean: [L; SIZE],
    /// The covariance, rows of the lower triangle.
    pub cov: [[L; SIZE]; SIZE],
}

/// One transition and its noise.
#[derive(Debug, Clone, Copy)]
pub struct Motion<L> {
    /// Row-major transition of every pair.
    pub turns: [[L; 4]; SIZE / 2],
    /// Noise of every pair: (1,1), (1,2), (2,2).
    pub noises: [[L; 3]; SIZE / 2],
    /// Transition of every single state.
    pub keeps: [L; SIZE],
    /// Noise of every single state.
    pub spreads: [L; SIZE],
}

/// What an observation sees before anything is learned from it.
#[derive(Debug, Clone, Copy)]
pub struct Look<L> {
    /// Value minus prediction.
    pub innovation: L,
    /// P h
    pub cross: [L; SIZE],
    /// hᵀ P h
    pub signal_var: L,
}

impl<L: Lane> Moments<L> {
    /// Moments that are all zero.
    #[inline(always)]
    pub fn zero() -> Self {
        Moments { mean: [L::splat(0.0); SIZE], cov: [[L::splat(0.0); SIZE]; SIZE] }
    }

    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> L {
        if i >= j { self.cov[i][j] } else { self.cov[j][i] }
    }
}

impl<L: Lane> Motion<L> {
    /// A motion to be filled in.
    #[inline(always)]
    pub fn zero() -> Self {
        let zero = L::splat(0.0);
        Motion {
            turns: [[zero; 4]; SIZE / 2],
            noises: [[zero; 3]; SIZE / 2],
            keeps: [zero; SIZE],
            spreads: [zero; SIZE],
        }
    }
}

/// Answer whether the covariance form may take in an observation: the noise is not small against the signal.
#[inline(always)]
pub fn is_tame(signal_var: f64, noise_var: f64) -> bool {
    signal_var <= noise_var * CANCELLATION_MAX && noise_var >= f64::MIN_POSITIVE
}

/// m ← F m, P ← F P Fᵀ + Q.
#[inline(always)]
pub fn predict<L: Lane, const P: usize, const S: usize>(state: &mut Moments<L>, motion: &Motion<L>) {
    for p in 0..P {
        let f = motion.turns[p];
        for r in 0..p {
            let g = motion.turns[r];
            let (upper, lower) = (state.cov[2 * p], state.cov[2 * p + 1]);
            let (a, b) = (upper[2 * r], upper[2 * r + 1]);
            let (c, d) = (lower[2 * r], lower[2 * r + 1]);
            let (a, b, c, d) =
                (f[0] * a + f[1] * c, f[0] * b + f[1] * d, f[2] * a + f[3] * c, f[2] * b + f[3] * d);
            state.cov[2 * p][2 * r] = g[0] * a + g[1] * b;
            state.cov[2 * p][2 * r + 1] = g[2] * a + g[3] * b;
            state.cov[2 * p + 1][2 * r] = g[0] * c + g[1] * d;
            state.cov[2 * p + 1][2 * r + 1] = g[2] * c + g[3] * d;
        }
        let (a, b, d) =
            (state.cov[2 * p][2 * p], state.cov[2 * p + 1][2 * p], state.cov[2 * p + 1][2 * p + 1]);
        let (a, b, c, d) =
            (f[0] * a + f[1] * b, f[0] * b + f[1] * d, f[2] * a + f[3] * b, f[2] * b + f[3] * d);
        let q = motion.noises[p];
        state.cov[2 * p][2 * p] = f[0] * a + f[1] * b + q[0];
        state.cov[2 * p + 1][2 * p] = f[0] * c + f[1] * d + q[1];
        state.cov[2 * p + 1][2 * p + 1] = f[2] * c + f[3] * d + q[2];
        let (a, b) = (state.mean[2 * p], state.mean[2 * p + 1]);
        state.mean[2 * p] = f[0] * a + f[1] * b;
        state.mean[2 * p + 1] = f[2] * a + f[3] * b;
    }
    for s in 0..S {
        let i = 2 * P + s;
        let keep = motion.keeps[s];
        for r in 0..P {
            let g = motion.turns[r];
            let (a, b) = (keep * state.cov[i][2 * r], keep * state.cov[i][2 * r + 1]);
            state.cov[i][2 * r] = g[0] * a + g[1] * b;
            state.cov[i][2 * r + 1] = g[2] * a + g[3] * b;
        }
        for r in 0..s {
            let j = 2 * P + r;
            state.cov[i][j] = keep * state.cov[i][j] * motion.keeps[r];
        }
        state.cov[i][i] = keep * state.cov[i][i] * keep + motion.spreads[s];
        state.mean[i] = keep * state.mean[i];
    }
}

/// Compute the innovation, P h and hᵀ P h. `row` holds h of the single states.
#[inline(always)]
pub fn look<L: Lane, const P: usize, const S: usize>(
    state: &Moments<L>,
    row: &[L; SIZE],
    value: L,
) -> Look<L> {
    let cross = through::<L, P, S>(row, |i, j| state.at(i, j));
    Look {
        innovation: value - along::<L, P, S>(row, &state.mean),
        signal_var: along::<L, P, S>(row, &cross),
        cross,
    }
}

/// Learn from what was seen with noise of a variance; `inverse` is 1 / (signal_var + noise_var).
///
/// Joseph's form: B = P − c kᵀ, then P ← B − k (hᵀB − R kᵀ), lower triangle.
#[inline(always)]
pub fn learn<L: Lane, const P: usize, const S: usize>(
    state: &mut Moments<L>,
    row: &[L; SIZE],
    seen: &Look<L>,
    (inverse, noise_var): (L, L),
) {
    let size = 2 * P + S;
    let cross = &seen.cross;
    let mut gain = [L::splat(0.0); SIZE];
    for i in 0..size {
        gain[i] = cross[i] * inverse;
        state.mean[i] = state.mean[i] + gain[i] * seen.innovation;
    }
    let mut tail = through::<L, P, S>(row, |j, i| state.at(i, j) - cross[i] * gain[j]);
    for j in 0..size {
        tail[j] = tail[j] - noise_var * gain[j];
    }
    for i in 0..size {
        for j in 0..=i {
            state.cov[i][j] = state.cov[i][j] - cross[i] * gain[j] - gain[i] * tail[j];
        }
    }
    settle::<L, P, S>(state);
}

/// hᵀ v: pairs by their first state, singles by their entry of the row.
#[inline(always)]
fn along<L: Lane, const P: usize, const S: usize>(row: &[L; SIZE], vector: &[L; SIZE]) -> L {
    let mut sum = if P > 0 { vector[0] } else { row[0] * vector[0] };
    for p in 1..P {
        sum = sum + vector[2 * p];
    }
    for s in (if P > 0 { 0 } else { 1 })..S {
        sum = sum + row[s] * vector[2 * P + s];
    }
    sum
}

/// M h for every row of a matrix given by its entries (row, column).
#[inline(always)]
fn through<L: Lane, const P: usize, const S: usize>(
    row: &[L; SIZE],
    entry: impl Fn(usize, usize) -> L,
) -> [L; SIZE] {
    let mut out = [L::splat(0.0); SIZE];
    for i in 0..2 * P + S {
        let mut sum = if P > 0 { entry(i, 0) } else { row[0] * entry(i, 0) };
        for p in 1..P {
            sum = sum + entry(i, 2 * p);
        }
        for s in (if P > 0 { 0 } else { 1 })..S {
            sum = sum + row[s] * entry(i, 2 * P + s);
        }
        out[i] = sum;
    }
    out
}

/// A variance that rounding made negative becomes an exact zero, and with it its covariances.
#[inline(always)]
fn settle<L: Lane, const P: usize, const S: usize>(state: &mut Moments<L>) {
    let mut least = state.cov[0][0];
    for i in 1..2 * P + S {
        least = least.least(state.cov[i][i]);
    }
    if least.any_below_zero() {
        for i in 0..2 * P + S {
            let variance = state.cov[i][i];
            for j in 0..2 * P + S {
                let (r, c) = if i >= j { (i, j) } else { (j, i) };
                state.cov[r][c] = state.cov[r][c].zero_where_below(variance);
            }
        }
    }
}
