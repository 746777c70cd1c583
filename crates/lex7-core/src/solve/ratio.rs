//! Fractions of integers of any size, always in lowest terms with a positive denominator.
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;

/// A fraction in lowest terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) num: BigInt,
    pub(super) den: BigInt,
}

impl Ratio {
    pub(super) fn new(num: BigInt, den: BigInt) -> Self {
        debug_assert!(!den.is_zero(), "a fraction has a denominator other than zero");
        let common = num.gcd(&den);
        let (num, den) = if common.is_one() { (num, den) } else { (num / &common, den / &common) };
        if den.is_negative() { Self { num: -num, den: -den } } else { Self { num, den } }
    }

    pub(super) fn whole(value: BigInt) -> Self {
        Self { num: value, den: BigInt::one() }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.num.is_zero()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.num.is_negative()
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        Self::new(&self.num * &other.den + &other.num * &self.den, &self.den * &other.den)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self::new(&self.num * &other.den - &other.num * &self.den, &self.den * &other.den)
    }

    pub(super) fn over(&self, other: &Self) -> Self {
        Self::new(&self.num * &other.den, &self.den * &other.num)
    }

    pub(super) fn negated(&self) -> Self {
        Self { num: -&self.num, den: self.den.clone() }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        (&self.num * &other.den).cmp(&(&other.num * &self.den))
    }
}
