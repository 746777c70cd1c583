"""The adapters against the filters and, where installed, against their libraries' checks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run
from lex7.filters.components import Level, Regression, Season
from lex7.filters.errors import FilterArgumentError
from lex7.filters.estimator import EstimatorInputError, StructuralRegressor
from lex7.filters.online import TIME, OnlineRegressor

DRAW = np.random.default_rng(17)
DAYS = np.sort(DRAW.uniform(0, 200, size=250))
LOAD = DRAW.normal(size=250)
TRUTH = 5 + np.sin(2 * np.pi * DAYS / 7) + 2.0 * LOAD
Y = TRUTH + DRAW.normal(0, 0.3, 250)
X = np.column_stack([DAYS, LOAD])


def test_a_regressor_learns_season_and_input_and_does_not_mind_the_order_of_rows() -> None:
    shuffle = DRAW.permutation(200)
    learned = StructuralRegressor(period_days=7.0).fit(X[shuffle], Y[shuffle])
    mean, sd = learned.predict_interval(X[200:])
    # R² of the truth against its own noise is about 0.98.
    assert learned.score(X[200:], Y[200:]) > 0.95
    assert (np.abs(mean - Y[200:]) < 1.96 * sd).mean() > 0.85
    again = StructuralRegressor(period_days=7.0).fit(X[:200], Y[:200])
    np.testing.assert_array_equal(again.predict(X[200:]), mean)


def test_predictions_between_fitted_times_interpolate_in_the_order_asked() -> None:
    learned = StructuralRegressor(trend=True, freedom=4.0).fit(DAYS[::2, None], DAYS[::2] * 0.5)
    asked = DAYS[1::2][::-1]
    inside = asked < DAYS[-2]
    np.testing.assert_allclose(
        learned.predict(asked[:, None])[inside], asked[inside] * 0.5, atol=0.05
    )


def test_arguments_can_be_read_set_and_cloned() -> None:
    first = StructuralRegressor(trend=True, harmonics=2)
    copy = StructuralRegressor(**first.get_params())
    assert copy.set_params(harmonics=1).get_params()["harmonics"] == 1
    assert repr(first) == (
        "StructuralRegressor(trend=True, period_days=None, harmonics=2, freedom=None)"
    )
    with pytest.raises(EstimatorInputError):
        first.set_params(depth=3)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (DAYS, Y),
        (X[:5], Y),
        (X * np.nan, Y),
        (X * 1e9, Y),
        (X, Y + np.inf),
        (X[:1], Y[:1]),
        (X[:0], Y[:0]),
        (X[:, :0], Y),
        (X.astype(complex), Y),
    ],
)
def test_tables_that_do_not_fit_raise_a_value_error_of_ours(x: np.ndarray, y: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected [XYxy]") as caught:
        StructuralRegressor().fit(x, y)
    assert isinstance(caught.value, EstimatorInputError)


def test_a_fresh_regressor_and_another_width_are_refused() -> None:
    with pytest.raises(EstimatorInputError):
        StructuralRegressor().predict(X)
    with pytest.raises(EstimatorInputError):
        StructuralRegressor().fit(X[:50], Y[:50]).predict(X[:, :1])


LEFT_OUT = {
    # Our own error is raised; scikit-learn's class would need scikit-learn.
    "check_estimators_unfitted",
    # Object, complex and sparse arrays are refused with our sentence, not with theirs.
    "check_complex_data",
    "check_dtype_object",
    "check_estimator_sparse_tag",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    # A column (n, 1) as y is refused, not flattened with a warning.
    "check_supervised_y_2d",
    # NaN in y is a missing value here, not a mistake.
    "check_supervised_y_no_nan",
    "check_requires_y_none",
    # They ask for their own sentences about one row.
    "check_fit2d_1sample",
    "check_fit1d",
    "check_fit2d_predict1d",
    "check_estimators_empty_data_messages",
    "check_estimators_nan_inf",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn_hold_but_for_those_named() -> None:
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="needs scikit-learn")
    found = checks.check_estimator(StructuralRegressor(), on_fail=None)
    failed = {one["check_name"] for one in found if one["status"] == "failed"}
    assert failed <= LEFT_OUT
    assert sum(one["status"] == "passed" for one in found) >= 35
    base = pytest.importorskip("sklearn.base")
    assert base.clone(StructuralRegressor(harmonics=2)).harmonics == 2


MODEL = Model((Level(0.2), Season(0.02, 7.0, 1), Regression(0)), 0.5)


def streamed() -> OnlineRegressor:
    learner = OnlineRegressor(MODEL, ("load",))
    for day, (load, y) in enumerate(zip(LOAD[:60], Y[:60], strict=True)):
        learner.learn_one({"load": load}, y)
        assert learner._last_ns == day * NS_PER_DAY
    return learner


def test_an_online_regressor_expects_what_the_filter_does() -> None:
    learner = streamed()
    days = np.arange(61) * NS_PER_DAY
    whole = run(MODEL, days, Y[:61], inputs=LOAD[:61, None])
    mean, sd = learner.predict_interval_one({"load": LOAD[60]})
    assert Y[60] - mean == pytest.approx(whole.innovations[60], rel=1e-12)
    assert sd**2 == pytest.approx(whole.innovation_vars[60], rel=1e-12)
    ahead = learner.forecast(
        3, [{"load": 0.0}, {"load": 1.0}, {"load": 0.0, TIME: 70 * NS_PER_DAY}]
    )
    assert len(ahead) == 3
    assert learner.forecast(1, [{"load": LOAD[60]}])[0] == mean


def test_a_pickled_learner_goes_on_and_a_clone_is_fresh() -> None:
    learner = streamed()
    again = pickle.loads(pickle.dumps(learner))
    for one in (learner, again):
        one.learn_one({"load": 0.3}, 1.0)
    assert again.predict_one({"load": 0.1}) == learner.predict_one({"load": 0.1})
    fresh = learner.clone()
    assert fresh.predict_one({"load": 0.1}) == 0.0
    assert fresh.predict_interval_one({"load": 0.1})[1] == np.inf
    assert fresh.forecast(2, [{"load": 0.1}] * 2) == [0.0, 0.0]


def test_features_that_are_missing_are_named() -> None:
    with pytest.raises(FilterArgumentError, match="load"):
        streamed().predict_one({})
    with pytest.raises(FilterArgumentError):
        OnlineRegressor(MODEL)
    with pytest.raises(FilterArgumentError):
        streamed().forecast(2, [{"load": 1.0}])
    with pytest.raises(FilterArgumentError):
        streamed().learn_one({"load": 1.0, TIME: 0}, 1.0)


@pytest.mark.filterwarnings("ignore")
def test_rivers_progressive_validation_runs_it() -> None:
    evaluate = pytest.importorskip("river.evaluate", reason="needs river")
    metrics = pytest.importorskip("river.metrics")
    base = pytest.importorskip("river.base")

    class Learner(OnlineRegressor, base.Regressor):  # type: ignore[misc, name-defined]
        """The adapter under river's own base class, as the guide shows."""

    rows = [({"load": load}, y) for load, y in zip(LOAD, Y, strict=True)]
    metric = evaluate.progressive_val_score(rows, Learner(MODEL, ("load",)), metrics.MAE())
    assert metric.get() < 1.0
