//! Rows made orthogonal, columns turned onto rows, and directions that stay independent.
// Indices name states across several arrays at once; iterators over one of them would hide that.
#![allow(clippy::needless_range_loop)]

use super::step::dot;

/// Of a diffuse direction at least this share must not be made of others.
const INDEPENDENT_MIN: f64 = 1e-13;

/// An entry of U on or above its diagonal.
pub(super) fn entry(factor: &[f64], states: usize, i: usize, j: usize) -> f64 {
    if i == j { 1.0 } else { factor[i * states + j] }
}

/// Rows that weighted Gram-Schmidt makes orthogonal, (count, width) with one weight per column.
pub(super) struct Rows {
    pub(super) numbers: Vec<f64>,
    pub(super) weights: Vec<f64>,
    pub(super) count: usize,
}

impl Rows {
    pub(super) fn new(count: usize, width: usize) -> Self {
        Rows { numbers: vec![0.0; count * width], weights: vec![0.0; width], count }
    }

    /// Take the rows from the last down to `first` out of all rows before them; a row of which no more than `least` of
    /// its square is left counts as nothing. Returns the shares, (count, count), the squares left on the diagonal.
    pub(super) fn eliminate(&mut self, first: usize, least: &[f64]) -> Vec<f64> {
        let (count, width) = (self.count, self.weights.len());
        let mut out = vec![0.0; count * count];
        let mut weighted = vec![0.0; width];
        for j in (first..count).rev() {
            let (above, line) = self.numbers.split_at_mut(j * width);
            let line = &line[..width];
            for k in 0..width {
                weighted[k] = line[k] * self.weights[k];
            }
            let left = dot(line, &weighted);
            if left <= least.get(j).copied().unwrap_or(0.0) {
                continue;
            }
            out[j * count + j] = left;
            for (i, other) in above.chunks_exact_mut(width).enumerate() {
                let factor = dot(other, &weighted) / left;
                out[i * count + j] = factor;
                other.iter_mut().zip(line).for_each(|(value, part)| *value -= factor * part);
            }
        }
        out
    }
}

/// Reflections that turn the columns of a matrix onto its first rows.
pub(super) struct Turned {
    /// One axis per column, (d, n), with its scale.
    axes: Vec<(Vec<f64>, f64)>,
    /// (n, d): upper triangular.
    pub(super) upper: Vec<f64>,
}

impl Turned {
    /// `columns` are d columns of length n, one after the other; none if they are not independent.
    pub(super) fn of(columns: &[f64], states: usize) -> Option<Self> {
        let count = columns.len() / states;
        let mut left: Vec<Vec<f64>> = columns.chunks_exact(states).map(<[f64]>::to_vec).collect();
        let mut axes = Vec::with_capacity(count);
        for j in 0..count {
            let mut axis = left[j].clone();
            axis[..j].fill(0.0);
            let norm = dot(&axis, &axis).sqrt();
            let whole = &columns[j * states..(j + 1) * states];
            if norm <= INDEPENDENT_MIN * dot(whole, whole).sqrt() {
                return None;
            }
            axis[j] += if axis[j] >= 0.0 { norm } else { -norm };
            let scale = 2.0 / dot(&axis, &axis);
            left[j..].iter_mut().for_each(|column| reflect(column, &axis, scale));
            axes.push((axis, scale));
        }
        let mut upper = vec![0.0; states * count];
        for (j, column) in left.iter().enumerate() {
            (0..=j).for_each(|i| upper[i * count + j] = column[i]);
        }
        Some(Turned { axes, upper })
    }

    /// v ← Qᵀ v
    pub(super) fn turn(&self, vector: &mut [f64]) {
        self.axes.iter().for_each(|(axis, scale)| reflect(vector, axis, *scale));
    }

    /// Return Σ (Qᵀ)² v.
    pub(super) fn turn_scale(&self, scale: &[f64]) -> Vec<f64> {
        if self.axes.is_empty() {
            return scale.to_vec();
        }
        let states = scale.len();
        let mut out = vec![0.0; states];
        for (j, value) in scale.iter().enumerate() {
            let mut column = vec![0.0; states];
            column[j] = 1.0;
            self.turn(&mut column);
            out.iter_mut().zip(&column).for_each(|(sum, part)| *sum += part * part * value);
        }
        out
    }

