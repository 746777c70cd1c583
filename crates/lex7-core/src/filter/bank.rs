//! A bank: many filters of one shape with different noise, mixed by how well they predicted.
//!
//! After every value each log-weight becomes λ times itself plus the log-density that its filter gave
//! the value, so what a filter predicted k values ago counts λᵏ: a bank follows regimes that switch.
use super::step::dot;
use super::stream::{Observed, Stream};
use super::{Belief, FilterError, Model, refuse};

/// Filters in one bank; each value costs one step of every filter.
const FILTERS_MAX: usize = 1_000;

/// Filters that run side by side over one series.
#[derive(Debug, Clone)]
pub struct Bank {
    streams: Vec<Stream>,
    log_weights: Vec<f64>,
    forgetting: f64,
    next: Vec<f64>,
}

/// What a bank made of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BankOutcome {
    /// Value minus the mixed prediction; NaN where missing.
    pub innovation: f64,
    /// Variance of the mixed prediction, infinite while a filter is diffuse.
    pub variance: f64,
    /// Log-density of the value under the mixture; 0 where missing or diffuse.
    pub log_density: f64,
}

impl Bank {
    /// Start a bank of models that share their number of states.
    ///
    /// `saved` holds log-weights and beliefs to go on from.
    pub fn new(
        models: Vec<Model>,
        forgetting: f64,
        saved: Option<(Vec<f64>, Vec<Belief>)>,
    ) -> Result<Self, FilterError> {
        let count = models.len();
        if count == 0 || count > FILTERS_MAX {
            return Err(refuse("models", "between 1 and 1000 models", count));
        }
        if models.iter().any(|model| model.states() != models[0].states()) {
            return Err(refuse("models", "models with equally many states", "different ones"));
        }
        if !(forgetting > 0.0 && forgetting <= 1.0) {
            return Err(refuse("forgetting", "above 0 and at most 1", forgetting));
        }
        let (log_weights, beliefs) = match saved {
            None => (vec![0.0; count], vec![None; count]),
            Some((weights, beliefs)) => {
                if weights.len() != count || beliefs.len() != count || weights.iter().any(|w| !w.is_finite())
                {
                    return Err(refuse(
                        "saved",
                        &format!("{count} finite weights and beliefs"),
                        beliefs.len(),
                    ));
                }
                (weights, beliefs.into_iter().map(Some).collect())
            }
        };
        let streams = models
            .into_iter()
            .zip(beliefs)
            .map(|(model, belief)| Stream::new(model, belief))
            .collect::<Result<_, _>>()?;
        Ok(Bank { streams, log_weights, forgetting, next: Vec::with_capacity(count) })
    }

    /// Take in one value; NaN only moves time on. After an error the bank is as it was before.
    pub fn update(&mut self, time_ns: i64, value: f64, inputs: &[f64]) -> Result<BankOutcome, FilterError> {
        let weights = self.weights();
        let (mut mean, mut second, mut is_diffuse) = (0.0, 0.0, false);
        let mut centre = 0.0;
        self.next.clear();
        for (index, weight) in weights.iter().enumerate() {
            let step =
                match self.streams[index].step(Observed { time_ns, value, observation_sd: None, inputs }) {
                    Ok(step) => step,
                    Err(error) => {
                        // The filters before this one have moved on: take them back.
                        self.streams[..index].iter_mut().for_each(Stream::undo);
                        return Err(error);
                    }
                };
            self.next.push(self.streams[index].log_density(&step));
            is_diffuse |= step.variance.is_infinite();
            // Moments about the first prediction, so that nothing cancels at large values.
            let predicted = value - step.innovation;
            if index == 0 {
                centre = predicted;
            }
            mean += weight * (predicted - centre);
            second += weight * (step.variance + (predicted - centre) * (predicted - centre));
        }
        if value.is_nan() {
            return Ok(BankOutcome { innovation: f64::NAN, variance: f64::NAN, log_density: 0.0 });
        }
        let innovation = value - centre - mean;
        if is_diffuse {
            // Diffuse densities have no common scale: they would say nothing about the filters.
            return Ok(BankOutcome { innovation, variance: f64::INFINITY, log_density: 0.0 });
        }
        let log_density = self.learn(&weights);
        Ok(BankOutcome { innovation, variance: second - mean * mean, log_density })
    }

    /// Weigh the filters by the densities in `next`; return the log-density of the mixture.
    fn learn(&mut self, weights: &[f64]) -> f64 {
        let most = self.next.iter().fold(f64::NEG_INFINITY, |most, value| most.max(*value));
        let mut density = 0.0;
        for (weight, value) in weights.iter().zip(&self.next) {
            density += weight * libm::exp(value - most);
        }
        for (weight, value) in self.log_weights.iter_mut().zip(&self.next) {
            *weight = self.forgetting * *weight + value;
        }
        let top = self.log_weights.iter().fold(f64::NEG_INFINITY, |top, weight| top.max(*weight));
        self.log_weights.iter_mut().for_each(|weight| *weight -= top);
        most + libm::log(density)
    }

    /// Return the weights, which add up to 1.
    pub fn weights(&self) -> Vec<f64> {
        let top = self.log_weights.iter().fold(f64::NEG_INFINITY, |top, weight| top.max(*weight));
        let mut out: Vec<f64> = self.log_weights.iter().map(|weight| libm::exp(weight - top)).collect();
        let mut sum = 0.0;
        out.iter().for_each(|weight| sum += weight);
        out.iter_mut().for_each(|weight| *weight /= sum);
        out
    }

    /// Return the log-weights, the largest of which is 0, and the beliefs; none before the first value.
    pub fn parts(&self) -> Option<(&[f64], Vec<&Belief>)> {
        let beliefs = self.streams.iter().map(Stream::belief).collect::<Option<Vec<_>>>()?;
        Some((&self.log_weights, beliefs))
    }

    /// Return the Gaussian with the mean and the covariance of the mixture; none before the first value.
    pub fn belief(&self) -> Result<Option<Belief>, FilterError> {
        let Some((_, beliefs)) = self.parts() else { return Ok(None) };
        if let Some(left) = beliefs.iter().map(|one| one.diffuse_count()).find(|left| *left > 0) {
            return Err(FilterError::Diffuse { left });
        }
        let weights = self.weights();
        let states = beliefs[0].states();
        let mut out = Belief {
            time_ns: beliefs[0].time_ns,
            mean: vec![0.0; states],
            cov: vec![0.0; states * states],
            diffuse: Vec::new(),
            factor: None,
        };
        for i in 0..states {
            let means: Vec<f64> = beliefs.iter().map(|one| one.mean[i]).collect();
            out.mean[i] = dot(&weights, &means);
        }
        for (weight, one) in weights.iter().zip(&beliefs) {
            for i in 0..states {
                for j in 0..states {
                    let apart = (one.mean[i] - out.mean[i]) * (one.mean[j] - out.mean[j]);
                    out.cov[i * states + j] += weight * (one.cov[i * states + j] + apart);
                }
            }
        }
        Ok(Some(out))
    }
}
