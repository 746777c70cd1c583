"""Fixed-lag smoothing, the gate with its recovery, and noise that is learned."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Filter, Model, run, smooth
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.components import AutoRegression, Level, Regression, Season, Trend
from lex7.filters.errors import FilterArgumentError
from lex7.filters.guard import GuardedFilter, Judgement, gate
from lex7.filters.lag import FixedLag

DRAW = np.random.default_rng(14)
TIMES = np.cumsum(DRAW.integers(NS_PER_DAY // 10, 2 * NS_PER_DAY, size=60))
VALUES = np.where(DRAW.random(60) < 0.2, np.nan, DRAW.normal(size=60).cumsum())
RICH = Model((Trend(0.4, 0.1), Season(0.05, 7.0, 2), AutoRegression(0.8, 2.0)), 0.5)


@pytest.mark.parametrize("lag", [0, 1, 10])
def test_a_lagged_belief_is_that_of_the_smoother_over_what_came(lag: int) -> None:
    smoother = FixedLag(RICH, lag)
    for row in range(60):
        belief = smoother.update(int(TIMES[row]), float(VALUES[row]))
        if row < 15:
            continue
        whole = smooth(RICH, TIMES[: row + 1], VALUES[: row + 1])
        assert belief is not None
        np.testing.assert_allclose(belief.mean, whole.means[row - lag], atol=1e-9)
        np.testing.assert_allclose(belief.cov, whole.covs[row - lag], atol=1e-9)
        assert belief.time_ns == TIMES[row - lag]


def test_a_lag_smoother_says_nothing_while_the_start_is_diffuse() -> None:
    smoother = FixedLag(RICH, 1)
    early = [smoother.update(int(TIMES[row]), float(VALUES[row])) for row in range(5)]
    assert early == [None] * 5


def test_the_newest_belief_of_a_lag_smoother_is_the_filters() -> None:
    smoother = FixedLag(RICH, 3)
    for time, value in zip(TIMES, VALUES, strict=True):
        smoother.update(int(time), float(value))
    known = run(RICH, TIMES, VALUES).belief
    np.testing.assert_allclose(smoother.belief().mean, known.mean, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(smoother.belief().cov, known.cov, rtol=1e-9, atol=1e-11)


def test_a_value_refused_by_a_lag_smoother_changes_nothing() -> None:
    smoother = FixedLag(Model((Level(0.1), Regression(0)), 1.0), 2)
    smoother.update(10, 1.0, None, [1.0])
    before = smoother.belief().state_hash()
    for time_ns, value, sd, inputs in [
        (5, 1.0, None, [1.0]),
        (20, np.inf, None, [1.0]),
        (20, 1.0, -1.0, [1.0]),
        (20, 1.0, None, []),
    ]:
        with pytest.raises(FilterArgumentError):
            smoother.update(time_ns, value, sd, inputs)
    assert smoother.belief().state_hash() == before
    with pytest.raises(FilterArgumentError):
        FixedLag(RICH, -1)


LEVEL = Model((Level(0.1),), 1.0)


def guarded(values: list[float], rejects_max: int = 3) -> tuple[GuardedFilter, list[Judgement]]:
    stream = GuardedFilter(LEVEL, nis_max=gate(0.999), rejects_max=rejects_max)
    rows = [stream.update(day * NS_PER_DAY, value) for day, value in enumerate(values)]
    return stream, [row.judgement for row in rows]


def test_a_gate_leaves_a_lone_outlier_out() -> None:
    calm = [0.1, -0.2, 0.3, 0.0, 0.1]
    stream, judged = guarded([*calm, 40.0, 0.2])
    assert judged[5:] == [Judgement.REJECTED, Judgement.ACCEPTED]
    plain = run(LEVEL, np.arange(7) * NS_PER_DAY, [*calm, np.nan, 0.2])
    np.testing.assert_allclose(stream.belief().mean, plain.belief.mean, rtol=1e-12)


def test_a_gate_gives_way_to_a_world_that_has_moved() -> None:
    stream, judged = guarded([0.1, -0.2, 0.3, 0.0, 0.1] + [40.0] * 5)
    assert judged[5:9] == [Judgement.REJECTED] * 3 + [Judgement.RECOVERED]
    assert judged[9] == Judgement.ACCEPTED
    assert stream.belief().mean[0] == pytest.approx(40.0, abs=0.5)


def test_a_gate_counts_rejections_across_a_restart() -> None:
    first, _ = guarded([0.1, -0.2, 0.3, 0.0, 0.1, 40.0, 40.0])
    again = GuardedFilter(LEVEL, nis_max=gate(0.999), rejects_max=3, saved=first.to_bytes())
    judged = [again.update(day * NS_PER_DAY, 40.0).judgement for day in (7, 8)]
    assert judged == [Judgement.REJECTED, Judgement.RECOVERED]


def test_a_missing_value_is_neither_taken_nor_rejected() -> None:
    stream, judged = guarded([0.0, np.nan])
    assert judged == [Judgement.ACCEPTED, Judgement.MISSING]
    assert stream.belief().time_ns == NS_PER_DAY


def test_the_gate_of_95_percent_is_the_tabled_one() -> None:
    assert gate(0.95) == pytest.approx(3.841458820694124, rel=1e-12)  # chi-square tables


def test_a_gate_refuses_settings_and_bytes_that_are_none() -> None:
    for nis_max, rejects in [(0.0, 1), (np.nan, 1), (9.0, -1)]:
        with pytest.raises(FilterArgumentError):
            GuardedFilter(LEVEL, nis_max=nis_max, rejects_max=rejects)
    for saved in (b"", b"L7GDxxxxxxxxxxxxxxxxx"):
        with pytest.raises(FilterArgumentError):
            GuardedFilter(LEVEL, nis_max=9.0, rejects_max=1, saved=saved)
    for probability in (0.0, 1.0, np.nan):
        with pytest.raises(FilterArgumentError):
            gate(probability)


def test_learned_noise_follows_a_change_of_ten_times() -> None:
    draw = np.random.default_rng(4)
    values = np.concatenate([draw.normal(0, 1.0, 300), draw.normal(0, 10.0, 300)])
    stream = AdaptiveFilter(LEVEL, forgetting=0.97)
    found = []
    for day, value in enumerate(values.tolist()):
        stream.update(day * NS_PER_DAY, value)
        found.append(stream.observation_sd)
    assert np.median(found[100:300]) == pytest.approx(1.0, rel=0.15)
    assert np.median(found[400:]) == pytest.approx(10.0, rel=0.15)


def test_noise_that_is_never_forgotten_settles_near_its_maximum_likelihood() -> None:
    values = np.random.default_rng(6).normal(0, 3.0, 2000)
    model = Model((Level(0.0),), 1.0)
    stream = AdaptiveFilter(model, forgetting=1.0, strength=2.0)
    for day, value in enumerate(values.tolist()):
        stream.update(day * NS_PER_DAY, value)
    assert stream.observation_sd == pytest.approx(values.std(), rel=0.02)


def test_an_adaptive_filter_restored_goes_on_with_the_same_bits() -> None:
    first = AdaptiveFilter(LEVEL, forgetting=0.9, strength=8.0)
    for day in range(20):
        first.update(day * NS_PER_DAY, float(day % 3))
    second = AdaptiveFilter(LEVEL, forgetting=0.9, saved=first.to_bytes())
    for stream in (first, second):
        stream.update(20 * NS_PER_DAY, 1.5)
    assert first.to_bytes() == second.to_bytes()
    assert isinstance(first.belief(), Belief)


def test_an_adaptive_filter_refuses_what_it_cannot_use() -> None:
    for forgetting, strength in [(0.0, 4.0), (1.1, 4.0), (0.9, 1.0), (np.nan, 4.0)]:
        with pytest.raises(FilterArgumentError):
            AdaptiveFilter(LEVEL, forgetting=forgetting, strength=strength)
    with pytest.raises(FilterArgumentError):
        AdaptiveFilter(Model((Level(1.0),), 0.0), forgetting=0.9)
    with pytest.raises(FilterArgumentError):
        AdaptiveFilter(LEVEL, forgetting=0.9, saved=b"nothing")
    stream = AdaptiveFilter(LEVEL, forgetting=0.9)
    with pytest.raises(FilterArgumentError):
        stream.update(0, np.inf)
    with pytest.raises(FilterArgumentError):
        stream.belief()


def test_a_fresh_filter_stays_the_peer_of_a_gate_that_never_closes() -> None:
    stream = GuardedFilter(RICH, nis_max=1e300, rejects_max=0)
    plain = Filter(RICH)
    for time, value in zip(TIMES, VALUES, strict=True):
        stream.update(int(time), float(value))
        plain.update(int(time), float(value))
    assert stream.belief().state_hash() == plain.state_hash()