    /// v ← Q v
    pub(super) fn turn_back(&self, vector: &mut [f64]) {
        self.axes.iter().rev().for_each(|(axis, scale)| reflect(vector, axis, *scale));
    }
}

fn reflect(vector: &mut [f64], axis: &[f64], scale: f64) {
    let along = scale * dot(axis, vector);
    vector.iter_mut().zip(axis).for_each(|(value, part)| *value -= along * part);
}

/// Replace the columns that a transition led to by as few that stand for the same D Dᵀ.
///
/// A transition without an inverse may make directions one, or none. A row counts as nothing where less is left of it
/// than rounding leaves; columns are mixed only if some of them go.
pub(super) fn keep_independent(columns: &mut Vec<f64>, transition: &[f64], before: &[f64], states: usize) {
    let count = columns.len() / states;
    // What rounding scales with: (F F) (D D) by rows.
    let spread: Vec<f64> =
        (0..states).map(|j| (0..count).fold(0.0, |sum, c| sum + squared(before[c * states + j]))).collect();
    let scale =
        |i: usize| (0..states).fold(0.0, |sum, j| sum + squared(transition[i * states + j]) * spread[j]);
    let least: Vec<f64> = (0..states).map(|i| scale(i) * INDEPENDENT_MIN * INDEPENDENT_MIN).collect();
    let mut left = columns.clone();
    for done in 0..count {
        let rest =
            |left: &[f64], i: usize| (done..count).fold(0.0, |sum, c| sum + squared(left[c * states + i]));
        let ratio = |i: usize| if least[i] > 0.0 { rest(&left, i) / least[i] } else { 0.0 };
        let ratios: Vec<f64> = (0..states).map(ratio).collect();
        let Some(pivot) = (0..states).reduce(|best, i| if ratios[i] > ratios[best] { i } else { best })
        else {
            return;
        };
        if ratios[pivot] <= 1.0 {
            left.truncate(done * states);
            *columns = left;
            return;
        }
        gather(&mut left[done * states..], pivot, states);
    }
}

fn squared(value: f64) -> f64 {
    value * value
}

/// Mix columns by one reflection until only the first has anything in one row.
fn gather(columns: &mut [f64], row: usize, states: usize) {
    let mut axis: Vec<f64> = columns.chunks_exact(states).map(|column| column[row]).collect();
    let norm = dot(&axis, &axis).sqrt();
    axis[0] += if axis[0] >= 0.0 { norm } else { -norm };
    let scale = 2.0 / dot(&axis, &axis);
    for i in 0..states {
        let mut along = 0.0;
        for (column, part) in columns.chunks_exact(states).zip(&axis) {
            along += column[i] * part;
        }
        for (column, part) in columns.chunks_exact_mut(states).zip(&axis) {
            column[i] -= scale * along * part;
        }
    }
    columns.chunks_exact_mut(states).skip(1).for_each(|column| column[row] = 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_that_become_one_are_kept_as_one() {
        let before = [1.0, 0.0, 0.0, 1.0];
        let transition = [1.0, 2.0, 2.0, 4.0];
        // F D, column by column: (1, 2) and (2, 4), so D Dᵀ = 5 (1, 2)(1, 2)ᵀ.
        let mut columns = vec![1.0, 2.0, 2.0, 4.0];
        keep_independent(&mut columns, &transition, &before, 2);
        assert_eq!(columns.len(), 2);
        assert!((columns[0] * columns[0] - 5.0).abs() < 1e-14);
        assert!((columns[1] * columns[1] - 20.0).abs() < 1e-14);
        let mut gone = vec![0.0, 0.0];
        keep_independent(&mut gone, &[0.0; 4], &[1.0, 1.0], 2);
        assert!(gone.is_empty());
    }

    #[test]
    fn directions_of_any_scale_that_stay_apart_are_left_alone() {
        let before = [1.0, 0.0, 0.0, 1.0];
        let transition = [1.0, 0.0, 0.0, 1e-20];
        let mut columns = vec![1.0, 0.0, 0.0, 1e-20];
        keep_independent(&mut columns, &transition, &before, 2);
        assert_eq!(columns, [1.0, 0.0, 0.0, 1e-20]);
    }
}
