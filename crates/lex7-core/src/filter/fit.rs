//! Maximum (penalised) likelihood: free standard deviations and decays, searched on logarithms.
use super::optimise::{Bounds, Minimum, hessian, invert, minimise};
use super::run::{Clockwork, Series};
use super::step::{Workspace, begin, predict, update};
use super::transition::{observe, start_of};
use super::{FilterError, Model, refuse};

/// The two best of the given starts are followed to the end.
const STARTS_FOLLOWED: usize = 2;
/// A log-parameter whose vague posterior sd exceeds this is not identified: a factor of ten either way.
const LOG_SD_IDENTIFIED_MAX: f64 = 1.15;
/// Precision added for the test above: a factor of 55 as one standard deviation.
const VAGUE_PRECISION: f64 = 1.0 / 16.0;
const FREE_MAX: usize = 24;

/// One free parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Free {
    /// 0 for the observation sd, else 1 + its place among the parameters of all components in order.
    pub place: usize,
    /// Smallest value, above 0.
    pub lower: f64,
    /// Largest value.
    pub upper: f64,
    /// Median of the log-normal prior.
    pub median: f64,
    /// Two thirds of the prior lie within this factor of the median; infinite for no prior.
    pub factor: f64,
}

impl Free {
    /// Standard deviation of the logarithm; infinite for no prior.
    fn log_sd(&self) -> f64 {
        libm::log(self.factor)
    }
}

/// The outcome of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The free parameters, in their order.
    pub values: Vec<f64>,
    /// Log-likelihood at the optimum, without the priors.
    pub loglik: f64,
    /// The same plus the log-priors up to a constant.
    pub objective: f64,
    /// Standard errors of the logarithms, priors included.
    pub log_sd: Vec<f64>,
    /// Whether the data, without the priors, pin each parameter down.
    pub identified: Vec<bool>,
    /// Whether the search came to rest.
    pub converged: bool,
    /// How often the likelihood was computed.
    pub evaluations: usize,
}

/// Return the scales of a series: of its values and of its steps, by medians.
pub fn scale_of(values: &[f64]) -> (f64, f64) {
    let present: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let steps: Vec<f64> = present.windows(2).map(|pair| pair[1] - pair[0]).collect();
    (spread(present), spread(steps))
}

/// 1.4826 × the median absolute deviation, or the mean one where more than half are equal.
fn spread(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = median(&mut values);
    values.iter_mut().for_each(|value| *value = (*value - middle).abs());
    let typical = 1.4826 * median(&mut values);
    if typical > 0.0 {
        return typical;
    }
    let mut sum = 0.0;
    values.iter().for_each(|value| sum += value);
    sum / values.len() as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { 0.5 * (values[half - 1] + values[half]) }
}

