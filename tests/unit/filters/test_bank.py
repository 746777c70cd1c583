"""Banks: weights by Bayes' rule, regimes that switch, and bytes to go on from."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model, run
from lex7.filters.bank import scaled_models
from lex7.filters.components import AutoRegression, Free, Level, Regression, Season
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError, FilterDivergedError

DRAW = np.random.default_rng(21)
DAYS = np.arange(300) * NS_PER_DAY
MODEL = Model((Level(0.1), AutoRegression(0.5, 2.0)), 0.3)
QUIET_THEN_WILD = np.concatenate([DRAW.normal(0, 0.3, 150), DRAW.normal(0, 3.0, 150)])


def test_without_forgetting_the_weights_are_bayes_posterior() -> None:
    models = scaled_models(MODEL, (0.5, 1.0, 2.0), (1.0,))
    bank = Bank(models, forgetting=1.0)
    for time, value in zip(DAYS[:40], QUIET_THEN_WILD[:40], strict=True):
        bank.update(int(time), float(value))
    # The diffuse first value has no density; all models share that term.
    logliks = np.array([run(one, DAYS[:40], QUIET_THEN_WILD[:40]).loglik for one in models])
    known = np.exp(logliks - logliks.max())
    np.testing.assert_allclose(bank.weights(), known / known.sum(), rtol=1e-9)


def test_a_bank_follows_a_switch_of_regime() -> None:
    models = scaled_models(MODEL, (0.3, 1.0, 3.0, 10.0), (1.0,))
    bank, single = Bank(models, forgetting=0.9), Filter(MODEL)
    density, plain, heaviest = 0.0, 0.0, []
    for time, value in zip(DAYS, QUIET_THEN_WILD, strict=True):
        density += bank.update(int(time), float(value))[2]
        innovation, variance, _ = single.update(int(time), float(value))
        if np.isfinite(variance):
            plain -= 0.5 * (np.log(2 * np.pi * variance) + innovation**2 / variance)
        heaviest.append(int(np.argmax(bank.weights())))
    assert heaviest[140] <= 1
    assert heaviest[-1] == 3
    assert density > plain + 1000


def test_mixture_moments_are_those_of_the_parts() -> None:
    models = scaled_models(MODEL, (1.0, 2.0), (0.5, 2.0))
    bank = Bank(models, forgetting=0.95)
    singles = [Filter(one) for one in models]
    for time, value in zip(DAYS[:30], QUIET_THEN_WILD[:30], strict=True):
        bank.update(int(time), float(value))
        [one.update(int(time), float(value)) for one in singles]
    beliefs, weights = [one.belief() for one in singles], bank.weights()
    mean = sum(weight * one.mean for weight, one in zip(weights, beliefs, strict=True))
    cov = sum(
        weight * (one.cov + np.outer(one.mean - mean, one.mean - mean))
        for weight, one in zip(weights, beliefs, strict=True)
    )
    np.testing.assert_allclose(bank.belief().mean, mean, atol=1e-13)
    np.testing.assert_allclose(bank.belief().cov, cov, atol=1e-13)


def test_a_restored_bank_goes_on_with_the_same_bits() -> None:
    models = scaled_models(MODEL, (0.5, 2.0), (1.0, 3.0))
    whole, first = Bank(models, forgetting=0.9), Bank(models, forgetting=0.9)
    for time, value in zip(DAYS[:20], QUIET_THEN_WILD[:20], strict=True):
        whole.update(int(time), float(value))
        first.update(int(time), float(value))
    second = Bank(models, forgetting=0.9, saved=first.to_bytes())
    for time, value in zip(DAYS[20:40], QUIET_THEN_WILD[20:40], strict=True):
        whole.update(int(time), float(value))
        second.update(int(time), float(value))
    assert second.to_bytes() == whole.to_bytes()


def test_a_refused_value_leaves_the_bank_as_it_was() -> None:
    bank = Bank(scaled_models(MODEL, (1.0, 2.0), (1.0,)), forgetting=0.9)
    bank.update(10, 1.0)
    before = bank.to_bytes()
    with pytest.raises(FilterArgumentError):
        bank.update(5, 1.0)
    assert bank.to_bytes() == before


def test_an_overflow_in_one_filter_takes_all_of_them_back() -> None:
    models = (Model((Regression(0, 1.0),), 1.0), Model((Regression(0, 1e100),), 1.0))
    bank = Bank(models, forgetting=0.9)
    bank.update(0, 1.0, [1.0])
    before = bank.to_bytes()
    with pytest.raises(FilterDivergedError):
        bank.update(10**17, 1.0, [1e100])
    assert bank.to_bytes() == before


def test_missing_values_leave_the_weights_alone() -> None:
    bank = Bank(scaled_models(MODEL, (1.0, 2.0), (1.0,)), forgetting=0.9)
    for time, value in zip(DAYS[:9], QUIET_THEN_WILD[:9], strict=True):
        bank.update(int(time), float(value))
    before = bank.weights()
    innovation, _, density = bank.update(int(DAYS[9]), float("nan"))
    assert np.isnan(innovation)
    assert density == 0.0
    np.testing.assert_array_equal(bank.weights(), before)


@pytest.mark.parametrize(
    ("models", "forgetting"),
    [
        ((), 0.9),
        ((MODEL, Model((Level(1.0),), 1.0)), 0.9),
        ((MODEL,), 0.0),
        ((MODEL,), 1.5),
        ((MODEL,), float("nan")),
    ],
)
def test_banks_that_cannot_be_are_refused(models: tuple[Model, ...], forgetting: float) -> None:
    with pytest.raises(FilterArgumentError):
        Bank(models, forgetting=forgetting)


@pytest.mark.parametrize("cut", [0, 3, 9, 40])
def test_damaged_bank_bytes_are_refused(cut: int) -> None:
    bank = Bank((MODEL,), forgetting=0.9)
    bank.update(0, 1.0)
    data = bank.to_bytes()
    with pytest.raises(FilterArgumentError):
        Bank((MODEL,), forgetting=0.9, saved=data[:cut] + data[cut + 1 :])


def test_a_fresh_or_diffuse_bank_says_so() -> None:
    model = Model((Level(0.1), Season(0.1, 7.0, 1)), 0.3)
    bank = Bank((model,), forgetting=0.9)
    with pytest.raises(FilterArgumentError):
        bank.belief()
    with pytest.raises(FilterArgumentError):
        bank.to_bytes()
    bank.update(0, 1.0)
    with pytest.raises(FilterDiffuseError):
        bank.belief()


def test_free_models_cannot_be_scaled() -> None:
    with pytest.raises(FilterArgumentError):
        scaled_models(Model((Level(Free()),), 1.0), (1.0,), (1.0, 2.0))
