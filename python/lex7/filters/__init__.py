"""Error-state Kalman filters over sums of components: run, forecast, fit, and judge them.

A model is a sum of `components` seen through noise (`robust`). `run`, `smooth`, `forecast` and
`fit` are functions of a model and arrays; `Filter` and `Bank` take values one by one. Beside them:

- many series at once: `batch`; many models of several outputs: `outputs_batch`
- several outputs: `vector`, on a stream `vector_stream`; any matrices: `linear`; what both can
  say beside filtering: `outputs`; fitted whole: `linear_fit`
- nonlinear models and manifolds of your own: `eskf`, `manifold`, many sequences `sequences`
- late and retracted values: `timeline`, `rewind`; each state a few values later: `lag`
- gates, changing noise, events: `guard`, `adaptive`, `anomaly`, `detector`
- looking back: `disturbance`, `simulation`, `consistency`, `windows`; fits by EM: `em`
- tables, other libraries' shapes, pictures: `tables`, `estimator`, `online`, `plots`

The guide with worked examples is docs/howto/filters.md.
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
