//! Scenarios of money: daily paths of cash and spending, and what they say about runway.
//!
//! One path draws a spending level m (drift uncertainty) and its mean-reverting deviation l, then day by day
//!
//! ```text
//! l_d     = ρ l_{d-1} + wander · z                 deviation of the everyday level
//! flow_d  = max(m + l_d + weekday_d, 0) · g + noise · z     g ≥ 0, mean 1, heavy-tailed
//! spend_d = flow_d + bill_d + shock_d              shocks: compound Poisson with a rate drawn per path
//! cash_d  = cash_{d-1} + income_d - spend_d
//! ```
//!
//! The runway row of a day d asks for the same path with income off from d on: it is `cash_d` minus the most
//! that is spent from d up to any day of the window, so it is negative exactly where cash would cross zero
//! inside the window (first passage, DESIGN §7). Every number is a function of (key, path, day): any chunk of
//! paths gives the same bits. This module knows no currency and no rule.

use crate::quantiles::Quantiles;
use crate::rng::{gamma, normal, philox, uniform};

const STREAM_DAY: u32 = 0;
const STREAM_PATH: u32 = 1;
const STREAM_RATE: u32 = 2;
const STREAM_BILL: u32 = 3;
const STREAM_SHOCK: u32 = 4;
const STREAM_NOISE: u32 = 5;

/// The law of one path, apart from its calendar.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Cash at the origin.
    pub cash: f64,
    /// Mean of the constant level m and of the deviation l at the origin.
    pub level: [f64; 2],
    /// Covariance of (m, l): mm, ml, ll.
    pub level_cov: [f64; 3],
    /// ρ, the share of a deviation that is left after one day.
    pub reversion: f64,
    /// Standard deviation of one day's step of l.
    pub wander: f64,
    /// Coefficient of variation of the factor g.
    pub spread: f64,
    /// Standard deviation of additive noise of a day's flow (0 in products: spending is never negative).
    pub noise: f64,
    /// Unscheduled income per day: mean, variance of that mean, standard deviation of one day.
    pub income: [f64; 3],
    /// Shocks: shape and rate (in days) of the gamma law of their rate, smallest size, mean excess over it.
    pub shock: [f64; 4],
    /// Standard deviation, per day ahead, of the drift of scheduled amounts (one for bills, one for income).
    pub drift: f64,
}

/// What the calendar adds on each day 1..=n after the origin.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// Weekday offset of the everyday level.
    pub weekday: &'a [f64],
    /// Scheduled bills, mean.
    pub bills: &'a [f64],
    /// Scheduled bills, standard deviation.
    pub bills_sd: &'a [f64],
    /// Scheduled income, mean.
    pub income: &'a [f64],
    /// Scheduled income, standard deviation.
    pub income_sd: &'a [f64],
}

/// Why scenarios cannot be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioError {
    /// The calendar's columns have different lengths.
    Columns,
    /// A row starts or ends outside the calendar, or ends before it starts.
    Row,
    /// A number of the law is not finite, or a spread is negative.
    Law,
}

impl Law {
    fn is_sound(&self) -> bool {
        let spreads =
            [self.level_cov[0], self.level_cov[2], self.wander, self.spread, self.noise, self.drift];
        let finite = [self.cash, self.reversion, self.level_cov[1], self.level[0], self.level[1]];
        spreads.iter().chain(&self.income[1..]).chain(&self.shock).all(|x| x.is_finite() && *x >= 0.0)
            && finite.iter().chain(&self.income).all(|x| x.is_finite())
            && (0.0..=1.0).contains(&self.reversion)
    }
}

impl Calendar<'_> {
    fn days(&self) -> Result<Vec<Scheduled>, ScenarioError> {
        let count = self.weekday.len();
        let others = [self.bills, self.bills_sd, self.income, self.income_sd];
        if others.iter().any(|column| column.len() != count) {
            return Err(ScenarioError::Columns);
        }
        let day = |at: usize| Scheduled {
            weekday: self.weekday[at],
            bill: self.bills[at],
            pay: self.income[at],
            bill_sd: self.bills_sd[at],
            pay_sd: self.income_sd[at],
        };
        Ok((0..count).map(day).collect())
    }
}

