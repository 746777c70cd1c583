//! A dual active-set solver in floats (Goldfarb & Idnani 1983), which proposes the constraints that bind.
//!
//! Variables are scaled so that the objective is ½‖z‖² and constraints have unit norm. The factor L D Lᵀ of the
//! Gram matrix of the working set is updated when a constraint joins or leaves. Whatever comes out is only a
//! proposal: `exact` proves or repairs it.
use super::problem::Problem;

/// What a solver proposes: constraints that bind at the optimum, or multipliers of rows that cannot hold.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// Constraint numbers: rows, then upper bounds, then lower bounds.
    pub active: Vec<usize>,
    /// Multipliers per row of an infeasible combination, where one was found.
    pub farkas: Option<Vec<(usize, f64)>>,
}

const VIOLATION_MIN: f64 = 1e-11;
const INDEPENDENCE_MIN: f64 = 1e-11;

/// An approximate optimum: half the squared length of the scaled changes, and the changes.
pub(super) struct Relaxed {
    pub(super) cost: f64,
    pub(super) changes: Vec<f64>,
}

/// A problem in floats of which single columns can be held still.
pub(super) struct Relaxation {
    scaled: Scaled,
}

impl Relaxation {
    pub(super) fn new(problem: &Problem) -> Self {
        Self { scaled: Scaled::new(problem) }
    }

    /// Hold a column at zero; returns what `release` needs.
    pub(super) fn hold(&mut self, column: usize) -> Vec<f64> {
        let rows = self.scaled.rows;
        self.scaled.by_column[column * rows..(column + 1) * rows]
            .iter_mut()
            .map(|value| std::mem::replace(value, 0.0))
            .collect()
    }

    pub(super) fn release(&mut self, column: usize, held: &[f64]) {
        let rows = self.scaled.rows;
        self.scaled.by_column[column * rows..(column + 1) * rows].copy_from_slice(held);
    }

    /// Approximate the optimum; None where there seems to be none.
    pub(super) fn solve(&self) -> Option<Relaxed> {
        let (working, farkas) = run(&self.scaled);
        if farkas.is_some() {
            return None;
        }
        let changes = working.primal(&self.scaled);
        let mut cost = 0.0;
        for value in &changes {
            cost += 0.5 * value * value;
        }
        Some(Relaxed { cost, changes })
    }
}

/// Propose the active constraints of a problem, or a combination of rows that no point satisfies.
pub fn propose(problem: &Problem) -> Proposal {
    let scaled = Scaled::new(problem);
    let (working, farkas) = run(&scaled);
    Proposal { active: working.active, farkas }
}

fn run(scaled: &Scaled) -> (Working, Option<Vec<(usize, f64)>>) {
    let mut working = Working::default();
    let passes_max = 20 * (scaled.rows + 2 * scaled.columns) + 100;
    for _ in 0..passes_max {
        let z = working.primal(scaled);
        let Some(entering) = scaled.most_violated(&z, &working.active) else {
            break;
        };
        if let Some(farkas) = working.admit(scaled, entering, z) {
            return (working, Some(farkas));
        }
    }
    (working, None)
}

/// The problem in unit norms: `min ½‖z‖²` subject to `G z ≤ h`.
struct Scaled {
    rows: usize,
    columns: usize,
    by_column: Vec<f64>,
    norms: Vec<f64>,
    right: Vec<f64>,
}

