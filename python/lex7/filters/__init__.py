"""Error-state Kalman filters over sums of components: run, forecast, fit, and judge them.

Components are in `lex7.filters.components`, noise distributions in `lex7.filters.robust`.
"""

from __future__ import annotations

from lex7.filters.bank import Bank
from lex7.filters.belief import Belief
from lex7.filters.consistency import Consistency, score
from lex7.filters.kalman import FilterResult, Forecast, combine, forecast, run, run_all
from lex7.filters.likelihood import Fit, FittedParameter, fit
from lex7.filters.model import Model
from lex7.filters.smoother import Smoothed, smooth, smooth_signal
from lex7.filters.stream import Filter

__all__ = [
    "Bank",
    "Belief",
    "Consistency",
    "Filter",
    "FilterResult",
    "Fit",
    "FittedParameter",
    "Forecast",
    "Model",
    "Smoothed",
    "combine",
    "fit",
    "forecast",
    "run",
    "run_all",
    "score",
    "smooth",
    "smooth_signal",
]
