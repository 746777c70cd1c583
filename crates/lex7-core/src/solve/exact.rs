//! The dual active-set method of Goldfarb & Idnani (1983) in integers of any size, started from a proposal.
//!
//! A working set holds rows and columns fixed at a bound. Fixed columns are eliminated, so the systems solved
//! have one unknown per working row. The proposal is first settled: dependent rows and rows with negative
//! multipliers leave until the working set is optimal for itself. From there every step raises the dual
//! objective, so the method ends at the optimum or at a proof that there is none.
use super::box_bound;
use super::canonical::Optimum;
use super::dual_active_set::Proposal;
use super::gram;
use super::point::Point;
use super::problem::Problem;
use super::ratio::Ratio;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// The proven answer to a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The optimum with canonical multipliers.
    Optimal(Optimum),
    /// Rows with positive integer multipliers that no point of the box satisfies together.
    Infeasible(Vec<(usize, BigInt)>),
}

/// Which violated constraint joins the working set next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The one with the largest scaled excess.
    Steepest,
    /// The first in order; makes the path, and so the multipliers, a function of the order alone.
    First,
}

/// Where a column stands in the working set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Free,
    Low,
    High,
}

/// A working set that is optimal for the whole problem.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) rows: Vec<usize>,
    pub(super) sides: Vec<Side>,
    pub(super) multipliers: Vec<BigInt>,
    pub(super) denominator: BigInt,
    pub(super) point: Point,
}

/// What the method found.
#[derive(Debug)]
pub(super) enum Found {
    Optimum(Settled),
    Infeasible(Vec<(usize, BigInt)>),
}

/// Find the exact optimum or an exact proof that there is none.
pub(super) fn improve(problem: &Problem, proposal: &Proposal, pick: Pick) -> Found {
    if let Some(farkas) = proposal.farkas.as_deref().and_then(|found| box_bound::from_floats(problem, found))
    {
        return Found::Infeasible(farkas);
    }
    let mut working = Working::settle(problem, &proposal.active);
    loop {
        let point = working.point(None);
        let Some(entering) = violated(problem, &point, pick) else {
            return Found::Optimum(Settled {
                rows: working.rows,
                sides: working.sides,
                multipliers: working.numerators,
                denominator: working.denominator,
                point,
            });
        };
        if let Err(farkas) = working.admit(Entering::new(problem, entering)) {
            debug_assert!(box_bound::proves_infeasible(problem, &farkas), "the dual ray is a proof");
            return Found::Infeasible(farkas);
        }
    }
}

fn violated(problem: &Problem, point: &Point, pick: Pick) -> Option<usize> {
    let (rows, columns) = (problem.rows, problem.columns);
    let mut best = None;
    let mut most = f64::NEG_INFINITY;
    for constraint in 0..rows + 2 * columns {
        let is_violated = if constraint < rows {
            point.compare_row(problem, constraint) == Ordering::Greater
        } else if constraint < rows + columns {
            let column = constraint - rows;
            point.compare_steps(problem, column, problem.hi[column]) == Ordering::Greater
        } else {
            let column = constraint - rows - columns;
            point.compare_steps(problem, column, problem.lo[column]) == Ordering::Less
        };
        if is_violated {
            if pick == Pick::First {
                return Some(constraint);
            }
            // Bounds first: they are cheap and make the systems smaller.
            let score = if constraint >= rows { f64::MAX } else { row_score(problem, point, constraint) };
            if score > most {
                most = score;
                best = Some(constraint);
            }
        }
    }
    best
}

fn row_score(problem: &Problem, point: &Point, row: usize) -> f64 {
    let mut norm = 0.0;
    for (&a, &ease) in problem.row(row).iter().zip(&problem.eases) {
        let g = a as f64 * ease as f64;
        norm += g * g;
    }
    point.excess_estimate(problem, row).unwrap_or(0.0) / libm::sqrt(norm.max(1.0))
}

/// The constraint that joins: its sparse normal over columns, its number and its growing multiplier.
struct Entering {
    constraint: usize,
    normal: Vec<i128>,
}

impl Entering {
    fn new(problem: &Problem, constraint: usize) -> Self {
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

/// Rows and fixed columns with row multipliers `numerators / denominator`.
struct Working<'a> {
    problem: &'a Problem,
    rows: Vec<usize>,
    sides: Vec<Side>,
    numerators: Vec<BigInt>,
    denominator: BigInt,
}

impl<'a> Working<'a> {
    /// Make a proposal optimal for itself: drop what is dependent or has a negative multiplier.
    fn settle(problem: &'a Problem, active: &[usize]) -> Self {
        let mut sides = vec![Side::Free; problem.columns];
        let mut rows: Vec<usize> = active.iter().copied().filter(|&c| c < problem.rows).collect();
        rows.sort_unstable();
        rows.dedup();
        for &constraint in active {
            if (problem.rows..problem.rows + problem.columns).contains(&constraint) {
                sides[constraint - problem.rows] = Side::High;
            } else if (problem.rows + problem.columns..problem.rows + 2 * problem.columns)
                .contains(&constraint)
            {
                sides[constraint - problem.rows - problem.columns] = Side::Low;
            }
        }
        let mut working = Self { problem, rows, sides, numerators: Vec::new(), denominator: BigInt::one() };
        while !working.solve_and_drop() {}
        working
    }

