//! Decimal numbers, exactly: text × numerator / denominator, rounded once, ties to even.

/// Why a number was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is not a decimal number (NaN and infinity are not).
    Malformed,
    /// It is a thousand million or more.
    Range,
}

const DIGITS_KEPT: i32 = 18;
const MAGNITUDE_MAX: i32 = 9; // digits before the point; no measurement of a person has more
const SHIFT_MAX: i32 = 27; // 10^18 x 10^-27 is under any scale's half step

/// Read `text` and return `text × numerator / denominator` as an integer.
///
/// `numerator` and `denominator` are at most 10^11, so that every product fits 128 bits.
pub(super) fn scaled(text: &[u8], numerator: i64, denominator: i64) -> Result<i64, NumberError> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let number = Number::read(rest)?;
    let magnitude = number.times(i128::from(numerator), i128::from(denominator))?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// `digits × 10^exponent`; `more` says that digits past the kept ones were not all zero.
struct Number {
    digits: i128,
    count: i32,
    exponent: i32,
    more: bool,
}

impl Number {
    fn read(text: &[u8]) -> Result<Number, NumberError> {
        let mut number = Number { digits: 0, count: 0, exponent: 0, more: false };
        let (mut seen, mut after_point, mut at) = (false, false, 0);
        while let Some(&byte) = text.get(at) {
            match byte {
                b'0'..=b'9' => {
                    seen = true;
                    number.push(byte - b'0', after_point);
                }
                b'.' if !after_point => after_point = true,
                b'e' | b'E' if seen => {
                    number.exponent = number.exponent.saturating_add(exponent(&text[at + 1..])?);
                    at = text.len();
                    continue;
                }
                _ => return Err(NumberError::Malformed),
            }
            at += 1;
        }
        if seen { Ok(number) } else { Err(NumberError::Malformed) }
    }

    fn push(&mut self, digit: u8, after_point: bool) {
        if self.count < DIGITS_KEPT {
            self.digits = self.digits * 10 + i128::from(digit);
            self.count += i32::from(self.digits != 0);
            self.exponent -= i32::from(after_point);
        } else {
            self.more |= digit != 0;
            self.exponent = self.exponent.saturating_add(i32::from(!after_point));
        }
    }

    fn times(&self, numerator: i128, denominator: i128) -> Result<i64, NumberError> {
        if self.digits == 0 {
            return Ok(0);
        }
        if self.count.saturating_add(self.exponent) > MAGNITUDE_MAX {
            return Err(NumberError::Range);
        }
        if self.exponent < -SHIFT_MAX {
            return Ok(0);
        }
        let power = 10_i128.pow(self.exponent.unsigned_abs());
        let (above, below) = if self.exponent >= 0 {
            (self.digits * power * numerator, denominator)
        } else {
            (self.digits * numerator, denominator * power)
        };
        let (whole, rest) = (above / below, above % below);
        let up = match (rest * 2).cmp(&below) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => self.more || whole % 2 == 1,
            std::cmp::Ordering::Less => false,
        };
        i64::try_from(whole + i128::from(up)).map_err(|_| NumberError::Range)
    }
}

fn exponent(text: &[u8]) -> Result<i32, NumberError> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::Malformed);
    }
    let size = digits.iter().fold(0_i32, |sum, digit| {
        sum.saturating_mul(10).saturating_add(i32::from(digit - b'0')).min(1_000_000)
    });
    Ok(sign * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_applied_exactly() {
        assert_eq!(scaled(b"74", 100, 1), Ok(7400));
        assert_eq!(scaled(b"0.12", 1000, 1), Ok(120));
        assert_eq!(scaled(b"180", 45_359_237, 100_000), Ok(81_647)); // 180 lb = 81.6466266 kg
        assert_eq!(scaled(b"-1.5", 2, 1), Ok(-3));
        assert_eq!(scaled(b"1.2e-2", 1000, 1), Ok(12));
        assert_eq!(scaled(b"7.25E1", 100, 1), Ok(7250));
    }

    #[test]
    fn ties_go_to_the_even_number() {
        assert_eq!(scaled(b"0.5", 1, 1), Ok(0));
        assert_eq!(scaled(b"1.5", 1, 1), Ok(2));
        assert_eq!(scaled(b"2.5", 1, 1), Ok(2));
        assert_eq!(scaled(b"2.50000000000000000000000000001", 1, 1), Ok(3));
    }

    #[test]
    fn long_numbers_neither_overflow_nor_lose_their_size() {
        assert_eq!(scaled(b"1e400", 1, 1), Err(NumberError::Range));
        assert_eq!(scaled(b"1e-400", 100_000, 1), Ok(0));
        assert_eq!(scaled("9".repeat(500).as_bytes(), 1, 1), Err(NumberError::Range));
        assert_eq!(scaled(b"1e99999999999999999999", 1, 1), Err(NumberError::Range));
        assert_eq!(scaled(b"0e99999999999999999999", 1, 1), Ok(0));
        let zeros = format!("{}7.5", "0".repeat(300));
        assert_eq!(scaled(zeros.as_bytes(), 10, 1), Ok(75));
        let small = format!("0.{}1", "0".repeat(300));
        assert_eq!(scaled(small.as_bytes(), 10, 1), Ok(0));
        assert_eq!(scaled(b"999999999.999999999", 100_000_000_000, 1), Err(NumberError::Range));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "NaN", "inf", "Infinity", "1,5", "0x10", "1e", "--1", "1.2.3", " 1"] {
            assert_eq!(scaled(text.as_bytes(), 1, 1), Err(NumberError::Malformed), "{text}");
        }
    }
}
