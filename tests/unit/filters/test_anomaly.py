"""Scores of anomalies: on a stream, calibrated on calm series, and quick on events."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run
from lex7.filters.anomaly import (
    AnomalyDetector,
    AnomalySettings,
    Surprise,
    score_anomalies,
    score_innovations,
)
from lex7.filters.components import Level
from lex7.filters.errors import FilterArgumentError
from lex7.filters.robust import StudentT

SETTINGS = AnomalySettings()
TIMES = np.arange(3000) * NS_PER_DAY
CALM = np.random.default_rng(3).normal(size=3000)
MODEL = Model((Level(0.01),), 1.0, StudentT(5.0))


def test_a_score_of_a_row_does_not_depend_on_later_rows() -> None:
    whole = score_anomalies(run(MODEL, TIMES, CALM), SETTINGS)
    half = score_anomalies(run(MODEL, TIMES[:1500], CALM[:1500]), SETTINGS)
    np.testing.assert_array_equal(whole[:1500], half)


def test_a_stream_scores_like_a_run() -> None:
    detector = AnomalyDetector(MODEL, SETTINGS)
    pairs = zip(TIMES[:300].tolist(), CALM[:300].tolist(), strict=True)
    streamed = [detector.update(*pair).probability for pair in pairs]
    np.testing.assert_array_equal(
        streamed, score_anomalies(run(MODEL, TIMES, CALM), SETTINGS)[:300]
    )


@pytest.mark.parametrize("overconfidence", [1.0, 9.0, 0.04])
def test_calm_innovations_rarely_score_below_one_in_a_thousand(overconfidence: float) -> None:
    draw = np.random.default_rng(11).standard_t(5.0, size=50_000) * 0.6**0.5
    variances = np.full(50_000, 1.0 / overconfidence)
    rare = score_innovations(draw, variances, SETTINGS) < 1e-3
    # The promise is 1e-3; two tails with Bonferroni stay below it, and not by orders of magnitude.
    assert 1e-4 < rare[1000:].mean() < 2e-3


def test_a_spike_and_a_lasting_change_are_both_seen() -> None:
    values = CALM.copy()
    values[1000] += 12.0
    values[2000:2100] *= 4.0
    scores = score_anomalies(run(MODEL, TIMES, values), SETTINGS)
    assert scores[1000] < 1e-4
    assert scores[2000:2060].min() < 1e-5
    assert scores[1200:1900].min() > 1e-5


def test_missing_values_and_the_warm_up_raise_no_alarm() -> None:
    surprise = Surprise(SETTINGS)
    early = [surprise.update(50.0, 1.0).probability for _ in range(SETTINGS.warmup)]
    missing = surprise.update(np.nan, np.nan)
    diffuse = surprise.update(3.0, np.inf)
    assert early == [1.0] * SETTINGS.warmup
    assert (missing.probability, diffuse.probability) == (1.0, 1.0)


def test_a_score_restored_from_bytes_goes_on_with_the_same_numbers() -> None:
    settings = AnomalySettings(short=0.8, long=0.99, freedom=4.0, warmup=3, trust=5)
    first = Surprise(settings)
    for value in CALM[:50].tolist():
        first.update(value, 1.0)
    second = Surprise(settings, saved=first.to_bytes())
    assert [first.update(v, 1.0) for v in (0.1, 7.0)] == [second.update(v, 1.0) for v in (0.1, 7.0)]


@pytest.mark.parametrize(
    "settings",
    [
        AnomalySettings(short=0.999, long=0.9),
        AnomalySettings(freedom=2.0),
        AnomalySettings(warmup=-1),
        AnomalySettings(trust=0),
        AnomalySettings(short=float("nan")),
    ],
)
def test_settings_outside_their_range_are_refused(settings: AnomalySettings) -> None:
    with pytest.raises(FilterArgumentError):
        Surprise(settings)


@pytest.mark.parametrize("saved", [b"", b"L7SP", b"\0" * 78])
def test_bytes_of_something_else_are_refused(saved: bytes) -> None:
    with pytest.raises(FilterArgumentError):
        Surprise(SETTINGS, saved=saved)
