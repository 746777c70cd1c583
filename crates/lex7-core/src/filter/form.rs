//! The form a belief is in: when it goes over to factors, and when back.
use lex7_kernels::filter::is_tame;

use super::{Belief, Factor, FilterError};

/// A state whose variance given the later ones is below this share of its variance keeps the factored form.
const CONDITION_MIN: f64 = 1e-6;

impl Belief {
    /// Return the belief in factored form, which it keeps for good.
    pub fn pinned(mut self) -> Result<Self, FilterError> {
        self.factorise();
        if let Some(factor) = &mut self.factor {
            factor.is_pinned = true;
        }
        self.checked()
    }

    /// Go over to the factored form.
    pub(crate) fn factorise(&mut self) {
        if self.factor.is_none() {
            self.factor = Some(Factor::of(&self.cov, self.states()));
        }
    }

    /// Bring the covariance up to date with its factors.
    pub(crate) fn expand(&mut self) {
        let states = self.states();
        if let Some(factor) = &self.factor {
            factor.expand(&mut self.cov, states);
        }
    }

    /// Leave the factored form where the covariance form is as good.
    pub(crate) fn settle(&mut self, signal_var: f64, noise_var: f64) {
        let states = self.states();
        let Some(factor) = &self.factor else { return };
        if factor.is_pinned || !self.diffuse.is_empty() || !is_tame(signal_var, noise_var) {
            return;
        }
        let is_sound = |i: usize| {
            let own = factor.numbers[i * states + i];
            let mut variance = own;
            for k in i + 1..states {
                let u = factor.numbers[i * states + k];
                variance += u * u * factor.numbers[k * states + k];
            }
            own >= CONDITION_MIN * variance && own >= f64::MIN_POSITIVE
        };
        if (0..states).all(is_sound) {
            self.expand();
            self.factor = None;
        }
    }
}