/// The calendar's columns for one day, side by side in memory.
#[derive(Clone, Copy, Debug)]
struct Scheduled {
    weekday: f64,
    bill: f64,
    pay: f64,
    bill_sd: f64,
    pay_sd: f64,
}

/// The paths of one law on one calendar, drawn one at a time.
#[derive(Debug)]
pub struct Paths {
    law: Law,
    days: Vec<Scheduled>,
    key: [u32; 2],
    factors: Quantiles,
    normals: Quantiles,
    level_root: [f64; 3],
}

impl Paths {
    /// Check the law and prepare its tables.
    pub fn new(law: Law, calendar: Calendar<'_>, key: [u32; 2]) -> Result<Self, ScenarioError> {
        if !law.is_sound() {
            return Err(ScenarioError::Law);
        }
        let days = calendar.days()?;
        let [mm, ml, ll] = law.level_cov;
        let first = libm::sqrt(mm);
        let slope = if first > 0.0 { ml / first } else { 0.0 };
        let level_root = [first, slope, libm::sqrt((ll - slope * slope).max(0.0))];
        let (factors, normals) = (Quantiles::factor(law.spread), Quantiles::normal());
        Ok(Self { law, days, key, factors, normals, level_root })
    }

    /// Days after the origin that a path covers.
    pub fn day_count(&self) -> usize {
        self.days.len()
    }

    /// Fill cumulative income and cumulative spending of one path; index 0 is the origin.
    ///
    /// Both slices have `day_count() + 1` elements.
    pub fn draw(&self, path: u32, earned: &mut [f64], spent: &mut [f64]) {
        let law = &self.law;
        let start = philox(self.key, [0, path, STREAM_PATH, 0]);
        let (z_level, z_deviation) = (normal(start[0]), normal(start[1]));
        let constant = law.level[0] + self.level_root[0] * z_level;
        let mut deviation = law.level[1] + self.level_root[1] * z_level + self.level_root[2] * z_deviation;
        let income = law.income[0] + libm::sqrt(law.income[1]) * normal(start[2]);
        let bill_drift = law.drift * normal(start[3]);
        let pay_drift = law.drift * normal(philox(self.key, [1, path, STREAM_PATH, 0])[0]);
        let hit_below = self.shock_threshold(path);
        let (mut sum_in, mut sum_out) = (0.0, 0.0);
        earned[0] = 0.0;
        spent[0] = 0.0;
        let sums = earned[1..].iter_mut().zip(spent[1..].iter_mut());
        for ((day, scheduled), (sum_earned, sum_spent)) in (0_u32..).zip(&self.days).zip(sums) {
            let words = philox(self.key, [day, path, STREAM_DAY, 0]);
            deviation = law.reversion * deviation + law.wander * self.normals.at(words[0]);
            let level = (constant + deviation + scheduled.weekday).max(0.0);
            let mut flow = level * self.factors.at(words[1]);
            if law.noise > 0.0 {
                flow += law.noise * normal(philox(self.key, [day, path, STREAM_NOISE, 0])[0]);
            }
            if words[3] < hit_below {
                flow += self.shock_size(path, day);
            }
            let gain = income + law.income[2] * self.normals.at(words[2]);
            let (bill, pay) = self.scheduled(path, day, scheduled);
            let ahead = f64::from(day + 1);
            sum_out += flow + (bill + bill * bill_drift * ahead).max(0.0);
            sum_in += gain + (pay + pay * pay_drift * ahead);
            *sum_spent = sum_out;
            *sum_earned = sum_in;
        }
    }

    /// The word below which a day of this path holds a shock: its probability 1 - e^{-rate}.
    fn shock_threshold(&self, path: u32) -> u32 {
        let [shape, rate_days, _, _] = self.law.shock;
        if shape <= 0.0 || rate_days <= 0.0 {
            return 0;
        }
        let rate = gamma(self.key, path, STREAM_RATE, shape) / rate_days;
        let probability = -libm::expm1(-rate);
        (probability * 4_294_967_295.0) as u32
    }