    /// Solve for the multipliers of the working set; answer whether nothing had to leave.
    fn solve_and_drop(&mut self) -> bool {
        let right = self.rows.iter().map(|&row| self.fixed_excess(row)).collect();
        match gram::solve(self.gram(), right) {
            Err(dependent) => {
                self.rows.remove(dependent);
                return false;
            }
            Ok(solution) => {
                self.numerators = solution.numerators;
                self.denominator = solution.determinant << self.problem.exponent_max();
            }
        }
        let columns_before = self.sides.iter().filter(|&&side| side != Side::Free).count();
        for column in 0..self.problem.columns {
            if self.sides[column] != Side::Free && self.side_multiplier(column, None).is_negative() {
                self.sides[column] = Side::Free;
            }
        }
        let rows_before = self.rows.len();
        let signs: Vec<bool> = self.numerators.iter().map(|value| !value.is_negative()).collect();
        let mut kept = signs.iter();
        self.rows.retain(|_| *kept.next().unwrap_or(&false));
        let columns_after = self.sides.iter().filter(|&&side| side != Side::Free).count();
        rows_before == self.rows.len() && columns_before == columns_after
    }

    fn gram(&self) -> Vec<Vec<BigInt>> {
        let problem = self.problem;
        let size = self.rows.len();
        let free: Vec<usize> = (0..problem.columns).filter(|&j| self.sides[j] == Side::Free).collect();
        let upper_row = |i: usize| {
            let own = problem.row(self.rows[i]);
            let weighted: Vec<(usize, i128)> = free
                .iter()
                .map(|&j| {
                    let ease = i128::from(problem.eases[j]);
                    (j, i128::from(own[j]) * ease * ease)
                })
                .collect();
            let mut entries = vec![BigInt::zero(); i];
            for &other in &self.rows[i..] {
                let other = problem.row(other);
                let mut total = 0i128;
                for &(j, value) in &weighted {
                    total += value * i128::from(other[j]);
                }
                entries.push(BigInt::from(total));
            }
            entries
        };
        (0..size).map(upper_row).collect()
    }

    /// The excess of a row at the fixed columns alone, over 2^exponent_max.
    fn fixed_excess(&self, row: usize) -> BigInt {
        let exponent = self.problem.exponent_max();
        let mut total = -(i128::from(self.problem.bounds[row]) << exponent);
        for (column, &a) in self.problem.row(row).iter().enumerate() {
            if let Some(steps) = self.fixed_steps(column) {
                total += (i128::from(a) * i128::from(steps)) << (exponent - self.problem.exponents[column]);
            }
        }
        BigInt::from(total)
    }

    fn fixed_steps(&self, column: usize) -> Option<i64> {
        match self.sides[column] {
            Side::Free => None,
            Side::Low => Some(self.problem.lo[column]),
            Side::High => Some(self.problem.hi[column]),
        }
    }

    /// (Aᵀλ) of one column over the shared denominator, with the entering constraint's share.
    fn pull(&self, column: usize, entering: Option<(&Entering, &BigInt)>) -> BigInt {
        let mut total = BigInt::zero();
        for (&row, value) in self.rows.iter().zip(&self.numerators) {
            let a = self.problem.row(row)[column];
            if a != 0 {
                total += value * a;
            }
        }
        if let Some((entering, gained)) = entering {
            total += gained * entering.normal[column];
        }
        total
    }

    /// x / ease² + (Aᵀλ) of a fixed column, signed so that an optimal bound has it positive or zero.
    fn side_multiplier(&self, column: usize, entering: Option<(&Entering, &BigInt)>) -> Ratio {
        let steps = self.fixed_steps(column).unwrap_or(0);
        let square = BigInt::from(self.problem.eases[column]) * self.problem.eases[column];
        let slope = Ratio::new(BigInt::from(steps), square << self.problem.exponents[column]);
        let total = slope.plus(&Ratio::new(self.pull(column, entering), self.denominator.clone()));
        if self.sides[column] == Side::High { total.negated() } else { total }
    }

    fn point(&self, entering: Option<(&Entering, &BigInt)>) -> Point {
        let coordinate = |column: usize| match self.fixed_steps(column) {
            Some(steps) => {
                Ratio { num: BigInt::from(steps), den: BigInt::one() << self.problem.exponents[column] }
            }
            None => {
                let square = BigInt::from(self.problem.eases[column]) * self.problem.eases[column];
                Ratio { num: -self.pull(column, entering) * square, den: self.denominator.clone() }
            }
        };
        Point::new((0..self.problem.columns).map(coordinate).collect())
    }

    /// Bring one violated constraint in; the rows of a Farkas proof if nothing can make room.
    fn admit(&mut self, entering: Entering) -> Result<(), Vec<(usize, BigInt)>> {
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
