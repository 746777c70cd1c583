//! What a step computes with: one number, or a register of numbers side by side.
use core::ops::{Add, Div, Mul, Sub};

use super::step::is_tame;

/// A number or a register of numbers; every operation acts on each number by itself, as IEEE 754 says.
pub trait Lane:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// How many numbers.
    const WIDTH: usize;

    /// A choice per number.
    type Mask: Copy;

    /// The same number everywhere.
    fn splat(value: f64) -> Self;

    /// The first `WIDTH` numbers.
    fn load(values: &[f64]) -> Self;

    /// Write to the first `WIDTH` places.
    fn store(self, values: &mut [f64]);

    /// The smaller of two, each; only its sign is used, and only where both are numbers.
    fn least(self, other: Self) -> Self;

    /// Whether any number is below zero.
    fn any_below_zero(self) -> bool;

    /// Zero where `variance` is below zero, else this.
    fn zero_where_below(self, variance: Self) -> Self;

    /// Mantissa in [1, 2) and exponent of positive normal numbers.
    fn split(self) -> (Self, Self);

    /// Where the noise is large enough for the covariance form ([`super::is_tame`]), as bits.
    fn tame(signal_var: Self, noise_var: Self) -> u8;

    /// The choice that these bits, the first number lowest, stand for.
    fn mask(bits: u8) -> Self::Mask;

    /// Where this is a number.
    fn is_number(self) -> Self::Mask;

    /// `this` where chosen, else `other`.
    fn select(chosen: Self::Mask, this: Self, other: Self) -> Self;

    /// The mask as bits, the first number lowest.
    fn bits(mask: Self::Mask) -> u8;
}

const MANTISSA: u64 = (1 << 52) - 1;
const ONE: u64 = 0x3ff0_0000_0000_0000;

impl Lane for f64 {
    const WIDTH: usize = 1;
    type Mask = bool;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn load(values: &[f64]) -> Self {
        values[0]
    }

    #[inline(always)]
    fn store(self, values: &mut [f64]) {
        values[0] = self;
    }

    #[inline(always)]
    fn least(self, other: Self) -> Self {
        if self < other { self } else { other }
    }

    #[inline(always)]
    fn any_below_zero(self) -> bool {
        self < 0.0
    }

    #[inline(always)]
    fn zero_where_below(self, variance: Self) -> Self {
        if variance < 0.0 { 0.0 } else { self }
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let bits = self.to_bits();
        (f64::from_bits(bits & MANTISSA | ONE), (bits >> 52) as i32 as f64 - 1023.0)
    }

    #[inline(always)]
    fn tame(signal_var: f64, noise_var: f64) -> u8 {
        u8::from(is_tame(signal_var, noise_var))
    }

    #[inline(always)]
    fn mask(bits: u8) -> bool {
        bits & 1 == 1
    }

    #[inline(always)]
    fn is_number(self) -> bool {
        !self.is_nan()
    }

    #[inline(always)]
    fn select(chosen: bool, this: Self, other: Self) -> Self {
        if chosen { this } else { other }
    }

