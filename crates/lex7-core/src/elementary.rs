//! Logarithms and log-normal moments, with the same bits on every machine.

/// Why moments were not computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementaryError {
    /// The covariance is not square or does not fit the mean.
    Shape,
    /// A number is, or becomes, infinite or not a number.
    NotFinite,
}

/// Natural logarithms, element by element.
///
/// # Errors
/// A value is not positive and finite.
pub fn logarithms(values: &[f64]) -> Result<Vec<f64>, ElementaryError> {
    let is_fit = |value: &f64| *value > 0.0 && value.is_finite();
    if !values.iter().all(is_fit) {
        return Err(ElementaryError::NotFinite);
    }
    Ok(values.iter().map(|&value| libm::log(value)).collect())
}

/// Mean and covariance of exp(x) for jointly Gaussian x: E = exp(m + c/2), Cov_ij = E_i E_j (exp(C_ij) − 1).
///
/// `cov` is row by row; so is the result (Aitchison & Brown 1957, §2.3).
///
/// # Errors
/// Shapes do not fit, or a result is not finite.
pub fn log_normal(mean: &[f64], cov: &[f64]) -> Result<(Vec<f64>, Vec<f64>), ElementaryError> {
    let size = mean.len();
    if cov.len() != size * size {
        return Err(ElementaryError::Shape);
    }
    let centre: Vec<f64> = (0..size).map(|at| libm::exp(mean[at] + 0.5 * cov[at * size + at])).collect();
    let mut spread = Vec::with_capacity(cov.len());
    for row in 0..size {
        spread.extend((0..size).map(|at| centre[row] * centre[at] * libm::expm1(cov[row * size + at])));
    }
    if centre.iter().chain(&spread).all(|value| value.is_finite()) {
        Ok((centre, spread))
    } else {
        Err(ElementaryError::NotFinite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certain_exponent_has_no_spread() {
        let (mean, cov) = log_normal(&[libm::log(3.0), 0.0], &[0.0; 4]).unwrap();
        assert!((mean[0] - 3.0).abs() < 1e-14 && mean[1] == 1.0);
        assert_eq!(cov, [0.0; 4]);
    }

    #[test]
    fn moments_of_one_variable_are_the_textbook_ones() {
        let (mean, cov) = log_normal(&[1.0], &[0.25]).unwrap();
        assert!((mean[0] - libm::exp(1.125)).abs() < 1e-14);
        assert!((cov[0] - libm::exp(2.25) * (libm::exp(0.25) - 1.0)).abs() < 1e-13);
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert_eq!(logarithms(&[1.0, 0.0]), Err(ElementaryError::NotFinite));
        assert_eq!(logarithms(&[f64::NAN]), Err(ElementaryError::NotFinite));
        assert_eq!(log_normal(&[1.0], &[]), Err(ElementaryError::Shape));
        assert_eq!(log_normal(&[1e4], &[1.0]), Err(ElementaryError::NotFinite));
    }
}
