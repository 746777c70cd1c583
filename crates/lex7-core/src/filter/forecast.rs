//! Exact forecasts: joint means and covariances of the signal at several future times.
use super::run::{Clockwork, check_inputs, check_times, continued};
use super::step::{apply, dot, predict};
use super::transition::observe;
use super::{Belief, FilterError, Model, refuse};

/// Rows of a forecast; the covariance grows with the square.
const ROWS_MAX: usize = 20_000;

/// Joint Gaussian moments of the signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// (n,)
    pub mean: Vec<f64>,
    /// (n, n) row-major.
    pub cov: Vec<f64>,
}

/// Forecast the signal hᵀx at each time, with the covariances between times.
///
/// Cov(s_i, s_j) = h_jᵀ Φ(j, i) P_i h_i for j ≥ i. `chosen` leaves components out of the signal by index.
pub fn forecast(
    model: &Model,
    belief: &Belief,
    times_ns: &[i64],
    inputs: (&[f64], usize),
    chosen: Option<&[bool]>,
) -> Result<Forecast, FilterError> {
    check_times(times_ns)?;
    let rows = times_ns.len();
    if rows > ROWS_MAX {
        return Err(refuse("times_ns", "at most 20000 times", rows));
    }
    check_inputs(model, inputs.0, inputs.1, rows)?;
    if chosen.is_some_and(|mask| mask.len() != model.components.len()) {
        return Err(refuse("components", "one choice per component", chosen.map_or(0, <[bool]>::len)));
    }
    let mut state = continued(model, belief, times_ns.first().copied())?;
    if state.diffuse_count() > 0 {
        return Err(FilterError::Diffuse { left: state.diffuse_count() });
    }
    let states = state.states();
    let mut clockwork = Clockwork::new();
    let mut mean = Vec::with_capacity(rows);
    let mut cov = vec![0.0; rows * rows];
    let mut row = vec![0.0; states];
    // One column per earlier time: Φ(now, i) P_i h_i, carried along.
    let mut carried: Vec<f64> = Vec::with_capacity(rows * states);
    for (at, &time_ns) in times_ns.iter().enumerate() {
        if time_ns != state.time_ns {
            clockwork.wind(model, state.time_ns, time_ns);
            predict(&mut state, &clockwork.cells, states);
            carried.chunks_exact_mut(states).for_each(|column| apply(column, &clockwork.cells));
            state.time_ns = time_ns;
        }
        observe(model, time_ns, &inputs.0[at * inputs.1..(at + 1) * inputs.1], chosen, &mut row);
        mean.push(dot(&row, &state.mean));
        carried.extend(state.cov.chunks_exact(states).map(|line| dot(line, &row)));
        for (earlier, column) in carried.chunks_exact(states).enumerate() {
            let value = dot(column, &row);
            cov[at * rows + earlier] = value;
            cov[earlier * rows + at] = value;
        }
        if !(mean[at].is_finite() && cov[at * rows + at].is_finite()) {
            return Err(FilterError::Diverged { row: at });
        }
    }
    Ok(Forecast { mean, cov })
}

/// Return the moments of linear combinations: C m and C V Cᵀ for `rows` × n coefficients.
pub fn combine(coefficients: &[f64], given: &Forecast) -> Result<Forecast, FilterError> {
    let width = given.mean.len();
    if width == 0 || !coefficients.len().is_multiple_of(width) || given.cov.len() != width * width {
        return Err(refuse("coefficients", &format!("rows of {width} numbers"), coefficients.len()));
    }
    if coefficients.iter().chain(&given.mean).chain(&given.cov).any(|value| !value.is_finite()) {
        return Err(refuse("coefficients", "finite numbers", "NaN or infinity"));
    }
    let rows = coefficients.len() / width;
    let mean = coefficients.chunks_exact(width).map(|line| dot(line, &given.mean)).collect();
    let mut cov = vec![0.0; rows * rows];
    let mut through = vec![0.0; width];
    for (i, line) in coefficients.chunks_exact(width).enumerate() {
        through.fill(0.0);
        for (coefficient, row) in line.iter().zip(given.cov.chunks_exact(width)) {
            // Windows are mostly zeros: a zero adds nothing.
            if *coefficient != 0.0 {
                through.iter_mut().zip(row).for_each(|(sum, value)| *sum += coefficient * value);
            }
        }
        for (j, other) in coefficients.chunks_exact(width).enumerate().take(i + 1) {
            let value = dot(&through, other);
            cov[i * rows + j] = value;
            cov[j * rows + i] = value;
        }
    }
    let out = Forecast { mean, cov };
    match out.mean.iter().chain(&out.cov).all(|value| value.is_finite()) {
        true => Ok(out),
        false => Err(refuse("coefficients", "small enough that sums stay finite", "an overflow")),
    }
}
