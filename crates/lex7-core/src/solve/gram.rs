//! Fraction-free solution of symmetric positive semi-definite integer systems (Bareiss 1968).
use num_bigint::BigInt;
use num_traits::{One, Zero};

/// The solution of `M y = r` as integers over the determinant of M.
#[derive(Debug)]
pub(super) struct Solution {
    pub(super) numerators: Vec<BigInt>,
    pub(super) determinant: BigInt,
}

/// Solve `M y = r` for a Gram matrix, of which the upper triangle is read.
///
/// A Gram matrix needs no pivoting: its leading minors are positive until a row depends on those before it.
///
/// # Errors
/// The index of the first row that depends on the rows before it.
pub(super) fn solve(mut matrix: Vec<Vec<BigInt>>, mut right: Vec<BigInt>) -> Result<Solution, usize> {
    let size = right.len();
    let mut previous = BigInt::one();
    for step in 0..size {
        if matrix[step][step].is_zero() {
            return Err(step);
        }
        let (above, below) = matrix.split_at_mut(step + 1);
        let pivots = &above[step];
        let pivot = &pivots[step];
        for (offset, row) in below.iter_mut().enumerate() {
            let i = step + 1 + offset;
            let factor = &pivots[i];
            for j in i..size {
                row[j] = (pivot * &row[j] - factor * &pivots[j]) / &previous;
            }
            right[i] = (pivot * &right[i] - factor * &right[step]) / &previous;
        }
        previous = pivot.clone();
    }
    let determinant = previous;
    let mut numerators = vec![BigInt::zero(); size];
    for i in (0..size).rev() {
        let mut total = &determinant * &right[i];
        for j in i + 1..size {
            total -= &matrix[i][j] * &numerators[j];
        }
        numerators[i] = total / &matrix[i][i];
    }
    Ok(Solution { numerators, determinant })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(values: &[i64]) -> Vec<BigInt> {
        values.iter().map(|&value| BigInt::from(value)).collect()
    }

    #[test]
    fn a_system_is_solved_over_its_determinant() {
        // [[2, 1], [1, 3]] y = [1, 2]: det 5, y = (1/5, 3/5).
        let solution = solve(vec![integers(&[2, 1]), integers(&[1, 3])], integers(&[1, 2])).unwrap();
        assert_eq!(solution.determinant, BigInt::from(5));
        assert_eq!(solution.numerators, integers(&[1, 3]));
    }

    #[test]
    fn a_dependent_row_is_named() {
        let matrix = vec![integers(&[1, 2, 3]), integers(&[2, 4, 6]), integers(&[3, 6, 10])];
        assert_eq!(solve(matrix, integers(&[1, 1, 1])).unwrap_err(), 1);
    }
}
