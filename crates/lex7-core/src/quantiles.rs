//! Distributions as tables of quantiles, for draws that are summed over many days.
//!
//! A table has 1,024 cells of equal probability; a draw picks a cell by its first bits and interpolates in it
//! by the rest. The tables are scaled so that the interpolated law itself has exactly the mean and variance
//! asked for; what lies beyond 1/8,192 of a tail is left out, which no sum over days can tell. Draws that
//! stand alone use `rng::normal`.

use crate::rng::normal_quantile;

/// 16 KiB of cells stay in the first cache.
const CELLS: usize = 1_024;
const CELL_BITS: u32 = 22;
const EDGE: f64 = 1.0 / (8.0 * CELLS as f64);

/// Cells of equal probability: the value at the start of each, and the step per unit of the rest of a word.
#[derive(Clone, Debug)]
pub struct Quantiles {
    cells: Box<[[f64; 2]; CELLS]>,
}

impl Quantiles {
    /// Return the standard normal: mean 0 and variance 1.
    pub fn normal() -> Self {
        let knots: Vec<f64> = probabilities().map(normal_quantile).collect();
        Self::from_knots(&knots, 1.0 / libm::sqrt(second_moment(&knots)))
    }

    /// Return a lognormal factor: mean 1 and the given coefficient of variation.
    ///
    /// The lognormal parameter is found by bisection, so that the interpolated law has that variance.
    pub fn factor(spread: f64) -> Self {
        let normals: Vec<f64> = probabilities().map(normal_quantile).collect();
        let (mut low, mut high) = (0.0, 4.0);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if second_moment(&lognormal(&normals, middle)) - 1.0 < spread * spread {
                low = middle;
            } else {
                high = middle;
            }
        }
        let sigma = if spread > 0.0 { 0.5 * (low + high) } else { 0.0 };
        Self::from_knots(&lognormal(&normals, sigma), 1.0)
    }

    /// Return the draw that belongs to a word.
    #[inline]
    pub fn at(&self, word: u32) -> f64 {
        let [low, step] = self.cells[(word >> CELL_BITS) as usize];
        low + f64::from((word & ((1 << CELL_BITS) - 1)) as i32) * step
    }

    fn from_knots(knots: &[f64], scale: f64) -> Self {
        let mut cells = Box::new([[0.0; 2]; CELLS]);
        for (cell, pair) in cells.iter_mut().zip(knots.windows(2)) {
            *cell = [scale * pair[0], scale * (pair[1] - pair[0]) / f64::from(1 << CELL_BITS)];
        }
        Self { cells }
    }
}

/// Knots of the lognormal with mean 1.
fn lognormal(normals: &[f64], sigma: f64) -> Vec<f64> {
    let mut knots: Vec<f64> = normals.iter().map(|z| libm::exp(sigma * z)).collect();
    let scale = 1.0 / mean(&knots);
    knots.iter_mut().for_each(|knot| *knot *= scale);
    knots
}

fn mean(knots: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in knots.windows(2) {
        sum += 0.5 * (pair[0] + pair[1]);
    }
    sum / CELLS as f64
}

fn second_moment(knots: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in knots.windows(2) {
        sum += (pair[0] * pair[0] + pair[0] * pair[1] + pair[1] * pair[1]) / 3.0;
    }
    sum / CELLS as f64
}

/// 40 halvings of [0, 4] leave an error below 4e-12.
const BISECTIONS: usize = 40;

fn probabilities() -> impl Iterator<Item = f64> {
    (0..=CELLS).map(|index| (index as f64 / CELLS as f64).clamp(EDGE, 1.0 - EDGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(table: &Quantiles) -> (f64, f64, f64) {
        let cell = f64::from(1 << CELL_BITS);
        let mut knots: Vec<f64> = table.cells.iter().map(|cell| cell[0]).collect();
        knots.push(table.cells[CELLS - 1][0] + table.cells[CELLS - 1][1] * cell);
        let least = knots.iter().copied().fold(f64::INFINITY, f64::min);
        (mean(&knots), second_moment(&knots), least)
    }

    #[test]
    fn factors_have_mean_one_and_the_spread_asked_for() {
        for spread in [0.0, 0.3, 1.0, 2.5] {
            let (mean, second, least) = moments(&Quantiles::factor(spread));
            assert!((mean - 1.0).abs() < 1e-12);
            assert!((second - 1.0 - spread * spread).abs() < 1e-8 * (1.0 + spread * spread));
            assert!(least >= 0.0);
        }
    }

    #[test]
    fn the_normal_table_is_symmetric_with_variance_one() {
        let table = Quantiles::normal();
        let (mean, second, _) = moments(&table);
        assert!(mean.abs() < 1e-12 && (second - 1.0).abs() < 1e-12);
        assert!((table.at(u32::MAX / 4 * 3 + 3) - 0.674_489_750_196_081_7).abs() < 1e-3);
        assert!((table.at(0) + table.at(u32::MAX)).abs() < 1e-5);
    }
}
