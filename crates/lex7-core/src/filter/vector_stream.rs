//! Several outputs of one sum of components, one row at a time.
use super::run::continued;
use super::step::dot;
use super::{Belief, FilterError, VectorModel, VectorSeries, refuse, run_vector};

/// What one row of outputs did.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSeen {
    /// (outputs,) each entry less its prediction before the row, NaN where missing.
    pub innovations: Vec<f64>,
    /// (outputs,) their variances, infinite while a diffuse direction is seen, NaN where missing.
    pub variances: Vec<f64>,
    /// The log-density of the row.
    pub loglik: f64,
}

/// A model of several outputs and its belief.
#[derive(Debug, Clone)]
pub struct VectorStream {
    vector: VectorModel,
    belief: Option<Belief>,
}

impl VectorStream {
    /// Start at the model's own start, or go on from a belief.
    pub fn new(vector: VectorModel, belief: Option<Belief>) -> Result<Self, FilterError> {
        vector.check_model()?;
        if let Some(given) = &belief {
            continued(&vector.model, given, None)?;
        }
        Ok(VectorStream { vector, belief })
    }

    /// Take in one row. After an error the stream is as it was.
    pub fn update(&mut self, row: &VectorSeries) -> Result<VectorSeen, FilterError> {
        if row.times_ns.len() != 1 {
            return Err(refuse("time_ns", "one time", row.times_ns.len()));
        }
        let outputs = self.vector.outputs();
        let found = run_vector(&self.vector, row, self.belief.as_ref(), false)?;
        let blank = vec![f64::NAN; outputs];
        let unseen = VectorSeries { values: &blank, ..*row };
        let before = run_vector(&self.vector, &unseen, self.belief.as_ref(), false)?.belief;
        let lines = self.vector.lines(row, 0);
        let noise =
            if row.observation_covs.is_empty() { &self.vector.observation_cov } else { row.observation_covs };
        let states = before.states();
        let mut out = VectorSeen { innovations: blank.clone(), variances: blank, loglik: found.logliks[0] };
        for (i, line) in lines.chunks_exact(states).enumerate() {
            if row.values[i].is_nan() {
                continue;
            }
            let known = row.offsets.get(i).copied().unwrap_or(0.0);
            out.innovations[i] = row.values[i] - known - dot(line, &before.mean);
            let is_diffuse = before.diffuse.chunks_exact(states).any(|column| dot(line, column) != 0.0);
            let moved = before.cov.chunks_exact(states).map(|cov| dot(line, cov)).collect::<Vec<f64>>();
            out.variances[i] = if is_diffuse {
                f64::INFINITY
            } else {
                dot(line, &moved).max(0.0) + noise[i * (outputs + 1)]
            };
        }
        self.belief = Some(found.belief);
        Ok(out)
    }

    /// Return the belief after the last row; none before the first.
    pub fn belief(&self) -> Option<&Belief> {
        self.belief.as_ref()
    }

    /// Return the number of outputs.
    pub fn outputs(&self) -> usize {
        self.vector.outputs()
    }
}