impl Scaled {
    fn new(problem: &Problem) -> Self {
        let (rows, columns) = (problem.rows, problem.columns);
        let ease_max = problem.eases.iter().copied().max().unwrap_or(1) as f64;
        let eases: Vec<f64> = problem.eases.iter().map(|&ease| ease as f64 / ease_max).collect();
        let mut by_column = vec![0.0; rows * columns];
        let mut norms = vec![1.0; rows];
        let mut right = Vec::with_capacity(rows + 2 * columns);
        for i in 0..rows {
            let mut total = 0.0;
            for (&a, ease) in problem.row(i).iter().zip(&eases) {
                let g = a as f64 * ease;
                total += g * g;
            }
            let norm = libm::sqrt(total);
            norms[i] = if norm > 0.0 { norm } else { 1.0 };
            for (j, (&a, ease)) in problem.row(i).iter().zip(&eases).enumerate() {
                by_column[j * rows + i] = a as f64 * ease / norms[i];
            }
            right.push(problem.bounds[i] as f64 / norms[i]);
        }
        let unit = |j: usize| (1u64 << problem.exponents[j]) as f64 * eases[j];
        right.extend((0..columns).map(|j| problem.hi[j] as f64 / unit(j)));
        right.extend((0..columns).map(|j| -(problem.lo[j] as f64) / unit(j)));
        Self { rows, columns, by_column, norms, right }
    }

    fn normal(&self, constraint: usize) -> Vec<f64> {
        let mut normal = vec![0.0; self.columns];
        if constraint < self.rows {
            for (j, value) in normal.iter_mut().enumerate() {
                *value = self.by_column[j * self.rows + constraint];
            }
        } else if constraint < self.rows + self.columns {
            normal[constraint - self.rows] = 1.0;
        } else {
            normal[constraint - self.rows - self.columns] = -1.0;
        }
        normal
    }

    fn dot(&self, constraint: usize, vector: &[f64]) -> f64 {
        if constraint < self.rows {
            let mut total = 0.0;
            for (j, value) in vector.iter().enumerate() {
                total += self.by_column[j * self.rows + constraint] * value;
            }
            total
        } else if constraint < self.rows + self.columns {
            vector[constraint - self.rows]
        } else {
            -vector[constraint - self.rows - self.columns]
        }
    }

    fn add_normal(&self, constraint: usize, factor: f64, vector: &mut [f64]) {
        if constraint < self.rows {
            for (j, value) in vector.iter_mut().enumerate() {
                *value += factor * self.by_column[j * self.rows + constraint];
            }
        } else if constraint < self.rows + self.columns {
            vector[constraint - self.rows] += factor;
        } else {
            vector[constraint - self.rows - self.columns] -= factor;
        }
    }

    /// The constraint with the largest excess over its right-hand side, the first among equals.
    fn most_violated(&self, z: &[f64], working: &[usize]) -> Option<usize> {
        let mut activity = vec![0.0; self.rows];
        for (j, &value) in z.iter().enumerate() {
            if value != 0.0 {
                let column = &self.by_column[j * self.rows..(j + 1) * self.rows];
                for (total, g) in activity.iter_mut().zip(column) {
                    *total += g * value;
                }
            }
        }
        activity.extend_from_slice(z);
        activity.extend(z.iter().map(|value| -value));
        let mut best = None;
        let mut most = 0.0;
        for (constraint, (value, right)) in activity.iter().zip(&self.right).enumerate() {
            let excess = value - right;
            if excess > most && excess > VIOLATION_MIN * (1.0 + right.abs()) && !working.contains(&constraint)
            {
                most = excess;
                best = Some(constraint);
            }
        }
        best
    }
}

/// The working set, its multipliers, and the L D Lᵀ factor of its Gram matrix (L by rows, unit diagonal).
#[derive(Default)]
struct Working {
    active: Vec<usize>,
    multipliers: Vec<f64>,
    lower: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
}

impl Working {
    fn primal(&self, scaled: &Scaled) -> Vec<f64> {
        let mut z = vec![0.0; scaled.columns];
        for (&constraint, &multiplier) in self.active.iter().zip(&self.multipliers) {
            scaled.add_normal(constraint, -multiplier, &mut z);
        }
        z
    }

