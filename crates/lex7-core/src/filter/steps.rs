//! One step of many error-state filters at once: each has its own Jacobians, covariance and innovation.
//!
//! Every element is the two-row run of `linear` that a single error-state step makes, so a batch has the bits of
//! its elements, whatever stands beside them.
use super::{Belief, FilterError, Linear, LinearRows, refuse, run_linear};

/// The matrices of one step. B sequences of n states and p outputs; all row-major.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    /// (B, n, n) Jacobian of the motion.
    pub transitions: &'a [f64],
    /// (n, n)
    pub process_cov: &'a [f64],
    /// (B, p, n) Jacobian of the observation.
    pub loadings: &'a [f64],
    /// (p, p)
    pub observation_cov: &'a [f64],
    /// (B, n, n) covariance before the motion.
    pub covs: &'a [f64],
    /// (B, p) innovations, NaN where missing.
    pub innovations: &'a [f64],
}

/// What each step found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stepped {
    /// (B, n) the error to inject.
    pub errors: Vec<f64>,
    /// (B, n, n)
    pub covs: Vec<f64>,
    /// (B,)
    pub logliks: Vec<f64>,
}

/// Carry and correct every element of a batch.
pub fn error_steps(steps: &Steps<'_>, states: usize, outputs: usize) -> Result<Stepped, FilterError> {
    let square = states * states;
    let count = steps.innovations.len().checked_div(outputs).unwrap_or(0);
    let sizes = [
        ("transitions", steps.transitions.len(), count * square),
        ("process_cov", steps.process_cov.len(), square),
        ("loadings", steps.loadings.len(), count * outputs * states),
        ("observation_cov", steps.observation_cov.len(), outputs * outputs),
        ("covs", steps.covs.len(), count * square),
        ("innovations", steps.innovations.len(), count * outputs),
    ];
    for (name, got, expected) in sizes {
        if got != expected || expected == 0 {
            return Err(refuse(name, &format!("{expected} numbers, at least one"), got));
        }
    }
    let mut out = Stepped::default();
    // The first row sees nothing: it only lets the kernel carry the error to the second.
    let mut rows = vec![f64::NAN; 2 * outputs];
    for place in 0..count {
        let linear = Linear {
            transition: steps.transitions[place * square..(place + 1) * square].to_vec(),
            process_cov: steps.process_cov.to_vec(),
            drift: vec![0.0; states],
            loading: steps.loadings[place * outputs * states..(place + 1) * outputs * states].to_vec(),
            observation_cov: steps.observation_cov.to_vec(),
            offset: vec![0.0; outputs],
            start: Belief {
                time_ns: 0,
                mean: vec![0.0; states],
                cov: steps.covs[place * square..(place + 1) * square].to_vec(),
                diffuse: Vec::new(),
                factor: None,
            },
        };
        rows[outputs..].copy_from_slice(&steps.innovations[place * outputs..(place + 1) * outputs]);
        let run = run_linear(&linear, &LinearRows::of(&rows), false)?;
        out.errors.extend(&run.belief.mean);
        out.covs.extend(&run.belief.cov);
        out.logliks.push(run.logliks[0] + run.logliks[1]);
    }
    Ok(out)
}
