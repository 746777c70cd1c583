//! The shape of a model.

use super::SsmError;
use lex7_kernels::ScanShape;

/// What a Mamba-2 is made of. Names are those of its configuration files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Layers.
    pub n_layer: usize,
    /// Tokens that may be fed and predicted.
    pub vocab: usize,
    /// Rows of the embedding, at least `vocab`.
    pub vocab_padded: usize,
    /// Width inside of a layer; heads times `head_dim`.
    pub d_inner: usize,
    /// States of each inner number.
    pub d_state: usize,
    /// Numbers of a head.
    pub head_dim: usize,
    /// Groups of heads that share B and C.
    pub n_groups: usize,
    /// Taps of the convolution.
    pub d_conv: usize,
    /// Whether the output matrix is the embedding.
    pub tied: bool,
    /// Added to the mean square of a norm.
    pub norm_eps: f32,
    /// Least and largest step size.
    pub dt_limit: (f32, f32),
    /// Outputs of the error-state head; 0 for none.
    pub head_outputs: usize,
}

/// The most layers of a model: eight times the largest published. These limits are those of `base/limits.py`.
const LAYERS_MAX: usize = 512;
/// The widest stream: eight times the widest published.
const WIDTH_MAX: usize = 1 << 16;
/// The most rows of an embedding.
const VOCAB_MAX: usize = 1 << 20;
/// The most bytes of one session's state: six times that of the largest published.
const STATE_BYTES_MAX: usize = 1 << 30;

impl Spec {
    /// Heads of a layer.
    pub fn heads(&self) -> usize {
        self.d_inner / self.head_dim
    }

    /// Channels of the convolution: x, B and C.
    pub fn channels(&self) -> usize {
        self.d_inner + 2 * self.n_groups * self.d_state
    }

    /// Rows of `in_proj`: z, x, B, C and dt.
    pub fn projected(&self) -> usize {
        self.d_inner + self.channels() + self.heads()
    }

    /// Numbers of the convolution state of a layer.
    pub fn conv_numbers(&self) -> usize {
        (self.d_conv - 1) * self.channels()
    }

    /// Numbers of the state of a layer.
    pub fn layer_numbers(&self) -> usize {
        self.conv_numbers() + self.d_inner * self.d_state
    }

    /// Bytes of the recurrent state of one session.
    pub fn state_bytes(&self) -> usize {
        4 * self.n_layer * self.layer_numbers()
    }

    /// The shape of the recurrence.
    pub(crate) fn scan_shape(&self) -> ScanShape {
        ScanShape { heads: self.heads(), width: self.head_dim, states: self.d_state, groups: self.n_groups }
    }

    /// The first field that is out of range: name, expected, got.
    fn fault(&self) -> Option<(&'static str, String, String)> {
        let ranges = [
            ("d_model", self.d_model, 1, WIDTH_MAX),
            ("n_layer", self.n_layer, 1, LAYERS_MAX),
            ("vocab_padded", self.vocab_padded, 1, VOCAB_MAX),
            ("vocab", self.vocab, 1, self.vocab_padded),
            ("d_inner", self.d_inner, 1, WIDTH_MAX),
            ("d_state", self.d_state, 1, 1 << 12),
            ("head_dim", self.head_dim, 1, 64),
            ("n_groups", self.n_groups, 1, 256),
            ("d_conv", self.d_conv, 2, 8),
            ("head_outputs", self.head_outputs, 0, WIDTH_MAX),
        ];
        for (name, value, low, high) in ranges {
            if value < low || value > high {
                return Some((name, format!("from {low} to {high}"), value.to_string()));
            }
        }
        if !self.d_inner.is_multiple_of(self.head_dim) {
            let expected = format!("a multiple of head_dim {}", self.head_dim);
            return Some(("d_inner", expected, self.d_inner.to_string()));
        }
        if !self.heads().is_multiple_of(self.n_groups) || !self.d_inner.is_multiple_of(self.n_groups) {
            let expected = format!("a divisor of the {} heads", self.heads());
            return Some(("n_groups", expected, self.n_groups.to_string()));
        }
        if self.state_bytes() > STATE_BYTES_MAX {
            let expected = format!("a state of at most {STATE_BYTES_MAX} bytes");
            return Some(("d_state", expected, format!("{} bytes for {}", self.state_bytes(), self.d_state)));
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return Some(("norm_eps", "above 0 and below 1".into(), self.norm_eps.to_string()));
        }
        let (low, high) = self.dt_limit;
        if !(low >= 0.0 && low.is_finite() && high >= low) {
            return Some(("dt_limit", "0 <= low <= high".into(), format!("({low}, {high})")));
        }
        None
    }

    /// Check every field.
    ///
    /// # Errors
    /// The first field that is out of range, as an argument.
    pub fn check(&self) -> Result<(), SsmError> {
        match self.fault() {
            Some((field, expected, got)) => Err(SsmError::argument(field, expected, got)),
            None => Ok(()),
        }
    }

    /// Check every field of a file.
    ///
    /// # Errors
    /// The first field that is out of range, as a field of the file.
    pub fn check_file(&self) -> Result<(), SsmError> {
        match self.fault() {
            Some((field, expected, got)) => Err(SsmError::file(field, expected, got)),
            None => Ok(()),
        }
    }
}
