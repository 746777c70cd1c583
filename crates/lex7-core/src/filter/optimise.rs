//! A deterministic quasi-Newton minimiser in a box: BFGS with projection and backtracking.

/// Forward-difference step on logarithms.
const STEP: f64 = 1e-6;
/// Step of the differences of gradients.
const STEP_SECOND: f64 = 1e-4;
const HALVINGS_MAX: usize = 30;
const GRADIENT_SMALL: f64 = 1e-4;
const GAIN_SMALL: f64 = 1e-9;
/// One move never changes a logarithm by more than this.
const MOVE_MAX: f64 = 2.0;

/// The box that a search stays in.
pub(crate) struct Bounds<'a> {
    pub(crate) lower: &'a [f64],
    pub(crate) upper: &'a [f64],
}

impl Bounds<'_> {
    fn clamp(&self, index: usize, value: f64) -> f64 {
        value.max(self.lower[index]).min(self.upper[index])
    }

    fn blocks(&self, index: usize, at: f64, downhill: f64) -> bool {
        (at <= self.lower[index] && downhill < 0.0) || (at >= self.upper[index] && downhill > 0.0)
    }
}

/// A function to be minimised; infinite values mark places where it is not defined.
pub(crate) trait Objective {
    /// Return the value at a point.
    fn value(&mut self, point: &[f64]) -> f64;

    /// Return value and gradient at a point.
    fn slope(&mut self, point: &[f64]) -> (f64, Vec<f64>);
}

/// A search in progress, so that several starts can race.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) slope: Vec<f64>,
    inverse: Vec<f64>,
    pub(crate) converged: bool,
}

impl Search {
    pub(crate) fn begin(objective: &mut impl Objective, start: &[f64], bounds: &Bounds) -> Self {
        let point: Vec<f64> = start.iter().enumerate().map(|(i, x)| bounds.clamp(i, *x)).collect();
        let (value, slope) = objective.slope(&point);
        let inverse = identity(point.len(), &slope);
        Search { converged: point.is_empty(), point, value, slope, inverse }
    }

    /// Go on for at most `iterations`, by BFGS steps projected into the box.
    pub(crate) fn advance(&mut self, objective: &mut impl Objective, bounds: &Bounds, iterations: usize) {
        let size = self.point.len();
        for _ in 0..iterations {
            if self.converged {
                return;
            }
            let free: Vec<bool> =
                (0..size).map(|i| !bounds.blocks(i, self.point[i], -self.slope[i])).collect();
            if (0..size).all(|i| !free[i] || self.slope[i].abs() < GRADIENT_SMALL) {
                self.converged = true;
                return;
            }
            let direction = descend(&self.inverse, &self.slope, &free);
            let Some((next, next_value, next_slope)) = self.look_along(objective, &direction, bounds) else {
                // No descent along this direction: forget the curvature once, then stop.
                let fresh = identity(size, &self.slope);
                self.converged = self.inverse == fresh;
                self.inverse = fresh;
                continue;
            };
            let gain = self.value - next_value;
            learn(&mut self.inverse, &self.point, &next, (&self.slope, &next_slope));
            (self.point, self.value, self.slope) = (next, next_value, next_slope);
            self.converged = gain < GAIN_SMALL * (1.0 + self.value.abs());
        }
    }

    /// Return the first point along a direction that lowers the value by enough (Armijo's rule).
    fn look_along(
        &self,
        objective: &mut impl Objective,
        direction: &[f64],
        bounds: &Bounds,
    ) -> Option<(Vec<f64>, f64, Vec<f64>)> {
        let mut length = 1.0;
        for trial in 0..HALVINGS_MAX {
            let next: Vec<f64> = (0..direction.len())
                .map(|i| bounds.clamp(i, self.point[i] + length * direction[i]))
                .collect();
            let mut promised = 0.0;
            for (i, x) in next.iter().enumerate() {
                promised += self.slope[i] * (x - self.point[i]);
            }
            // The first trial is mostly taken, so its gradient is computed along with it.
            let (value, slope) =
                if trial == 0 { objective.slope(&next) } else { (objective.value(&next), Vec::new()) };
            if value < self.value && value <= self.value + 1e-4 * promised {
                let slope = if trial == 0 { slope } else { objective.slope(&next).1 };
                return Some((next, value, slope));
            }
            length *= 0.5;
        }
        None
    }
}