    #[inline(always)]
    fn bits(mask: bool) -> u8 {
        u8::from(mask)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod wide {
    //! Registers of AVX2 and AVX-512.
    use core::arch::x86_64::*;
    use core::ops::{Add, Div, Mul, Sub};

    use super::super::step::CANCELLATION_MAX;
    use super::{Lane, MANTISSA, ONE};

    /// Four numbers. Only made in functions compiled for AVX2.
    #[derive(Clone, Copy)]
    pub(crate) struct Four(__m256d);

    /// Eight numbers. Only made in functions compiled for AVX-512.
    #[derive(Clone, Copy)]
    pub(crate) struct Eight(__m512d);

    macro_rules! arithmetic {
        ($name:ident: $($trait:ident $method:ident $intrinsic:ident),*) => {$(
            impl $trait for $name {
                type Output = Self;

                #[inline(always)]
                fn $method(self, other: Self) -> Self {
                    // SAFETY: a value of this type exists only where the instructions do (see the type).
                    Self(unsafe { $intrinsic(self.0, other.0) })
                }
            }
        )*};
    }

    arithmetic!(Four: Add add _mm256_add_pd, Sub sub _mm256_sub_pd, Mul mul _mm256_mul_pd, Div div _mm256_div_pd);
    arithmetic!(Eight: Add add _mm512_add_pd, Sub sub _mm512_sub_pd, Mul mul _mm512_mul_pd, Div div _mm512_div_pd);

    // SAFETY of every block below: these types are used only by functions compiled for their instructions,
    // which `follow` calls only where the machine has them; loads and stores check their bounds first.
    impl Lane for Four {
        const WIDTH: usize = 4;
        type Mask = __m256d;

        #[inline(always)]
        fn splat(value: f64) -> Self {
            Self(unsafe { _mm256_set1_pd(value) })
        }

        #[inline(always)]
        fn load(values: &[f64]) -> Self {
            Self(unsafe { _mm256_loadu_pd(values[..4].as_ptr()) })
        }

        #[inline(always)]
        fn store(self, values: &mut [f64]) {
            unsafe { _mm256_storeu_pd(values[..4].as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn least(self, other: Self) -> Self {
            Self(unsafe { _mm256_min_pd(self.0, other.0) })
        }

        #[inline(always)]
        fn any_below_zero(self) -> bool {
            unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(self.0, _mm256_setzero_pd())) != 0 }
        }

        #[inline(always)]
        fn zero_where_below(self, variance: Self) -> Self {
            unsafe {
                let below = _mm256_cmp_pd::<_CMP_LT_OQ>(variance.0, _mm256_setzero_pd());
                Self(_mm256_andnot_pd(below, self.0))
            }
        }

        #[inline(always)]
        fn split(self) -> (Self, Self) {
            // The exponent's bits below those of 2⁵² read as the number 2⁵² + exponent.
            const SHIFT: f64 = 4_503_599_627_370_496.0;
            unsafe {
                let bits = _mm256_castpd_si256(self.0);
                let mantissa = _mm256_or_si256(
                    _mm256_and_si256(bits, _mm256_set1_epi64x(MANTISSA as i64)),
                    _mm256_set1_epi64x(ONE as i64),
                );
                let exponent = _mm256_or_si256(
                    _mm256_srli_epi64::<52>(bits),
                    _mm256_set1_epi64x(SHIFT.to_bits() as i64),
                );
                let exponent = _mm256_sub_pd(_mm256_castsi256_pd(exponent), _mm256_set1_pd(SHIFT + 1023.0));
                (Self(_mm256_castsi256_pd(mantissa)), Self(exponent))
            }
        }

        #[inline(always)]
        fn tame(signal_var: Self, noise_var: Self) -> u8 {
            let limit = noise_var * Self::splat(CANCELLATION_MAX);
            unsafe {
                let small = _mm256_cmp_pd::<_CMP_LE_OQ>(signal_var.0, limit.0);
                let normal = _mm256_cmp_pd::<_CMP_GE_OQ>(noise_var.0, _mm256_set1_pd(f64::MIN_POSITIVE));
                _mm256_movemask_pd(_mm256_and_pd(small, normal)) as u8
            }
        }

        #[inline(always)]
        fn mask(bits: u8) -> __m256d {
            unsafe {
                let each = _mm256_set_epi64x(8, 4, 2, 1);
                let chosen = _mm256_and_si256(_mm256_set1_epi64x(i64::from(bits)), each);
                _mm256_castsi256_pd(_mm256_cmpeq_epi64(chosen, each))
            }
        }

        #[inline(always)]
        fn is_number(self) -> __m256d {
            unsafe { _mm256_cmp_pd::<_CMP_ORD_Q>(self.0, self.0) }
        }

        #[inline(always)]
        fn select(chosen: __m256d, this: Self, other: Self) -> Self {
            Self(unsafe { _mm256_blendv_pd(other.0, this.0, chosen) })
        }

        #[inline(always)]
        fn bits(mask: __m256d) -> u8 {
            unsafe { _mm256_movemask_pd(mask) as u8 }
        }
    }

    impl Lane for Eight {
        const WIDTH: usize = 8;
        type Mask = __mmask8;

        #[inline(always)]
        fn splat(value: f64) -> Self {
            Self(unsafe { _mm512_set1_pd(value) })
        }

        #[inline(always)]
        fn load(values: &[f64]) -> Self {
            Self(unsafe { _mm512_loadu_pd(values[..8].as_ptr()) })
        }

        #[inline(always)]
        fn store(self, values: &mut [f64]) {
            unsafe { _mm512_storeu_pd(values[..8].as_mut_ptr(), self.0) }
        }

        #[inline(always)]
        fn least(self, other: Self) -> Self {
            Self(unsafe { _mm512_min_pd(self.0, other.0) })
        }

        #[inline(always)]
        fn any_below_zero(self) -> bool {
            unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(self.0, _mm512_setzero_pd()) != 0 }
        }

        #[inline(always)]
        fn zero_where_below(self, variance: Self) -> Self {
            unsafe {
                let below = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(variance.0, _mm512_setzero_pd());
                Self(_mm512_maskz_mov_pd(!below, self.0))
            }
        }

        #[inline(always)]
        fn split(self) -> (Self, Self) {
            unsafe {
                let mantissa = _mm512_getmant_pd::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0);
                (Self(mantissa), Self(_mm512_getexp_pd(self.0)))
            }
        }

        #[inline(always)]
        fn tame(signal_var: Self, noise_var: Self) -> u8 {
            let limit = noise_var * Self::splat(CANCELLATION_MAX);
            unsafe {
                let small = _mm512_cmp_pd_mask::<_CMP_LE_OQ>(signal_var.0, limit.0);
                small & _mm512_cmp_pd_mask::<_CMP_GE_OQ>(noise_var.0, _mm512_set1_pd(f64::MIN_POSITIVE))
            }
        }

        #[inline(always)]
        fn mask(bits: u8) -> __mmask8 {
            bits
        }

        #[inline(always)]
        fn is_number(self) -> __mmask8 {
            unsafe { _mm512_cmp_pd_mask::<_CMP_ORD_Q>(self.0, self.0) }
        }

        #[inline(always)]
        fn select(chosen: __mmask8, this: Self, other: Self) -> Self {
            Self(unsafe { _mm512_mask_blend_pd(chosen, other.0, this.0) })
        }

        #[inline(always)]
        fn bits(mask: __mmask8) -> u8 {
            mask
        }
    }
}
