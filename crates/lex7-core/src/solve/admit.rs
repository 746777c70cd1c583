//! One step of the dual method: a violated constraint joins, and those in its way leave.
use super::exact::Side;
use super::gram;
use super::problem::Problem;
use super::ratio::Ratio;
use super::working::Working;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};
use std::cmp::Ordering;

/// The constraint that joins: its sparse normal over columns, its number and its growing multiplier.
pub(super) struct Entering {
    pub(super) constraint: usize,
    pub(super) normal: Vec<i128>,
}

impl Entering {
    pub(super) fn new(problem: &Problem, constraint: usize) -> Self {
        let mut normal = vec![0i128; problem.columns];
        if constraint < problem.rows {
            for (value, &a) in normal.iter_mut().zip(problem.row(constraint)) {
                *value = i128::from(a);
            }
        } else {
            let column = (constraint - problem.rows) % problem.columns;
            let unit = 1i128 << problem.exponents[column];
            normal[column] = if constraint < problem.rows + problem.columns { unit } else { -unit };
        }
        Self { constraint, normal }
    }
}

impl Working<'_> {
    /// Bring one violated constraint in; the rows of a Farkas proof if nothing can make room.
    pub(super) fn admit(&mut self, entering: Entering) -> Result<(), Vec<(usize, BigInt)>> {
        let mut gained = BigInt::zero();
        loop {
            let direction = self.direction(&entering);
            let excess = self.excess(&entering, &gained);
            let blocking = self.blocking(&entering, &gained, &direction);
            let full = (!direction.curvature.is_zero()).then(|| excess.over(&direction.curvature));
            let (step, leaving) = match (full, blocking) {
                (None, None) => return Err(self.farkas(&entering, &direction)),
                (Some(full), None) => (full, None),
                (None, Some((limit, leaving))) => (limit, Some(leaving)),
                (Some(full), Some((limit, leaving))) => match limit.compare(&full) {
                    Ordering::Less => (limit, Some(leaving)),
                    _ => (full, None),
                },
            };
            gained = self.advance(&direction, &step, gained);
            match leaving {
                Some(Leaving::Row(index)) => {
                    self.rows.remove(index);
                    self.numerators.remove(index);
                }
                Some(Leaving::Column(column)) => self.sides[column] = Side::Free,
                None => {
                    self.join(&entering, gained);
                    return Ok(());
                }
            }
        }
    }

    fn join(&mut self, entering: &Entering, gained: BigInt) {
        let (rows, columns) = (self.problem.rows, self.problem.columns);
        if entering.constraint < rows {
            self.rows.push(entering.constraint);
            self.numerators.push(gained);
        } else if entering.constraint < rows + columns {
            self.sides[entering.constraint - rows] = Side::High;
        } else {
            self.sides[entering.constraint - rows - columns] = Side::Low;
        }
    }

    /// How the multipliers must change, per unit of the entering one, to keep the working set tight.
    fn direction(&self, entering: &Entering) -> Direction {
        let problem = self.problem;
        let square = |j: usize| BigInt::from(problem.eases[j]) * problem.eases[j];
        let is_free = |j: &usize| self.sides[*j] == Side::Free && entering.normal[*j] != 0;
        let free: Vec<usize> = (0..problem.columns).filter(is_free).collect();
        let right = self
            .rows
            .iter()
            .map(|&row| {
                let term = |&j: &usize| square(j) * problem.row(row)[j] * entering.normal[j];
                free.iter().map(term).sum::<BigInt>()
            })
            .collect();
        let solution =
            gram::solve(self.gram(), right).expect("the rows of a settled working set are independent");
        let mut residual: Vec<BigInt> =
            entering.normal.iter().map(|&value| &solution.determinant * value).collect();
        for (&row, ratio) in self.rows.iter().zip(&solution.numerators) {
            for (value, &a) in residual.iter_mut().zip(problem.row(row)) {
                if a != 0 {
                    *value -= ratio * a;
                }
            }
        }
        let curvature = free.iter().map(|&j| square(j) * entering.normal[j] * &residual[j]).sum::<BigInt>();
        Direction {
            curvature: Ratio::new(curvature, solution.determinant.clone()),
            ratios: solution.numerators,
            residual,
            determinant: solution.determinant,
        }
    }

    fn excess(&self, entering: &Entering, gained: &BigInt) -> Ratio {
        let point = self.point(Some((entering, gained)));
        let (rows, columns) = (self.problem.rows, self.problem.columns);
        if entering.constraint < rows {
            return point.excess(self.problem, entering.constraint);
        }
        let column = (entering.constraint - rows) % columns;
        let x = &point.coordinates[column];
        let scaled = Ratio::new(&x.num << self.problem.exponents[column], x.den.clone());
        if entering.constraint < rows + columns {
            scaled.minus(&Ratio::whole(BigInt::from(self.problem.hi[column])))
        } else {
            Ratio::whole(BigInt::from(self.problem.lo[column])).minus(&scaled)
        }
    }

    /// The first multiplier that reaches zero along the direction, rows before columns among equals.
    fn blocking(
        &self,
        entering: &Entering,
        gained: &BigInt,
        direction: &Direction,
    ) -> Option<(Ratio, Leaving)> {
        let mut best: Option<(Ratio, Leaving)> = None;
        let mut consider = |limit: Ratio, leaving: Leaving| {
            if best.as_ref().is_none_or(|(least, _)| limit.compare(least) == Ordering::Less) {
                best = Some((limit, leaving));
            }
        };
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_unstable_by_key(|&index| self.rows[index]);
        for index in order {
            let ratio = &direction.ratios[index];
            if ratio.is_positive() {
                let limit =
                    Ratio::new(&self.numerators[index] * &direction.determinant, &self.denominator * ratio);
                consider(limit, Leaving::Row(index));
            }
        }
        for column in 0..self.problem.columns {
            let residual = &direction.residual[column];
            let falls = match self.sides[column] {
                Side::Free => false,
                Side::High => residual.is_positive(),
                Side::Low => residual.is_negative(),
            };
            if falls {
                let rate = Ratio::new(residual.abs(), direction.determinant.clone());
                let multiplier = self.side_multiplier(column, Some((entering, gained)));
                consider(multiplier.over(&rate), Leaving::Column(column));
            }
        }
        best
    }

    /// Move all multipliers by one step; returns the entering multiplier over the new denominator.
    fn advance(&mut self, direction: &Direction, step: &Ratio, gained: BigInt) -> BigInt {
        let widened = &step.den * &direction.determinant;
        for (value, ratio) in self.numerators.iter_mut().zip(&direction.ratios) {
            *value = &*value * &widened - &self.denominator * &step.num * ratio;
        }
        let mut grown = gained * &widened + &self.denominator * &step.num * &direction.determinant;
        self.denominator = &self.denominator * widened;
        let mut shared = self.denominator.gcd(&grown);
        for value in &self.numerators {
            shared = shared.gcd(value);
        }
        for value in &mut self.numerators {
            *value /= &shared;
        }
        grown /= &shared;
        self.denominator /= &shared;
        grown
    }

    fn farkas(&self, entering: &Entering, direction: &Direction) -> Vec<(usize, BigInt)> {
        let mut found: Vec<(usize, BigInt)> =
            self.rows.iter().copied().zip(direction.ratios.iter().map(|ratio| -ratio)).collect();
        if entering.constraint < self.problem.rows {
            found.push((entering.constraint, direction.determinant.clone()));
        }
        found.retain(|(_, value)| !value.is_zero());
        found.sort_unstable_by_key(|(row, _)| *row);
        let shared = found.iter().fold(BigInt::zero(), |shared, (_, value)| shared.gcd(value));
        for (_, value) in &mut found {
            *value /= &shared;
        }
        found
    }
}

enum Leaving {
    Row(usize),
    Column(usize),
}

/// Changes of the working set's multipliers, over one determinant.
struct Direction {
    ratios: Vec<BigInt>,
    residual: Vec<BigInt>,
    determinant: BigInt,
    curvature: Ratio,
}
