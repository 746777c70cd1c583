//! Dates as exports write them: `2024-01-01 01:01:42 +0200`, to seconds since 1970 UTC, exactly.

/// Why a date was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateError {
    /// It is not a date, or names no offset from UTC.
    Malformed,
    /// It is a date outside 1900 to 2199.
    Range,
}

const FIRST_DAY: i64 = -25_567; // 1900-01-01
const LAST_DAY: i64 = 84_005; // 2199-12-31
const SECONDS_PER_DAY: i64 = 86_400;

/// Seconds since 1970-01-01 00:00:00 UTC.
pub(super) fn seconds(text: &[u8]) -> Result<i64, DateError> {
    let civil = Civil::usual(text).or_else(|| Civil::unusual(text)).ok_or(DateError::Malformed)?;
    civil.seconds()
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    offset_minutes: i64,
}

impl Civil {
    /// The form that exports have used since the first one; nothing else is looked at for speed.
    fn usual(text: &[u8]) -> Option<Civil> {
        let text: &[u8; 25] = text.try_into().ok()?;
        let marks = [text[4], text[7], text[10], text[13], text[16], text[19]];
        if marks != *b"-- :: " {
            return None;
        }
        let sign = match text[20] {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        Some(Civil {
            year: two(text, 0)? * 100 + two(text, 2)?,
            month: two(text, 5)?,
            day: two(text, 8)?,
            hour: two(text, 11)?,
            minute: two(text, 14)?,
            second: two(text, 17)?,
            offset_minutes: sign * offset(two(text, 21)?, two(text, 23)?)?,
        })
    }

    /// Forms seen in exports of 12-hour locales and of tools: `2024-01-01 1:01:42 PM +0200`, a `T`, `Z`, `+02:00`.
    fn unusual(text: &[u8]) -> Option<Civil> {
        let text = std::str::from_utf8(text).ok()?;
        let mut scan = Scan(text.trim());
        let year = scan.number(4, 4)?;
        scan.mark('-')?;
        let month = scan.number(1, 2)?;
        scan.mark('-')?;
        let day = scan.number(1, 2)?;
        if scan.mark('T').is_none() {
            scan.blanks()?;
        }
        let hour = scan.number(1, 2)?;
        scan.mark(':')?;
        let minute = scan.number(2, 2)?;
        scan.mark(':')?;
        let second = scan.number(2, 2)?;
        let had_blanks = scan.blanks().is_some();
        let hour = match scan.half_of_day() {
            Some(afternoon) if (1..=12).contains(&hour) => hour % 12 + if afternoon { 12 } else { 0 },
            Some(_) => return None,
            None => hour,
        };
        if !had_blanks || !scan.0.starts_with(['+', '-', 'Z']) {
            scan.blanks();
        }
        let offset_minutes = scan.offset()?;
        scan.0.is_empty().then_some(Civil { year, month, day, hour, minute, second, offset_minutes })
    }

    fn seconds(&self) -> Result<i64, DateError> {
        if self.hour > 23 || self.minute > 59 || self.second > 60 {
            return Err(DateError::Malformed);
        }
        if self.day < 1 || !(1..=12).contains(&self.month) || self.day > month_length(self.year, self.month) {
            return Err(DateError::Malformed);
        }
        let day = days_from_civil(self.year, self.month, self.day);
        if !(FIRST_DAY + 1..LAST_DAY).contains(&day) {
            return Err(DateError::Range); // a day from each end, so that no time zone leaves the calendar
        }
        Ok(day * SECONDS_PER_DAY + self.hour * 3600 + (self.minute - self.offset_minutes) * 60 + self.second)
    }
}

struct Scan<'t>(&'t str);

impl Scan<'_> {
    fn number(&mut self, shortest: usize, longest: usize) -> Option<i64> {
        let length = self.0.bytes().take(longest).take_while(u8::is_ascii_digit).count();
        if length < shortest {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok()
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.0 = self.0.strip_prefix(mark)?;
        Some(())
    }

    fn blanks(&mut self) -> Option<()> {
        let rest = self.0.trim_start();
        let had_some = rest.len() < self.0.len();
        self.0 = rest;
        had_some.then_some(())
    }

    fn half_of_day(&mut self) -> Option<bool> {
        let head = self.0.as_bytes().get(..2)?.to_ascii_lowercase();
        let afternoon = match head.as_slice() {
            b"am" => false,
            b"pm" => true,
            _ => return None,
        };
        self.0 = &self.0[2..];
        Some(afternoon)
    }

    fn offset(&mut self) -> Option<i64> {
        if self.mark('Z').is_some() {
            return Some(0);
        }
        let sign = if self.mark('+').is_some() { 1 } else { -self.mark('-').map(|()| 1)? };
        let hours = self.number(2, 2)?;
        self.mark(':');
        Some(sign * offset(hours, self.number(2, 2)?)?)
    }
}

fn offset(hours: i64, minutes: i64) -> Option<i64> {
    (hours <= 15 && minutes <= 59).then_some(hours * 60 + minutes)
}

fn two(text: &[u8; 25], at: usize) -> Option<i64> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then_some(i64::from(tens) * 10 + i64::from(ones))
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a Gregorian date: years counted from March, 400-year eras of 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_form_is_read_with_its_offset() {
        // 2024-01-01 00:00 UTC is 1,704,067,200 (from `date -u -d 2024-01-01 +%s`).
        assert_eq!(seconds(b"2024-01-01 01:01:42 +0200"), Ok(1_704_067_200 - 3600 + 102));
        assert_eq!(seconds(b"2024-01-01 01:01:42 -0330"), Ok(1_704_067_200 + 3600 + 102 + 12_600));
        assert_eq!(seconds(b"1970-01-01 00:00:00 +0000"), Ok(0));
    }

    #[test]
    fn other_spellings_give_the_same_instant() {
        let expected = seconds(b"2024-01-01 13:01:42 +0200");
        for text in [
            "2024-01-01 1:01:42 PM +0200",
            "2024-01-01 1:01:42\u{202f}pm +0200",
            "2024-01-01T13:01:42+02:00",
            "2024-01-01T11:01:42Z",
        ] {
            assert_eq!(seconds(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn midnight_and_noon_of_twelve_hours_are_told_apart() {
        assert_eq!(seconds(b"2024-01-01 12:00:00 AM +0000"), Ok(1_704_067_200));
        assert_eq!(seconds(b"2024-01-01 12:00:00 PM +0000"), Ok(1_704_067_200 + 43_200));
    }

    #[test]
    fn dates_outside_the_calendar_are_refused() {
        assert_eq!(seconds(b"1601-01-01 00:00:00 +0000"), Err(DateError::Range));
        assert_eq!(seconds(b"9999-12-31 00:00:00 +0000"), Err(DateError::Range));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2024",
            "2024-02-30 00:00:00 +0000",
            "2023-02-29 00:00:00 +0000",
            "2024-01-01 25:00:00 +0000",
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00 +9900",
            "2024-01-01 13:00:00 PM +0000",
            "NaN",
        ] {
            assert_eq!(seconds(text.as_bytes()), Err(DateError::Malformed), "{text}");
        }
    }

    #[test]
    fn the_days_of_four_centuries_are_consecutive() {
        let mut expected = days_from_civil(1899, 12, 31);
        for year in 1900..2300 {
            for month in 1..=12 {
                for day in 1..=month_length(year, month) {
                    expected += 1;
                    assert_eq!(days_from_civil(year, month, day), expected);
                }
            }
        }
        assert_eq!(days_from_civil(1970, 1, 1), 0);
    }
}
