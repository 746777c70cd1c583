//! Maximum (penalised) likelihood: free standard deviations and decays, searched on logarithms.
use super::gradient::{value_and_gradient, value_of};
use super::optimise::{Bounds, Objective, Search, curvature, differences, invert};
use super::run::Series;
use super::{FilterError, Model, Robust, refuse};

/// A tape of the gradient beyond this many numbers (128 MiB) is not kept; differences are taken instead.
const TAPE_NUMBERS_MAX: usize = 1 << 24;
/// Iterations that each followed start gets before only the best goes on.
const ITERATIONS_RACED: usize = 6;
const ITERATIONS_MAX: usize = 80;
/// The two best of the given starts race.
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
    let logs = starts.iter().map(|start| start.iter().map(|value| libm::log(*value)).collect::<Vec<_>>());
    let mut objective = Likelihood::new(model, series, free);
    let mut searches: Vec<Search> =
        logs.map(|start| Search::begin(&mut objective, &start, &bounds)).collect();
    race(&mut searches, STARTS_FOLLOWED);
    searches.iter_mut().for_each(|one| one.advance(&mut objective, &bounds, ITERATIONS_RACED));
    race(&mut searches, 1);
    let Some(mut best) = searches.pop().filter(|found| found.value.is_finite()) else {
        return Err(refuse("values", "a series whose likelihood is finite somewhere", "none of the starts"));
    };
    best.advance(&mut objective, &bounds, ITERATIONS_MAX);
    let second = curvature(&mut objective, &best.point, &best.slope);
    polish(&mut objective, &mut best, &second, &bounds);
    let (log_sd, identified) = judge(free, &second);
    Ok(Fitted {
        values: best.point.iter().map(|x| libm::exp(*x)).collect(),
        loglik: penalty(free, &best.point) - best.value,
        objective: -best.value,
        log_sd,
        identified,
        converged: best.converged,
        evaluations: objective.evaluations,
    })
}

/// Keep the best searches, in order; of equals the earlier start.
fn race(searches: &mut Vec<Search>, kept: usize) {
    searches.sort_by(|a, b| a.value.total_cmp(&b.value));
    searches.truncate(kept);
}

/// Minus the penalised log-likelihood over the logarithms of the free parameters.
struct Likelihood<'a> {
    model: Model,
    series: &'a Series<'a>,
    free: &'a [Free],
    places: Vec<usize>,
    evaluations: usize,
}

impl<'a> Likelihood<'a> {
    fn new(model: &Model, series: &'a Series<'a>, free: &'a [Free]) -> Self {
        let places = free.iter().map(|one| one.place).collect();
        Likelihood { model: model.clone(), series, free, places, evaluations: 0 }
    }

    /// Answer whether the adjoint applies: Gaussian noise, and a tape of bearable size.
    fn has_gradient(&self) -> bool {
        let states = self.model.states();
        self.model.robust == Robust::Gaussian
            && self.series.times_ns.len().saturating_mul(states * (states + 2)) <= TAPE_NUMBERS_MAX
    }
}

impl Objective for Likelihood<'_> {
    fn value(&mut self, point: &[f64]) -> f64 {
        self.evaluations += 1;
        place_values(&mut self.model, self.free, point);
        value_of(&self.model, self.series).map_or(f64::INFINITY, |value| penalty(self.free, point) - value)
    }

    fn slope(&mut self, point: &[f64]) -> (f64, Vec<f64>) {
        if !self.has_gradient() {
            let value = self.value(point);
            return (value, differences(&mut |probe| self.value(probe), point, value));
        }
        self.evaluations += 1;
        place_values(&mut self.model, self.free, point);
        let Some((value, mut slope)) = value_and_gradient(&self.model, self.series, &self.places) else {
            return (f64::INFINITY, vec![0.0; point.len()]);
        };
        for ((slope, one), x) in slope.iter_mut().zip(self.free).zip(point) {
            let pull = if one.factor.is_finite() {
                (x - libm::log(one.median)) / (one.log_sd() * one.log_sd())
            } else {
                0.0
            };
            *slope = pull - *slope;
        }
        (penalty(self.free, point) - value, slope)
    }
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

/// One Newton step with the measured curvature, kept only where it helps.
fn polish(objective: &mut impl Objective, best: &mut Search, second: &[f64], bounds: &Bounds) {
    let size = best.point.len();
    let Some(inverse) = invert(second, size) else { return };
    let mut probe = best.point.clone();
    for i in 0..size {
        for j in 0..size {
            probe[i] -= inverse[i * size + j] * best.slope[j];
        }
        probe[i] = probe[i].max(bounds.lower[i]).min(bounds.upper[i]);
    }
    let value = objective.value(&probe);
    if value < best.value {
        (best.point, best.value) = (probe, value);
    }
}

/// Return standard errors of the logarithms and which parameters the data identify.
fn judge(free: &[Free], second: &[f64]) -> (Vec<f64>, Vec<bool>) {
    let size = free.len();
    let precision =
        |one: &Free| if one.factor.is_finite() { 1.0 / (one.log_sd() * one.log_sd()) } else { 0.0 };
    let mut vague = second.to_vec();
    for (i, one) in free.iter().enumerate() {
        vague[i * size + i] += VAGUE_PRECISION - precision(one);
    }
    let roots = |inverse: Option<Vec<f64>>| -> Option<Vec<f64>> {
        inverse.map(|matrix| (0..size).map(|i| matrix[i * size + i].sqrt()).collect())
    };
    let likely = roots(invert(&vague, size));
    let log_sd = roots(invert(second, size)).or_else(|| likely.clone());
    let identified = match likely {
        Some(sds) => sds.iter().map(|sd| *sd <= LOG_SD_IDENTIFIED_MAX).collect(),
        None => vec![false; size],
    };
    (log_sd.unwrap_or_else(|| vec![f64::INFINITY; size]), identified)
}
