//! The least number at which a condition starts to hold, by a fixed number of steps.

const BISECTIONS: usize = 30;
const SECANT_STEPS: usize = 8;
const SECANT_ENOUGH: f64 = 1e-9;
const STEP_UP: f64 = 1e-9;

/// The least x with `missing(x)` ≤ `allowed`, for a falling function; `high` is known to be enough.
///
/// Secant steps on the logarithm, which is nearly straight, then one step of 1e-9 up; where that is not
/// enough, 30 bisections.
pub fn least(low: f64, high: f64, allowed: f64, missing: impl Fn(f64) -> f64) -> f64 {
    let at_low = missing(low);
    if at_low <= allowed {
        return low;
    }
    let excess = |value: f64| libm::log(value.max(f64::MIN_POSITIVE)) - libm::log(allowed);
    let (mut left, mut right) = ((low, excess(at_low)), (high, excess(missing(high))));
    for _ in 0..SECANT_STEPS {
        let slope = (right.1 - left.1) / (right.0 - left.0);
        if slope.is_nan() || slope >= 0.0 || right.1.abs() < SECANT_ENOUGH {
            break;
        }
        let next = (right.0 - right.1 / slope).clamp(low, high);
        (left, right) = (right, (next, excess(missing(next))));
    }
    let found = right.0 + STEP_UP;
    if found <= high && right.1.abs() < SECANT_ENOUGH && missing(found) <= allowed {
        return found;
    }
    bisect(low, high, |x| missing(x) <= allowed)
}

/// The upper end of 30 bisections for the least x that reaches; `high` is known to.
pub fn bisect(low: f64, high: f64, reaches: impl Fn(f64) -> bool) -> f64 {
    if reaches(low) {
        return low;
    }
    let (mut low, mut high) = (low, high);
    for _ in 0..BISECTIONS {
        let middle = low + (high - low) / 2.0;
        if reaches(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_threshold_is_found_to_one_step() {
        let found = least(0.0, 10.0, 0.01, |x| libm::exp(-x));
        let exact = libm::log(100.0);
        assert!(found >= exact && found <= exact + 1e-8);
    }

    #[test]
    fn a_broken_threshold_falls_back_to_bisection() {
        let found = least(0.0, 8.0, 0.5, |x| if x < 3.0 { 1.0 } else { 0.0 });
        assert!((3.0..3.0 + 1e-8).contains(&found));
    }

    #[test]
    fn what_holds_from_the_start_needs_no_search() {
        assert_eq!(least(1.0, 8.0, 0.5, |_| 0.1), 1.0);
        assert_eq!(bisect(1.0, 8.0, |_| true), 1.0);
    }
}
