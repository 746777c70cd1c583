//! The time update in factored form for sizes known when this is compiled: `factored` over arrays, same bits.
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

use super::transition::Cell;

/// The rows [F U, G] of a belief whose size is known when this is compiled: the text of `move_rows` and
/// `orthogonalise` over arrays, with the same bits.
pub(super) struct Rows<const N: usize> {
    left: [[f64; N]; N],
    right: [[f64; N]; N],
    weights: [[f64; N]; 2],
}

impl<const N: usize> Rows<N> {
    /// The factors of a covariance as rows that have not moved.
    #[inline(always)]
    pub(super) fn of(numbers: &[f64]) -> Self {
        let zeros = [[0.0; N]; N];
        let mut out = Rows { left: zeros, right: zeros, weights: [[0.0; N]; 2] };
        for i in 0..N {
            for j in i + 1..N {
                out.left[i][j] = numbers[i * N + j];
            }
            out.left[i][i] = 1.0;
            out.weights[0][i] = numbers[i * N + i];
        }
        out
    }

    /// Multiply the rows of one block by its transition and put the root of its noise behind them.
    #[inline(always)]
    pub(super) fn move_by(&mut self, cell: &Cell) {
        let (f, q, i) = (cell.transition, cell.noise, cell.offset);
        if cell.size == 1 {
            self.left[i].iter_mut().for_each(|value| *value *= f[0]);
            self.right[i][i] = 1.0;
            self.weights[1][i] = q[0];
            return;
        }
        let (upper, lower) = (self.left[i], self.left[i + 1]);
        for k in 0..N {
            self.left[i][k] = f[0] * upper[k] + f[1] * lower[k];
            self.left[i + 1][k] = f[2] * upper[k] + f[3] * lower[k];
        }
        let ratio = if q[2] > 0.0 { q[1] / q[2] } else { 0.0 };
        self.right[i][i] = 1.0;
        self.right[i][i + 1] = ratio;
        self.right[i + 1][i + 1] = 1.0;
        self.weights[1][i] = (q[0] - ratio * q[1]).max(0.0);
        self.weights[1][i + 1] = q[2];
    }

    /// Make the rows orthogonal and write the factors that they stand for.
    #[inline(always)]
    pub(super) fn orthogonalise(&mut self, numbers: &mut [f64]) {
        let numbers = &mut numbers[..N * N];
        // Each pivot is compiled by itself: what is zero there is then left out.
        if N > 5 {
            self.pivot::<5>(numbers);
        }
        if N > 4 {
            self.pivot::<4>(numbers);
        }
        if N > 3 {
            self.pivot::<3>(numbers);
        }
        if N > 2 {
            self.pivot::<2>(numbers);
        }
        if N > 1 {
            self.pivot::<1>(numbers);
        }
        self.pivot::<0>(numbers);
    }

    /// Take row J out of all rows before it. The right half is upper triangular and stays so.
    #[inline(always)]
    fn pivot<const J: usize>(&mut self, numbers: &mut [f64]) {
        let (left, right) = (self.left[J], self.right[J]);
        let (mut weighted_left, mut weighted_right) = ([0.0; N], [0.0; N]);
        for k in 0..N {
            weighted_left[k] = left[k] * self.weights[0][k];
        }
        for k in J..N {
            weighted_right[k] = right[k] * self.weights[1][k];
        }
        let product = |other_left: &[f64; N], other_right: &[f64; N]| {
            let mut sum = 0.0;
            for k in 0..N {
                let mut term = other_left[k] * weighted_left[k];
                if k >= J {
                    term += other_right[k] * weighted_right[k];
                }
                sum += term;
            }
            sum
        };
        let pivot = product(&left, &right);
        numbers[J * N + J] = pivot;
        for i in 0..J {
            let share =
                if pivot >= f64::MIN_POSITIVE { product(&self.left[i], &self.right[i]) / pivot } else { 0.0 };
            numbers[i * N + J] = share;
            for k in 0..N {
                self.left[i][k] -= share * left[k];
            }
            for k in J..N {
                self.right[i][k] -= share * right[k];
            }
        }
    }
}
