//! A deterministic quasi-Newton minimiser in a box: BFGS with projection and backtracking.

/// Forward-difference step on logarithms; the curvature error it leaves is removed by the Newton polish.
const STEP: f64 = 1e-6;
/// Central second differences: fourth root of the machine epsilon, rounded.
const STEP_SECOND: f64 = 1e-3;
const ITERATIONS_MAX: usize = 80;
const HALVINGS_MAX: usize = 30;
const GRADIENT_SMALL: f64 = 1e-4;
const GAIN_SMALL: f64 = 1e-9;
/// One move never changes a logarithm by more than this.
const MOVE_MAX: f64 = 2.0;

/// A point with its objective, and how the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Minimum {
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) converged: bool,
    pub(crate) evaluations: usize,
}

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

/// Minimise `objective` from `start`; infinite values mark places where it is not defined.
pub(crate) fn minimise(objective: &mut impl FnMut(&[f64]) -> f64, start: &[f64], bounds: &Bounds) -> Minimum {
    let size = start.len();
    let mut point: Vec<f64> = start.iter().enumerate().map(|(i, x)| bounds.clamp(i, *x)).collect();
    let mut value = objective(&point);
    let mut evaluations = 1;
    let mut slope = gradient(objective, &point, value, bounds, &mut evaluations);
    let mut inverse = identity(size, &slope);
    let mut converged = size == 0;
    for _ in 0..ITERATIONS_MAX {
        let free: Vec<bool> = (0..size).map(|i| !bounds.blocks(i, point[i], -slope[i])).collect();
        if (0..size).all(|i| !free[i] || slope[i].abs() < GRADIENT_SMALL) {
            converged = true;
            break;
        }
        let direction = descend(&inverse, &slope, &free);
        let Some((next, next_value)) =
            search(objective, &point, value, (&direction, &slope), bounds, &mut evaluations)
        else {
            // No descent along this direction: forget the curvature once, then stop.
            if inverse == identity(size, &slope) {
                converged = true;
                break;
            }
            inverse = identity(size, &slope);
            continue;
        };
        let gain = value - next_value;
        let next_slope = gradient(objective, &next, next_value, bounds, &mut evaluations);
        learn(&mut inverse, &point, &next, (&slope, &next_slope));
        (point, value, slope) = (next, next_value, next_slope);
        if gain < GAIN_SMALL * (1.0 + value.abs()) {
            converged = true;
            break;
        }
    }
    Minimum { point, value, converged, evaluations }
}

fn gradient(
    objective: &mut impl FnMut(&[f64]) -> f64,
    point: &[f64],
    value: f64,
    bounds: &Bounds,
    evaluations: &mut usize,
) -> Vec<f64> {
    let mut probe = point.to_vec();
    (0..point.len())
        .map(|i| {
            let step = if point[i] + STEP > bounds.upper[i] { -STEP } else { STEP };
            probe[i] = point[i] + step;
            let slope = (objective(&probe) - value) / step;
            probe[i] = point[i];
            *evaluations += 1;
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

fn search(
    objective: &mut impl FnMut(&[f64]) -> f64,
    point: &[f64],
    value: f64,
    (direction, slope): (&[f64], &[f64]),
    bounds: &Bounds,
    evaluations: &mut usize,
) -> Option<(Vec<f64>, f64)> {
    let mut length = 1.0;
    for _ in 0..HALVINGS_MAX {
        let next: Vec<f64> =
            (0..point.len()).map(|i| bounds.clamp(i, point[i] + length * direction[i])).collect();
        let mut promised = 0.0;
        for i in 0..point.len() {
            promised += slope[i] * (next[i] - point[i]);
        }
        let next_value = objective(&next);
        *evaluations += 1;
        if next_value < value && next_value <= value + 1e-4 * promised {
            return Some((next, next_value));
        }
        length *= 0.5;
    }
    None
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

/// Central second differences of the objective, (n, n) row-major.
pub(crate) fn hessian(objective: &mut impl FnMut(&[f64]) -> f64, point: &[f64], value: f64) -> Vec<f64> {
    let size = point.len();
    let mut out = vec![0.0; size * size];
    let mut probe = point.to_vec();
    let mut at = |probe: &mut Vec<f64>, moves: &[(usize, f64)]| {
        moves.iter().for_each(|(i, step)| probe[*i] += step);
        let result = objective(probe);
        probe.copy_from_slice(point);
        result
    };
    let h = STEP_SECOND;
    let mut sides = Vec::with_capacity(size);
    for i in 0..size {
        let (up, down) = (at(&mut probe, &[(i, h)]), at(&mut probe, &[(i, -h)]));
        out[i * size + i] = (up - 2.0 * value + down) / (h * h);
        sides.push((up, down));
    }
    for i in 0..size {
        for j in 0..i {
            // The average of the two one-sided mixed differences: second order with two evaluations.
            let up = at(&mut probe, &[(i, h), (j, h)]);
            let down = at(&mut probe, &[(i, -h), (j, -h)]);
            let mixed = up - sides[i].0 - sides[j].0 + value + down - sides[i].1 - sides[j].1 + value;
            out[i * size + j] = mixed / (2.0 * h * h);
            out[j * size + i] = out[i * size + j];
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
