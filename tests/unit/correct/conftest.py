"""Situations on a purse whose every number is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from purse import CUSHION, HEAD, LEVERS, RESTAURANTS, RUNWAY, Purse

from lex7.correct.answer import Situation
from lex7.directive.read import read


@pytest.fixture
def purse() -> type[Purse]:
    return Purse


@pytest.fixture
def cash_sd() -> Callable[[float], NDArray[np.float64]]:
    return lambda daily: daily * np.sqrt(np.arange(0.0, 366.0))


@pytest.fixture
def situation() -> Callable[..., Situation]:
    def make(forecast: Purse, *texts: str) -> Situation:
        file, findings = read(HEAD + "".join(texts))
        assert findings == ()
        return Situation(file.directives, file.levers, forecast, "USD")

    return make


@pytest.fixture
def text() -> dict[str, str]:
    return {
        "cushion": CUSHION.format(over="pointwise"),
        "cushion jointly": CUSHION.format(over="jointly"),
        "runway": RUNWAY,
        "restaurants": RESTAURANTS.format(severity="hard", weight=""),
        "restaurants soft": RESTAURANTS.format(severity="soft", weight='weight = "1 / 50 USD"'),
        "levers": LEVERS,
    }
