"""Expectation and maximisation against the likelihood's maximum; starts; what is not identified."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.datasets import nile

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, fit
from lex7.filters.components import AutoRegression, Free, Level, Prior, Regression, Season, Trend
from lex7.filters.em import Stopping, fit_em
from lex7.filters.errors import FilterArgumentError
from lex7.filters.robust import Huber

NILE = np.array(nile.load_pandas().data["volume"], dtype=float)
YEARS = np.arange(100) * NS_PER_DAY
LEVEL = Model((Level(Free()),), Free())


def test_rounds_on_the_nile_climb_to_the_published_maximum() -> None:
    found = fit_em(LEVEL, YEARS, NILE, stopping=Stopping(rounds_max=2000, gain_min=1e-9))
    assert found.converged
    assert (np.diff(found.logliks) > -1e-9).all()
    # statsmodels 0.15: the maximum is -633.46456 at variances (15099, 1469).
    assert found.logliks[-1] == pytest.approx(-633.46456, abs=1e-4)
    assert found.model.observation_sd == pytest.approx(15099**0.5, rel=2e-3)


def test_rounds_and_the_search_on_gradients_meet() -> None:
    draw = np.random.default_rng(2)
    times = np.cumsum(draw.integers(NS_PER_DAY // 2, 2 * NS_PER_DAY, size=300))
    values = draw.normal(0, 0.5, 300).cumsum() + draw.normal(0, 1.0, 300)
    values += np.sin(2 * np.pi * times / NS_PER_DAY / 7)
    values[::9] = np.nan
    model = Model((Level(Free()), Season(0.0, 7.0, 1), AutoRegression(0.4, 2.0)), Free())
    searched = fit(model, times, values)
    rounds = fit_em(model, times, values, stopping=Stopping(rounds_max=2000, gain_min=1e-10))
    assert rounds.logliks[-1] == pytest.approx(searched.loglik, abs=1e-4)


@pytest.mark.parametrize("factor", [1.5, 4.0])
def test_rounds_with_priors_meet_the_search_with_the_same_priors(factor: float) -> None:
    model = Model((Level(Free(Prior(10.0, factor))),), Free(Prior(60.0, factor)))
    searched = fit(model, YEARS, NILE)
    rounds = fit_em(model, YEARS, NILE, stopping=Stopping(rounds_max=2000, gain_min=1e-11))
    assert rounds.model.observation_sd == pytest.approx(searched.model.observation_sd, rel=1e-3)
    assert rounds.logliks[-1] == pytest.approx(searched.loglik, abs=1e-2)


def test_fixed_parameters_stay_and_a_start_is_used() -> None:
    model = Model((Level(20.0), Regression(0, Free())), Free())
    inputs = np.sin(np.arange(100.0))[:, None]
    start = Model((Level(20.0), Regression(0, 5.0)), 100.0)
    found = fit_em(model, YEARS, NILE, inputs=inputs, start=start, stopping=Stopping(rounds_max=5))
    assert found.model.components[0] == Level(20.0)
    assert len(found.logliks) == 6
    assert not found.converged


@pytest.mark.parametrize(
    "model",
    [
        Model((AutoRegression(1.0, Free()),), 1.0),
        Model((Level(Free()),), 1.0, Huber(2.0)),
    ],
)
def test_what_rounds_cannot_find_is_refused(model: Model) -> None:
    with pytest.raises(FilterArgumentError):
        fit_em(model, YEARS, NILE)
    with pytest.raises(FilterArgumentError):
        fit_em(LEVEL, YEARS, NILE, start=LEVEL)


def test_a_start_of_the_owner_is_tried_beside_the_others() -> None:
    best = fit(LEVEL, YEARS, NILE)
    again = fit(LEVEL, YEARS, NILE, starts=[best.model])
    assert again.loglik >= best.loglik - 1e-9
    for start in (
        Model((Level(Free()),), 1.0),
        Model((Trend(1.0, 1.0),), 1.0),
        Model((Level(0.0),), 1.0),
    ):
        with pytest.raises(FilterArgumentError):
            fit(LEVEL, YEARS, NILE, starts=[start])


def test_a_parameter_without_information_is_named_in_a_sentence() -> None:
    twins = Model((Level(Free()), AutoRegression(Free(), Free())), Free())
    noise = np.random.default_rng(1).normal(size=60)
    found = fit(twins, np.arange(60) * NS_PER_DAY, noise)
    assert "AutoRegression[1].decay_days" in found.unidentified
    sentences = {one.name: one.answer for one in found.parameters}
    assert "is not identified" in sentences["AutoRegression[1].decay_days"]
    clear = fit(LEVEL, YEARS, NILE)
    assert clear.unidentified == ()
    assert clear.parameters[0].answer.startswith("observation_sd is 122.")
