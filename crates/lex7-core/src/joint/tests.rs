//! The bounds against closed forms and published values.
use super::*;

fn walk(count: usize) -> Vec<f64> {
    let step = |i: usize, j: usize| (i.min(j) + 1) as f64;
    (0..count * count).map(|k| step(k / count, k % count)).collect()
}

fn identity(count: usize) -> Vec<f64> {
    (0..count * count).map(|k| f64::from(u8::from(k / count == k % count))).collect()
}

#[test]
fn one_row_is_exact() {
    let found = bounds(&[1.3], &[4.0], None).unwrap();
    assert!((found.low - normal_cdf(1.3)).abs() < 2e-9);
    assert!((found.high - normal_cdf(1.3)).abs() < 2e-9);
}

#[test]
fn two_rows_are_exact() {
    let found = bounds(&[0.7, 1.1], &[1.0, 0.6, 0.6, 1.0], None).unwrap();
    let truth = bivariate_normal_cdf(0.7, 1.1, 0.6);
    assert!((found.low - truth).abs() < 3e-9);
    assert!((found.high - truth).abs() < 3e-9);
}

#[test]
fn independent_rows_lie_between_the_bounds() {
    let truth = (0..12).map(|_| normal_cdf(1.9)).product::<f64>();
    let found = bounds(&[1.9; 12], &identity(12), None).unwrap();
    assert!(found.low <= truth && truth <= found.high);
    assert!(found.high - found.low < 0.06);
}

#[test]
fn a_settled_row_decides_or_drops_out() {
    let cov = [1.0, 0.0, 0.0, 0.0];
    assert_eq!(bounds(&[1.0, f64::NEG_INFINITY], &cov, None).unwrap().high, 0.0);
    let open = bounds(&[1.0, f64::INFINITY], &cov, None).unwrap();
    assert!((open.low - normal_cdf(1.0)).abs() < 2e-9);
    assert_eq!(bounds(&[], &[], None).unwrap(), Bounds { low: 1.0, high: 1.0 });
}

#[test]
fn a_random_walk_over_twelve_months_needs_the_published_z() {
    // The exact z is 2.294 for twelve steps of a random walk (Monte Carlo, 1e6 paths); Boole needs 2.638.
    let z = common_z(&walk(12), 0.95, false).unwrap();
    assert!(z > 2.29 && z < 2.294 * 1.006, "{z}");
}

#[test]
fn a_random_walk_over_two_months_of_days_is_nearly_exact() {
    // 60,000 sampled paths need 2.552; the tree of pairs alone needs 2.74.
    let z = common_z(&walk(64), 0.95, false).unwrap();
    assert!(z > 2.53 && z < 2.57, "{z}");
}

#[test]
fn what_the_path_of_neighbours_decides_is_decided() {
    let cov = walk(365);
    for z in [1.0, 2.5, 2.74, 3.0, 4.0] {
        let all = bounds(&[z; 365], &cov, None).unwrap();
        let decided = bounds(&[z; 365], &cov, Some(0.95)).unwrap();
        assert_eq!(all.low >= 0.95, decided.low >= 0.95);
        assert!(decided.low <= all.low && all.high <= decided.high);
    }
}

#[test]
fn the_bound_at_the_common_z_reaches_the_confidence() {
    for count in [1, 2, 12, 63, 65, 200] {
        let cov = walk(count);
        let z = common_z(&cov, 0.9, false).unwrap();
        assert!(bounds(&vec![z; count], &cov, None).unwrap().low >= 0.9);
        assert!(bounds(&vec![z - 1e-5; count], &cov, None).unwrap().low < 0.9 || count == 1);
    }
}

#[test]
fn both_edges_of_a_band_are_events() {
    let z = common_z(&[1.0], 0.95, true).unwrap();
    assert!((z - normal_quantile(0.975)).abs() < 1e-6);
    let found = bounds(&[z, z], &[1.0], None).unwrap();
    assert!((found.low - 0.95).abs() < 1e-8 && (found.high - 0.95).abs() < 1e-8);
}

#[test]
fn a_row_with_room_lets_the_others_relax() {
    let cov = identity(2);
    let common = common_z(&cov, 0.9, false).unwrap();
    let given = reallocate(&[common, 6.0], &cov, 0.9, 0.5).unwrap();
    assert!(given[0] < common && given[1] > common);
    assert!(bounds(&given, &cov, None).unwrap().low >= 0.9);
}

#[test]
fn wrong_shapes_are_refused() {
    assert!(bounds(&[1.0], &[1.0, 2.0], None).is_err());
    assert!(bounds(&[1.0, 2.0, 3.0], &[1.0], None).is_err());
    assert!(bounds(&[f64::NAN], &[1.0], None).is_err());
    assert!(common_z(&[1.0], 1.0, false).is_err());
}

#[test]
fn margins_of_any_size_have_bounds() {
    for z in [1e3, 1e154, 1e300, f64::MAX] {
        let cov = [1.0, 0.5, 0.5, 1.0];
        let sure = bounds(&[z, z], &cov, None).unwrap();
        assert!(sure.low > 0.999_999 && sure.high <= 1.0);
        let lost = bounds(&[-z, z], &cov, None).unwrap();
        assert!(lost.low == 0.0 && lost.high < 1e-6);
    }
}