    #[cold]
    fn shock_size(&self, path: u32, day: u32) -> f64 {
        let words = philox(self.key, [day, path, STREAM_SHOCK, 0]);
        self.law.shock[2] - self.law.shock[3] * libm::log(uniform(words[0]))
    }

    #[inline]
    fn scheduled(&self, path: u32, day: u32, on: &Scheduled) -> (f64, f64) {
        if on.bill_sd <= 0.0 && on.pay_sd <= 0.0 {
            return (on.bill, on.pay);
        }
        let words = philox(self.key, [day, path, STREAM_BILL, 0]);
        ((on.bill + on.bill_sd * normal(words[0])).max(0.0), on.pay + on.pay_sd * normal(words[1]))
    }

    /// Fill one row per (from, until) pair: cash on day `from` minus the most spent from then up to any day
    /// of (from, until].
    ///
    /// `from == until` gives cash itself. `out` holds paths `first..` in row-major order.
    pub fn rows(&self, first: u32, rows: &[(usize, usize)], out: &mut [f64]) -> Result<(), ScenarioError> {
        if rows.iter().any(|&(from, until)| until < from || until > self.days.len()) {
            return Err(ScenarioError::Row);
        }
        let mut earned = vec![0.0; self.days.len() + 1];
        let mut spent = vec![0.0; self.days.len() + 1];
        for (index, line) in out.chunks_exact_mut(rows.len().max(1)).enumerate() {
            self.draw(first + index as u32, &mut earned, &mut spent);
            let is_rising = self.law.noise <= 0.0;
            for (value, &(from, until)) in line.iter_mut().zip(rows) {
                let cash = self.law.cash + earned[from] - spent[from];
                let most = if is_rising { spent[until] } else { largest(&spent[from..=until]) };
                *value = cash - (most - spent[from]);
            }
        }
        Ok(())
    }

    /// Fill the days from `from` until cash crosses zero with income off, one per path.
    ///
    /// The crossing is interpolated inside its day; a path that does not cross gives infinity, one that is
    /// already below zero gives 0.
    pub fn passages(&self, first: u32, from: usize, out: &mut [f64]) -> Result<(), ScenarioError> {
        if from > self.days.len() {
            return Err(ScenarioError::Row);
        }
        let mut earned = vec![0.0; self.days.len() + 1];
        let mut spent = vec![0.0; self.days.len() + 1];
        for (index, value) in out.iter_mut().enumerate() {
            self.draw(first + index as u32, &mut earned, &mut spent);
            let budget = self.law.cash + earned[from];
            *value = crossing(&spent[from..], budget);
        }
        Ok(())
    }
}