/// Fit the free parameters of a model to a series, from the best of several starts.
pub fn fit(
    model: &Model,
    series: &Series,
    free: &[Free],
    starts: &[Vec<f64>],
) -> Result<Fitted, FilterError> {
    series.check(model)?;
    check_free(model, free, starts)?;
    let lower: Vec<f64> = free.iter().map(|one| libm::log(one.lower)).collect();
    let upper: Vec<f64> = free.iter().map(|one| libm::log(one.upper)).collect();
    let bounds = Bounds { lower: &lower, upper: &upper };
    let mut scratch = model.clone();
    let mut objective = |point: &[f64]| {
        place_values(&mut scratch, free, point);
        loglik(&scratch, series).map_or(f64::INFINITY, |value| penalty(free, point) - value)
    };
    let mut logs: Vec<Vec<f64>> =
        starts.iter().map(|start| start.iter().map(|value| libm::log(*value)).collect()).collect();
    let mut evaluations = logs.len();
    let mut order: Vec<(f64, usize)> =
        logs.iter().enumerate().map(|(index, start)| (objective(start), index)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut best: Option<Minimum> = None;
    for (_, index) in order.into_iter().take(STARTS_FOLLOWED) {
        let found = minimise(&mut objective, &core::mem::take(&mut logs[index]), &bounds);
        evaluations += found.evaluations;
        if best.as_ref().is_none_or(|known| found.value < known.value) {
            best = Some(found);
        }
    }
    let Some(mut best) = best.filter(|found| found.value.is_finite()) else {
        return Err(refuse("values", "a series whose likelihood is finite somewhere", "none of the starts"));
    };
    let curvature = hessian(&mut objective, &best.point, best.value);
    evaluations += free.len() * (free.len() + 1);
    polish(&mut objective, &mut best, &curvature, &bounds);
    evaluations += 1;
    place_values(&mut scratch, free, &best.point);
    let (log_sd, identified) = judge(free, &curvature);
    Ok(Fitted {
        values: best.point.iter().map(|x| libm::exp(*x)).collect(),
        loglik: loglik(&scratch, series).unwrap_or(f64::NEG_INFINITY),
        objective: -best.value,
        log_sd,
        identified,
        converged: best.converged,
        evaluations,
    })
}

fn check_free(model: &Model, free: &[Free], starts: &[Vec<f64>]) -> Result<(), FilterError> {
    let places = 1 + model.components.iter().map(|part| part.parameters.len()).sum::<usize>();
    if free.len() > FREE_MAX {
        return Err(refuse("model", "at most 24 free parameters", free.len()));
    }
    for one in free {
        let ordered = one.lower > 0.0 && one.lower <= one.upper && one.upper.is_finite();
        if one.place >= places || !ordered || !(one.median > 0.0 && one.factor > 1.0) {
            return Err(refuse(
                "priors",
                "0 < lower <= upper, a positive median and spread",
                format!("{one:?}"),
            ));
        }
    }
    let sound = |start: &Vec<f64>| start.len() == free.len() && start.iter().all(|value| *value > 0.0);
    if starts.is_empty() || !starts.iter().all(sound) {
        return Err(refuse("starts", "at least one positive number per free parameter", starts.len()));
    }
    Ok(())
}

/// Minus the log-priors, up to a constant.
fn penalty(free: &[Free], point: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (one, x) in free.iter().zip(point).filter(|(one, _)| one.factor.is_finite()) {
        let distance = (x - libm::log(one.median)) / one.log_sd();
        sum += 0.5 * distance * distance;
    }
    sum
}

fn place_values(model: &mut Model, free: &[Free], point: &[f64]) {
    for (one, x) in free.iter().zip(point) {
        let value = libm::exp(*x);
        if one.place == 0 {
            model.observation_sd = value;
            continue;
        }
        let mut left = one.place - 1;
        for part in &mut model.components {
            if left < part.parameters.len() {
                part.parameters[left] = value;
                break;
            }
            left -= part.parameters.len();
        }
    }
}

/// One Newton step with the central-difference curvature, kept only where it helps.
fn polish(objective: &mut impl FnMut(&[f64]) -> f64, best: &mut Minimum, curvature: &[f64], bounds: &Bounds) {
    const STEP: f64 = 1e-5;
    let size = best.point.len();
    let Some(inverse) = invert(curvature, size) else { return };
    let mut probe = best.point.clone();
    let mut slope = vec![0.0; size];
    for i in 0..size {
        probe[i] = best.point[i] + STEP;
        let up = objective(&probe);
        probe[i] = best.point[i] - STEP;
        slope[i] = (up - objective(&probe)) / (2.0 * STEP);
        probe[i] = best.point[i];
    }
    for i in 0..size {
        let mut moved = 0.0;
        for j in 0..size {
            moved -= inverse[i * size + j] * slope[j];
        }
        probe[i] = (best.point[i] + moved).max(bounds.lower[i]).min(bounds.upper[i]);
    }
    let value = objective(&probe);
    if value < best.value {
        (best.point, best.value) = (probe, value);
    }
}

/// Return standard errors of the logarithms and which parameters the data identify.
fn judge(free: &[Free], curvature: &[f64]) -> (Vec<f64>, Vec<bool>) {
    let size = free.len();
    let precision =
        |one: &Free| if one.factor.is_finite() { 1.0 / (one.log_sd() * one.log_sd()) } else { 0.0 };
    let mut vague = curvature.to_vec();
    for (i, one) in free.iter().enumerate() {
        vague[i * size + i] += VAGUE_PRECISION - precision(one);
    }
    let roots = |inverse: Option<Vec<f64>>| -> Option<Vec<f64>> {
        inverse.map(|matrix| (0..size).map(|i| matrix[i * size + i].sqrt()).collect())
    };
    let likely = roots(invert(&vague, size));
    let log_sd = roots(invert(curvature, size)).or_else(|| likely.clone());
    let identified = match likely {
        Some(sds) => sds.iter().map(|sd| *sd <= LOG_SD_IDENTIFIED_MAX).collect(),
        None => vec![false; size],
    };
    (log_sd.unwrap_or_else(|| vec![f64::INFINITY; size]), identified)
}

/// Return the log-likelihood of a checked series, or none where it is not finite.
fn loglik(model: &Model, series: &Series) -> Option<f64> {
    let mut belief = begin(&start_of(model), *series.times_ns.first()?);
    let mut space = Workspace::new(belief.states(), model.robust);
    let mut clockwork = Clockwork::new();
    let fixed_row = model.inputs() == 0 && model.components.iter().all(|part| part.kind != super::Kind::Step);
    observe(model, belief.time_ns, &vec![0.0; series.columns], None, &mut space.row);
    let default_var = model.observation_sd * model.observation_sd;
    let mut sum = 0.0;
    for (row, (&time_ns, &value)) in series.times_ns.iter().zip(series.values).enumerate() {
        if value.is_nan() {
            continue;
        }
        if time_ns != belief.time_ns {
            clockwork.wind(model, belief.time_ns, time_ns);
            predict(&mut belief, &clockwork.cells);
            belief.time_ns = time_ns;
        }
        if !fixed_row {
            let inputs = &series.inputs[row * series.columns..(row + 1) * series.columns];
            observe(model, time_ns, inputs, None, &mut space.row);
        }
        let noise_var = series.observation_sd.map_or(default_var, |sds| sds[row] * sds[row]);
        sum += update(&mut belief, &mut space, value, noise_var).log_density;
    }
    sum.is_finite().then_some(sum)
}