    /// Bring one violated constraint into the working set; multipliers of a Farkas proof if none can leave.
    fn admit(&mut self, scaled: &Scaled, entering: usize, mut z: Vec<f64>) -> Option<Vec<(usize, f64)>> {
        let normal = scaled.normal(entering);
        let mut gained = 0.0;
        loop {
            let gram: Vec<f64> = self.active.iter().map(|&c| scaled.dot(c, &normal)).collect();
            let partial = self.forward(&gram);
            let ratios = self.backward(&partial);
            let mut direction = normal.clone();
            for (&constraint, &ratio) in self.active.iter().zip(&ratios) {
                scaled.add_normal(constraint, -ratio, &mut direction);
            }
            let mut curvature = 0.0;
            for value in &direction {
                curvature += value * value;
            }
            let blocking = self.blocking(&ratios);
            if curvature <= INDEPENDENCE_MIN && blocking.is_none() {
                return Some(self.farkas(scaled, entering, &ratios));
            }
            let excess = scaled.dot(entering, &z) - scaled.right[entering];
            let full = if curvature > INDEPENDENCE_MIN { excess.max(0.0) / curvature } else { f64::INFINITY };
            let step = blocking.map_or(full, |(_, limit)| limit.min(full));
            for (multiplier, ratio) in self.multipliers.iter_mut().zip(&ratios) {
                *multiplier = (*multiplier - step * ratio).max(0.0);
            }
            gained += step;
            match blocking {
                Some((leaving, limit)) if limit < full => self.remove(leaving),
                _ => {
                    self.append(entering, gained, partial, curvature);
                    return None;
                }
            }
            for (value, d) in z.iter_mut().zip(&direction) {
                *value -= step * d;
            }
        }
    }

    fn blocking(&self, ratios: &[f64]) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (index, (&multiplier, &ratio)) in self.multipliers.iter().zip(ratios).enumerate() {
            if ratio > 1e-12 {
                let limit = multiplier / ratio;
                if best.is_none_or(|(_, least)| limit < least) {
                    best = Some((index, limit));
                }
            }
        }
        best
    }

    fn farkas(&self, scaled: &Scaled, entering: usize, ratios: &[f64]) -> Vec<(usize, f64)> {
        let pairs = self.active.iter().copied().zip(ratios.iter().map(|ratio| -ratio));
        pairs
            .chain(std::iter::once((entering, 1.0)))
            .filter(|&(constraint, value)| constraint < scaled.rows && value > 0.0)
            .map(|(row, value)| (row, value / scaled.norms[row]))
            .collect()
    }

    /// Solve L D y = right for D y, kept as the new row of L times D.
    fn forward(&self, right: &[f64]) -> Vec<f64> {
        let mut solved = right.to_vec();
        for i in 0..solved.len() {
            let mut value = solved[i];
            for (j, l) in self.lower[i].iter().enumerate() {
                value -= l * solved[j];
            }
            solved[i] = value;
        }
        solved
    }

    fn backward(&self, partial: &[f64]) -> Vec<f64> {
        let mut solved: Vec<f64> = partial.iter().zip(&self.diagonal).map(|(p, d)| p / d).collect();
        for i in (0..solved.len()).rev() {
            for j in 0..i {
                solved[j] -= self.lower[i][j] * solved[i];
            }
        }
        solved
    }

    fn append(&mut self, constraint: usize, multiplier: f64, partial: Vec<f64>, curvature: f64) {
        self.lower.push(partial.iter().zip(&self.diagonal).map(|(p, d)| p / d).collect());
        self.diagonal.push(curvature);
        self.active.push(constraint);
        self.multipliers.push(multiplier);
    }

    /// Delete one member: the factor below it absorbs the deleted column as a rank-one update.
    fn remove(&mut self, index: usize) {
        let size = self.active.len();
        let mut alpha = self.diagonal.remove(index);
        self.lower.remove(index);
        let mut update: Vec<f64> =
            self.lower[index..size - 1].iter_mut().map(|row| row.remove(index)).collect();
        for j in 0..update.len() {
            let p = update[j];
            let old = self.diagonal[index + j];
            let new = old + alpha * p * p;
            let beta = alpha * p / new;
            alpha *= old / new;
            self.diagonal[index + j] = new;
            for (k, value) in update.iter_mut().enumerate().skip(j + 1) {
                let l = &mut self.lower[index + k][index + j];
                *value -= p * *l;
                *l += beta * *value;
            }
        }
        self.active.remove(index);
        self.multipliers.remove(index);
    }
}
