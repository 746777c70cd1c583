//! The integer problem and its limits.

/// Largest magnitude of a coefficient; 2^20 is one unit of a row, so rows stay well below.
pub(super) const COEFFICIENT_MAX: i64 = 1 << 31;
/// Largest magnitude of a right-hand side; beyond the largest row activity, so nothing is lost by clamping.
pub(super) const BOUND_MAX: i64 = 1 << 45;
/// Largest exponent of a column's unit, so that steps fit 63 bits.
pub(super) const EXPONENT_MAX: u32 = 50;
/// Largest ease of a column.
pub(super) const EASE_MAX: i64 = 1 << 24;
/// Largest number of columns, so that sums over a row fit 128 bits.
pub(super) const COLUMNS_MAX: usize = 1 << 10;

/// Why a problem is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadProblem(pub String);

/// `min ½ Σ (x_j / ease_j)²` subject to `A x ≤ b` and `lo_j ≤ 2^exponent_j x_j ≤ hi_j`.
///
/// Constraints are numbered: rows first, then the upper bound of each column, then the lower bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Row-major coefficients.
    pub coefficients: Vec<i64>,
    /// Right-hand sides.
    pub bounds: Vec<i64>,
    /// Smallest number of steps of each column.
    pub lo: Vec<i64>,
    /// Largest number of steps of each column.
    pub hi: Vec<i64>,
    /// A step of column j is 2^-exponent_j of its unit.
    pub exponents: Vec<u32>,
    /// How easily a column moves: the inverse of its weight.
    pub eases: Vec<i64>,
}

impl Problem {
    /// Check sizes and limits.
    ///
    /// # Errors
    /// A sentence that names the first column or row that is outside the limits.
    pub fn check(self) -> Result<Self, BadProblem> {
        let refuse = |text: String| Err(BadProblem(text));
        let (rows, columns) = (self.rows, self.columns);
        if columns > COLUMNS_MAX {
            return refuse(format!("expected at most {COLUMNS_MAX} columns, got {columns}"));
        }
        if self.coefficients.len() != rows * columns
            || self.bounds.len() != rows
            || [self.lo.len(), self.hi.len(), self.exponents.len(), self.eases.len()] != [columns; 4]
        {
            return refuse("expected arrays of the problem's size".to_string());
        }
        for j in 0..columns {
            let (lo, hi, exponent, ease) = (self.lo[j], self.hi[j], self.exponents[j], self.eases[j]);
            let limit = 1i64 << exponent.min(EXPONENT_MAX);
            if lo > hi || exponent > EXPONENT_MAX || !(1..=EASE_MAX).contains(&ease) {
                return refuse(format!("column {j} has lo {lo}, hi {hi}, exponent {exponent}, ease {ease}"));
            }
            if lo < -limit || hi > limit {
                return refuse(format!("column {j} has bounds beyond 2^{exponent} steps"));
            }
        }
        if let Some(at) = self.coefficients.iter().position(|a| a.unsigned_abs() > COEFFICIENT_MAX as u64) {
            return refuse(format!("row {} has a coefficient beyond 2^31", at / columns));
        }
        if let Some(at) = self.bounds.iter().position(|b| b.unsigned_abs() > BOUND_MAX as u64) {
            return refuse(format!("row {at} has a bound beyond 2^45"));
        }
        Ok(self)
    }

    /// The coefficients of one row.
    pub fn row(&self, index: usize) -> &[i64] {
        &self.coefficients[index * self.columns..(index + 1) * self.columns]
    }

    /// The same problem with only some of its rows, in the order given.
    pub fn with_rows(&self, kept: &[usize]) -> Self {
        let mut coefficients = Vec::with_capacity(kept.len() * self.columns);
        for &row in kept {
            coefficients.extend_from_slice(self.row(row));
        }
        Self {
            rows: kept.len(),
            coefficients,
            bounds: kept.iter().map(|&row| self.bounds[row]).collect(),
            ..self.clone_columns()
        }
    }

    /// The largest exponent of any column.
    pub(super) fn exponent_max(&self) -> u32 {
        self.exponents.iter().copied().max().unwrap_or(0)
    }

    fn clone_columns(&self) -> Self {
        Self {
            rows: 0,
            columns: self.columns,
            coefficients: Vec::new(),
            bounds: Vec::new(),
            lo: self.lo.clone(),
            hi: self.hi.clone(),
            exponents: self.exponents.clone(),
            eases: self.eases.clone(),
        }
    }
}
