//! The gradient against differences of the likelihood.
use super::*;
use crate::filter::{Component, Robust};

fn part(kind: Kind, parameters: &[f64]) -> Component {
    Component { kind, time_ns: 0, parameters: parameters.to_vec(), initial: None }
}

fn with(model: &Model, place: usize, factor: f64) -> Model {
    let mut out = model.clone();
    if place == 0 {
        out.observation_sd *= factor;
        return out;
    }
    let mut left = place - 1;
    for part in &mut out.components {
        if left < part.parameters.len() {
            part.parameters[left] *= factor;
            break;
        }
        left -= part.parameters.len();
    }
    out
}

fn assert_gradient_is_that_of_differences(components: Vec<Component>, places: &[usize]) {
    let day = NS_PER_DAY as i64;
    let times: Vec<i64> = (0..60).map(|i| i * day + (i * i * 7919) % (day / 3)).collect();
    let values: Vec<f64> = (0..60)
        .map(|i| if i % 7 == 3 { f64::NAN } else { libm::sin(i as f64) + 0.1 * f64::from((i * 37) % 11) })
        .collect();
    let inputs: Vec<f64> = (0..60).map(|i| f64::from(i % 5)).collect();
    let series =
        Series { times_ns: &times, values: &values, observation_sd: None, inputs: &inputs, columns: 1 };
    let model = Model { robust: Robust::Gaussian, observation_sd: 0.5, components };
    let (value, gradient) = value_and_gradient(&model, &series, places).expect("a finite likelihood");
    let alone = value_of(&model, &series).expect("a finite likelihood");
    assert!((value - alone).abs() <= 1e-11 * alone.abs(), "{value} and {alone}");
    for (place, slope) in places.iter().zip(gradient) {
        let step = 1e-5;
        let up = value_of(&with(&model, *place, libm::exp(step)), &series).expect("finite");
        let down = value_of(&with(&model, *place, libm::exp(-step)), &series).expect("finite");
        let known = (up - down) / (2.0 * step);
        assert!((slope - known).abs() < 1e-6 * (1.0 + known.abs()), "{place}: {slope} and {known}");
    }
}

#[test]
fn gradient_of_a_level_a_season_and_an_autoregression_is_exact() {
    let parts = vec![
        part(Kind::Level, &[0.2]),
        part(Kind::Season, &[0.05, 7.0, 2.0]),
        part(Kind::AutoRegression, &[0.6, 2.5]),
    ];
    assert_gradient_is_that_of_differences(parts, &[0, 1, 2, 5, 6]);
}

#[test]
fn gradient_of_trends_and_a_regression_is_exact() {
    let parts = vec![part(Kind::Trend, &[0.2, 0.03]), part(Kind::Regression, &[0.1, 0.0])];
    assert_gradient_is_that_of_differences(parts, &[0, 1, 2, 3]);
    let parts = vec![part(Kind::DampedTrend, &[0.2, 0.3, 6.0]), part(Kind::AutoRegression, &[0.4, 0.7])];
    assert_gradient_is_that_of_differences(parts, &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn gradient_beside_hardly_any_noise_is_exact() {
    // The signal's variance exceeds the noise by more than 10⁶ from the first row on: the factored form.
    let day = NS_PER_DAY as i64;
    let times: Vec<i64> = (0..30).map(|i| i * day).collect();
    let values: Vec<f64> = (0..30).map(|i| libm::sin(i as f64)).collect();
    let series = Series { times_ns: &times, values: &values, observation_sd: None, inputs: &[], columns: 0 };
    let components = vec![part(Kind::Trend, &[0.5, 0.1]), part(Kind::AutoRegression, &[0.4, 3.0])];
    let model = Model { robust: Robust::Gaussian, observation_sd: 1e-5, components };
    let (_, gradient) = value_and_gradient(&model, &series, &[1, 2, 3, 4]).expect("a finite likelihood");
    for (place, slope) in [1, 2, 3, 4].iter().zip(gradient) {
        let up = value_of(&with(&model, *place, libm::exp(1e-4)), &series).expect("finite");
        let down = value_of(&with(&model, *place, libm::exp(-1e-4)), &series).expect("finite");
        let known = (up - down) / 2e-4;
        assert!((slope - known).abs() < 1e-5 * (1.0 + known.abs()), "{place}: {slope} and {known}");
    }
}
