"""The detector of unusual values: what it must notice, must not know, and the benchmark's score."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from lex7.filters.detector import Detector
from lex7.filters.errors import FilterArgumentError

STEP = 300 * 10**9
ALARM = 0.69
BENCH = Path(__file__).resolve().parents[3] / "bench"


def times(count: int) -> np.ndarray:
    return np.arange(count) * STEP


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def daily(count: int) -> np.ndarray:
    return 10 * np.sin(np.arange(count) * 2 * np.pi / 288) + noise(count)


def scores(values: np.ndarray) -> np.ndarray:
    return Detector().update_all(times(len(values)), values)


def test_a_spike_is_noticed_in_its_own_row() -> None:
    values = noise(2000)
    values[1500] += 12
    found = scores(values)
    assert found[1500] > 0.95
    assert found[1501:1700].max() == 0


def test_a_change_of_level_is_noticed_within_a_dozen_rows() -> None:
    values = noise(2000)
    values[1500:] += 5
    assert scores(values)[1500:1512].max() > 0.9


def test_a_day_without_its_peak_is_noticed_though_no_value_is_unusual() -> None:
    values = daily(3000)
    values[2592 + 72 - 30 : 2592 + 72 + 30] = 0  # the sixty values around one day's peak
    assert np.abs(values[2600:2700]).max() < np.abs(values[:2500]).max()
    assert scores(values)[2630:2730].max() > 0.9


def test_the_first_movement_of_a_flat_stream_is_noticed() -> None:
    values = np.full(1000, 7.0)
    values[700] = 7.001
    found = scores(values)
    assert found[:700].max() < 1e-6
    assert found[700] > 0.9


@pytest.mark.parametrize("kind", ["normal", "student", "lognormal", "poisson"])
def test_alarms_are_rare_whatever_the_distribution(kind: str) -> None:
    draw = np.random.default_rng(3)
    values = {
        "normal": draw.normal(size=15_000),
        "student": draw.standard_t(2, 15_000),
        "lognormal": draw.lognormal(0, 1, 15_000),
        "poisson": draw.poisson(3.0, 15_000).astype(float),
    }[kind]
    assert (scores(values)[750:] > ALARM).sum() <= 12


def test_scores_do_not_depend_on_what_comes_later() -> None:
    values = daily(1500)
    longer = np.concatenate([values, 1e6 * noise(500)])
    np.testing.assert_array_equal(scores(values), scores(longer)[:1500])


def test_scores_do_not_depend_on_the_unit() -> None:
    values = daily(1500)
    np.testing.assert_array_equal(scores(values), scores(values * 1024.0))


def test_a_detector_restored_from_its_bytes_goes_on_with_the_same_bits() -> None:
    values, when = daily(1200), times(1200)
    whole, first = Detector(), Detector()
    expected = whole.update_all(when, values)
    begun = first.update_all(when[:555], values[:555])
    second = Detector(first.to_bytes())
    np.testing.assert_array_equal(
        np.concatenate([begun, second.update_all(when[555:], values[555:])]), expected
    )
    assert second.to_bytes() == whole.to_bytes()


def test_one_by_one_gives_the_scores_of_an_array() -> None:
    values, one = daily(600), Detector()
    found = [one.update(row * STEP, value) for row, value in enumerate(values.tolist())]
    np.testing.assert_array_equal(found, scores(values))


def test_missing_values_move_time_on_and_nothing_else() -> None:
    values = daily(600)
    gaps, when = np.repeat(values, 2), np.repeat(times(600), 2)
    gaps[1::2] = np.nan
    np.testing.assert_array_equal(Detector().update_all(when, gaps)[::2], scores(values))


@pytest.mark.parametrize(
    ("time_ns", "value", "argument"),
    [(-STEP, 1.0, "time_ns"), (STEP, np.inf, "value"), (STEP, 1e300, "value")],
)
def test_what_is_refused_leaves_the_detector_as_it_was(
    time_ns: int, value: float, argument: str
) -> None:
    detector = Detector()
    detector.update(0, 1.0)
    before = detector.to_bytes()
    with pytest.raises(FilterArgumentError) as caught:
        detector.update(time_ns, value)
    with pytest.raises(FilterArgumentError):
        detector.update_all(np.array([0, time_ns]), np.array([1.0, value]))
    assert caught.value.argument == argument
    assert detector.to_bytes() == before


@pytest.mark.parametrize("change", [b"", b"L7DT", b"\x00" * 3000, None])
def test_bytes_that_no_detector_wrote_are_refused(change: bytes | None) -> None:
    good = Detector().to_bytes()
    with pytest.raises(FilterArgumentError):
        Detector(good + b"\x00" * 8 if change is None else change)


def test_the_benchmark_score_is_that_of_the_published_rules() -> None:
    # By hand: one window of 10 rows, alarm in its first row: σ(−1)/σ(−1) = 1; silence: −1.
    sys.path.insert(0, str(BENCH))
    import nab

    series = nab.Series("one", times(200), np.zeros(200), ((100, 109),))
    alarm = np.zeros(200)
    alarm[100] = 1.0
    assert nab.outcome([series], [alarm], "standard").score == pytest.approx(100)
    late = np.zeros(200)
    late[109] = late[160] = 1.0
    sigma = 2 / (1 + np.exp(-0.5)) - 1
    best = 2 / (1 + np.exp(-5)) - 1
    expected = 100 * (sigma / best - 0.11 + 1) / 2  # one row before the end; one far false alarm
    assert nab.outcome([series], [late], "standard").score == pytest.approx(expected)


def test_the_score_on_the_corpus_is_as_recorded() -> None:
    corpus = os.environ.get("LEX7_CORPUS")
    if not corpus or not (Path(corpus) / "nab").is_dir():
        pytest.skip("LEX7_CORPUS with nab/ is not set")
    sys.path.insert(0, str(BENCH))
    import anomaly
    import nab

    files = nab.load(Path(corpus) / "nab")
    found = anomaly.found(files)
    assert nab.outcome(files, found, "standard").score == pytest.approx(72.356, abs=1e-3)
