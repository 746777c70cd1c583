//! Which instructions a kernel may use.

#[cfg(target_arch = "x86_64")]
use crate::matmul::amx;

/// An instruction level, ordered from the most portable to the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Plain Rust, on every machine; the reference of the others.
    Scalar,
    /// AVX2, FMA and F16C (x86-64-v3).
    Avx2,
    /// AVX-512 F, BW, DQ, VL and VNNI (x86-64-v4 with integer dot products).
    Avx512,
    /// The same, and 8-bit tiles (AMX).
    Amx,
}

impl Level {
    /// The widest level this machine runs.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                return if amx::is_available() { Self::Amx } else { Self::Avx512 };
            }
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c")
            {
                return Self::Avx2;
            }
        }
        Self::Scalar
    }

    /// The level of that name: `scalar`, `avx2`, `avx512` or `amx`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "scalar" => Some(Self::Scalar),
            "avx2" => Some(Self::Avx2),
            "avx512" => Some(Self::Avx512),
            "amx" => Some(Self::Amx),
            _ => None,
        }
    }

    /// The name of the level, as [`Level::named`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }

    /// This level where the machine runs it, else the widest below it that it does run.
    pub fn available(self) -> Self {
        self.min(Self::detect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        for level in [Level::Scalar, Level::Avx2, Level::Avx512, Level::Amx] {
            assert_eq!(Level::named(level.name()), Some(level));
        }
        assert_eq!(Level::named("sse"), None);
    }

    #[test]
    fn nothing_wider_than_the_machine_is_used() {
        assert_eq!(Level::Scalar.available(), Level::Scalar);
        assert!(Level::Amx.available() == Level::detect());
    }
}