fn crossing(spent: &[f64], budget: f64) -> f64 {
    match spent.iter().position(|&sum| sum > budget) {
        None => f64::INFINITY,
        Some(0) => 0.0,
        Some(day) => (day - 1) as f64 + (budget - spent[day - 1]) / (spent[day] - spent[day - 1]),
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(f64::NEG_INFINITY, |most, &value| most.max(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u32; 2] = [7, 7];
    const STEADY: Law = Law {
        cash: 24_000.0,
        level: [110.0, 0.0],
        level_cov: [0.0; 3],
        reversion: 0.99,
        wander: 0.0,
        spread: 0.0,
        noise: 180.0,
        income: [0.0; 3],
        shock: [0.0; 4],
        drift: 0.0,
    };

    fn on_plain_days<T>(law: Law, days: usize, work: impl FnOnce(&Paths) -> T) -> T {
        let none = vec![0.0; days];
        let calendar =
            Calendar { weekday: &none, bills: &none, bills_sd: &none, income: &none, income_sd: &none };
        work(&Paths::new(law, calendar, KEY).expect("the law is sound"))
    }

    fn quantile(values: &[f64], share: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[(share * (values.len() - 1) as f64) as usize]
    }

    // The first passage of a Brownian motion with drift is inverse Gaussian: mean a/v = 24000/110 days, shape
    // a²/σ² = 24000²/180². Points by scipy.stats.invgauss, in months of 365.25/12 days. Paths are watched
    // once a day, which delays a crossing by 0.5826 σ/v days (Siegmund 1985), less half a day of interpolation.
    #[test]
    fn the_first_passage_of_steady_spending_is_inverse_gaussian() {
        let mut months = vec![0.0; 16_384];
        on_plain_days(STEADY, 730, |paths| paths.passages(0, 0, &mut months)).expect("the row is inside");
        let late = 0.582_6 * 180.0 / 110.0;
        months.iter_mut().for_each(|days| *days = (*days - late + 0.5) / 30.437_5);
        for (share, expected) in [(0.05, 5.941), (0.50, 7.125), (0.95, 8.544)] {
            assert!((quantile(&months, share) - expected).abs() < 0.04, "{}", quantile(&months, share));
        }
    }

    #[test]
    fn a_runway_row_is_negative_exactly_where_cash_crosses_zero_in_its_window() {
        let (mut slack, mut days) = (vec![0.0; 500], vec![0.0; 500]);
        on_plain_days(STEADY, 400, |paths| {
            paths.rows(0, &[(30, 213)], &mut slack).expect("the row is inside");
            paths.passages(0, 30, &mut days).expect("the row is inside");
        });
        assert!(slack.iter().any(|value| *value < 0.0) && slack.iter().any(|value| *value > 0.0));
        for (value, wait) in slack.iter().zip(&days) {
            assert_eq!(*value < 0.0, *wait < 183.0, "{value} {wait}");
        }
    }

    #[test]
    fn any_chunk_of_paths_has_the_same_bits() {
        let law = Law { spread: 1.2, noise: 0.0, wander: 3.0, shock: [1.5, 900.0, 800.0, 500.0], ..STEADY };
        on_plain_days(law, 60, |paths| {
            let rows = [(0, 30), (20, 60)];
            let mut whole = vec![0.0; 40];
            let mut part = vec![0.0; 14];
            paths.rows(100, &rows, &mut whole).expect("the rows are inside");
            paths.rows(113, &rows, &mut part).expect("the rows are inside");
            assert_eq!(&whole[26..40], &part[..]);
        });
    }

    #[test]
    fn shocks_come_at_their_rate_and_size() {
        let quiet = Law { level: [0.0; 2], noise: 0.0, ..STEADY };
        let law = Law { shock: [4.0, 1_000.0, 500.0, 250.0], ..quiet };
        let mut left = vec![0.0; 20_000];
        on_plain_days(law, 500, |paths| paths.rows(0, &[(500, 500)], &mut left)).expect("inside");
        // 500 days at 4 per 1,000 days: 2 shocks of 750 on average; variance 2·(750² + 250²) + (500/1000)²·4·750².
        let mean = left.iter().map(|value| 24_000.0 - value).sum::<f64>() / 20_000.0;
        let sd = libm::sqrt(2.0 * (750.0 * 750.0 + 250.0 * 250.0) + 0.25 * 4.0 * 750.0 * 750.0);
        assert!((mean - 1_500.0).abs() < 4.0 * sd / libm::sqrt(20_000.0), "{mean}");
    }

    #[test]
    fn columns_rows_and_laws_that_do_not_fit_are_refused() {
        let (two, three) = ([0.0; 2], [0.0; 3]);
        let torn = Calendar { weekday: &two, bills: &two, bills_sd: &two, income: &two, income_sd: &three };
        assert_eq!(Paths::new(STEADY, torn, KEY).err(), Some(ScenarioError::Columns));
        let wild = Law { cash: f64::NAN, ..STEADY };
        let none = Calendar { income_sd: &two, ..torn };
        assert_eq!(Paths::new(wild, none, KEY).err(), Some(ScenarioError::Law));
        let mut out = [0.0];
        let outside = Paths::new(STEADY, none, KEY).expect("the law is sound").rows(0, &[(1, 3)], &mut out);
        assert_eq!(outside, Err(ScenarioError::Row));
    }
}
