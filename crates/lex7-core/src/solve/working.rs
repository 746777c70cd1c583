//! A working set: rows and columns held at a bound, and the multipliers that make it optimal for itself.
use super::admit::Entering;
use super::exact::Side;
use super::gram;
use super::point::Point;
use super::problem::Problem;
use super::ratio::Ratio;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// Rows and fixed columns with row multipliers `numerators / denominator`.
pub(super) struct Working<'a> {
    pub(super) problem: &'a Problem,
    pub(super) rows: Vec<usize>,
    pub(super) sides: Vec<Side>,
    pub(super) numerators: Vec<BigInt>,
    pub(super) denominator: BigInt,
}

impl<'a> Working<'a> {
    /// A working set whose multipliers are not known yet.
    pub(super) fn holding(problem: &'a Problem, rows: Vec<usize>, sides: Vec<Side>) -> Self {
        Self { problem, rows, sides, numerators: Vec::new(), denominator: BigInt::one() }
    }

    /// Answer whether the working rows are independent on the free columns.
    pub(super) fn is_independent(&self) -> bool {
        gram::solve(self.gram(), vec![BigInt::zero(); self.rows.len()]).is_ok()
    }

    /// Make a proposal optimal for itself: drop what is dependent or has a negative multiplier.
    pub(super) fn settle(problem: &'a Problem, active: &[usize]) -> Self {
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
        let mut working = Self::holding(problem, rows, sides);
        while !working.solve_and_drop() {}
        working
    }

    /// Fix every free column that lies outside its bounds and settle again; answer whether there was one.
    pub(super) fn clamp(&mut self) -> bool {
        let point = self.point(None);
        let mut has_clamped = false;
        for column in 0..self.problem.columns {
            if self.sides[column] != Side::Free {
                continue;
            }
            if point.compare_steps(self.problem, column, self.problem.hi[column]) == Ordering::Greater {
                self.sides[column] = Side::High;
                has_clamped = true;
            } else if point.compare_steps(self.problem, column, self.problem.lo[column]) == Ordering::Less {
                self.sides[column] = Side::Low;
                has_clamped = true;
            }
        }
        if has_clamped {
            while !self.solve_and_drop() {}
        }
        has_clamped
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

    pub(super) fn gram(&self) -> Vec<Vec<BigInt>> {
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
    pub(super) fn side_multiplier(&self, column: usize, entering: Option<(&Entering, &BigInt)>) -> Ratio {
        let steps = self.fixed_steps(column).unwrap_or(0);
        let square = BigInt::from(self.problem.eases[column]) * self.problem.eases[column];
        let slope = Ratio::new(BigInt::from(steps), square << self.problem.exponents[column]);
        let total = slope.plus(&Ratio::new(self.pull(column, entering), self.denominator.clone()));
        if self.sides[column] == Side::High { total.negated() } else { total }
    }

    pub(super) fn point(&self, entering: Option<(&Entering, &BigInt)>) -> Point {
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
}