/// Forward differences, for objectives without a gradient of their own.
pub(crate) fn differences(objective: &mut impl FnMut(&[f64]) -> f64, point: &[f64], value: f64) -> Vec<f64> {
    let mut probe = point.to_vec();
    (0..point.len())
        .map(|i| {
            probe[i] = point[i] + STEP;
            let slope = (objective(&probe) - value) / STEP;
            probe[i] = point[i];
            if slope.is_finite() { slope } else { 0.0 }
        })
        .collect()
}

/// A scaled identity, so that the first move is about half a unit of logarithm.
fn identity(size: usize, slope: &[f64]) -> Vec<f64> {
    let largest = slope.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    let scale = if largest > 0.0 { 0.5 / largest } else { 1.0 };
    let mut out = vec![0.0; size * size];
    (0..size).for_each(|i| out[i * size + i] = scale);
    out
}

fn descend(inverse: &[f64], slope: &[f64], free: &[bool]) -> Vec<f64> {
    let size = slope.len();
    let product = |i: usize| {
        let mut sum = 0.0;
        for j in (0..size).filter(|j| free[*j]) {
            sum -= inverse[i * size + j] * slope[j];
        }
        sum
    };
    let mut direction: Vec<f64> = (0..size).map(|i| if free[i] { product(i) } else { 0.0 }).collect();
    let mut along = 0.0;
    for i in 0..size {
        along += direction[i] * slope[i];
    }
    if along >= 0.0 {
        direction = (0..size).map(|i| if free[i] { -slope[i] } else { 0.0 }).collect();
    }
    let largest = direction.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
    if largest > MOVE_MAX {
        direction.iter_mut().for_each(|d| *d *= MOVE_MAX / largest);
    }
    direction
}

/// The BFGS update of the inverse curvature, skipped where the curvature seen is not positive.
fn learn(inverse: &mut [f64], point: &[f64], next: &[f64], (slope, next_slope): (&[f64], &[f64])) {
    let size = point.len();
    let moved: Vec<f64> = (0..size).map(|i| next[i] - point[i]).collect();
    let turned: Vec<f64> = (0..size).map(|i| next_slope[i] - slope[i]).collect();
    let mut curvature = 0.0;
    for i in 0..size {
        curvature += moved[i] * turned[i];
    }
    if curvature <= 1e-12 {
        return;
    }
    let mut through = vec![0.0; size];
    for i in 0..size {
        for j in 0..size {
            through[i] += inverse[i * size + j] * turned[j];
        }
    }
    let mut twice = 0.0;
    for i in 0..size {
        twice += turned[i] * through[i];
    }
    let factor = (curvature + twice) / (curvature * curvature);
    for i in 0..size {
        for j in 0..size {
            inverse[i * size + j] +=
                factor * moved[i] * moved[j] - (through[i] * moved[j] + moved[i] * through[j]) / curvature;
        }
    }
}

/// Forward differences of the gradient, (n, n) row-major, made symmetric; `slope` is that at the point.
pub(crate) fn curvature(objective: &mut impl Objective, point: &[f64], slope: &[f64]) -> Vec<f64> {
    let size = point.len();
    let mut out = vec![0.0; size * size];
    let mut probe = point.to_vec();
    for i in 0..size {
        probe[i] = point[i] + STEP_SECOND;
        let up = objective.slope(&probe).1;
        probe[i] = point[i];
        for j in 0..size {
            let second = (up[j] - slope[j]) / (2.0 * STEP_SECOND);
            out[i * size + j] += second;
            out[j * size + i] += second;
        }
    }
    out
}

/// Invert a symmetric positive definite matrix by Cholesky; none if it is not positive definite.
pub(crate) fn invert(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    let mut factor = matrix.to_vec();
    for i in 0..size {
        for j in 0..=i {
            let mut sum = matrix[i * size + j];
            for k in 0..j {
                sum -= factor[i * size + k] * factor[j * size + k];
            }
            if i == j {
                if sum.is_nan() || sum <= 0.0 {
                    return None;
                }
                factor[i * size + i] = sum.sqrt();
            } else {
                factor[i * size + j] = sum / factor[j * size + j];
            }
        }
    }
    let mut inverse = vec![0.0; size * size];
    for column in 0..size {
        let mut x = vec![0.0; size];
        for i in 0..size {
            let mut sum = if i == column { 1.0 } else { 0.0 };
            for k in 0..i {
                sum -= factor[i * size + k] * x[k];
            }
            x[i] = sum / factor[i * size + i];
        }
        for i in (0..size).rev() {
            let mut sum = x[i];
            for k in i + 1..size {
                sum -= factor[k * size + i] * x[k];
            }
            x[i] = sum / factor[i * size + i];
            inverse[i * size + column] = x[i];
        }
    }
    Some(inverse)
}
