"""One good call of every public class and method of `lex7.filters` that has a state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from good_arguments import (
    AHEAD,
    INPUTS,
    MODEL,
    PLAIN,
    ROWS,
    SETTINGS,
    STEP,
    TIMES,
    VALUES,
    VECTOR,
    Call,
)

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Belief, Filter, run
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.anomaly import (
    AnomalyDetector,
    Surprise,
)
from lex7.filters.bank import scaled_models
from lex7.filters.detector import Detector
from lex7.filters.estimator import StructuralRegressor
from lex7.filters.guard import GuardedFilter
from lex7.filters.kalman import begin
from lex7.filters.lag import FixedLag
from lex7.filters.online import OnlineRegressor
from lex7.filters.rewind import Rewinding
from lex7.filters.timeline import Timeline
from lex7.filters.vector_stream import VectorFilter


def fed(stream: Any, method: str = "update") -> Any:
    """Feed a stream the good rows and return it."""
    for time_ns, value in zip(TIMES.tolist(), VALUES.tolist(), strict=True):
        getattr(stream, method)(time_ns, value)
    return stream


def calls(name: str, kinds: tuple[str, ...], make: Callable[..., Any], **good: Any) -> Call:
    """A call of a class, and of methods of it beside its constructor."""
    return Call((name, *(f"{name}.{kind}" for kind in kinds)), make, good)


def saved(kind: Callable[..., Any], **more: Any) -> Callable[..., Any]:
    """A stream that goes on from bytes, and what it then says."""
    return lambda saved: fed_on(kind(saved=saved, **more))


def fed_on(stream: Any) -> Any:
    """One more value for a stream, and its bytes."""
    method = getattr(stream, "insert", None) or stream.update
    out = method(int(TIMES[-1]) + NS_PER_DAY, 1.0)
    return out, Belief.from_bytes(b"") if stream.to_bytes() == b"" else None


GUARD = {"nis_max": 9.0, "rejects_max": 3}
BANK = scaled_models(PLAIN, (0.5, 2.0), (1.0,))


def fed_all(stream: Any, method: str = "update") -> Any:
    """Feed a stream and return everything it has to say."""
    fed(stream, method)
    said: list[Any] = [stream.belief()]
    said += [getattr(stream, name)() for name in ("weights", "to_bytes") if hasattr(stream, name)]
    return said


def learned(learner: OnlineRegressor) -> OnlineRegressor:
    """An online regressor that has seen the good rows."""
    for value in VALUES.tolist():
        learner.learn_one({"load": 0.5}, value)
    return learner


STREAM_CALLS = [
    calls(
        "Filter",
        ("to_bytes", "state_hash", "belief"),
        lambda model, belief: fed_all(Filter(model, belief)),
        model=PLAIN,
        belief=begin(PLAIN, 0),
    ),
    calls("Filter", (), Filter(MODEL).update, **STEP, observation_sd=0.5, inputs=(1.0,)),
    calls(
        "Bank",
        ("weights", "belief", "to_bytes"),
        lambda models, forgetting: fed_all(Bank(models, forgetting=forgetting)),
        models=BANK,
        forgetting=0.9,
    ),
    calls("Bank", (), Bank((MODEL, MODEL), forgetting=0.9).update, **STEP, inputs=(1.0,)),
    calls(
        "Bank",
        (),
        saved(lambda saved: Bank(BANK, forgetting=0.9, saved=saved)),
        saved=fed(Bank(BANK, forgetting=0.9)).to_bytes(),
    ),
    calls(
        "AdaptiveFilter",
        ("belief", "to_bytes", "observation_sd"),
        lambda model, forgetting, strength: fed_all(
            AdaptiveFilter(model, forgetting=forgetting, strength=strength)
        ),
        model=PLAIN,
        forgetting=0.9,
        strength=4.0,
    ),
    calls(
        "AdaptiveFilter",
        ("update",),
        AdaptiveFilter(MODEL, forgetting=0.9).update,
        **STEP,
        inputs=(1.0,),
    ),
    calls(
        "AdaptiveFilter",
        (),
        saved(lambda saved: AdaptiveFilter(PLAIN, forgetting=0.9, saved=saved)),
        saved=fed(AdaptiveFilter(PLAIN, forgetting=0.9)).to_bytes(),
    ),
    calls(
        "GuardedFilter",
        ("belief", "to_bytes"),
        lambda model, nis_max, rejects_max: fed_all(
            GuardedFilter(model, nis_max=nis_max, rejects_max=rejects_max)
        ),
        model=PLAIN,
        **GUARD,
    ),
    calls(
        "GuardedFilter",
        ("update",),
        GuardedFilter(MODEL, **GUARD).update,
        **STEP,
        observation_sd=0.5,
        inputs=(1.0,),
    ),
    calls(
        "GuardedFilter",
        (),
        saved(lambda saved: GuardedFilter(PLAIN, **GUARD, saved=saved)),
        saved=fed(GuardedFilter(PLAIN, **GUARD)).to_bytes(),
    ),
    calls(
        "Timeline",
        ("insert", "belief", "to_bytes", "state_hash", "horizon_ns"),
        lambda model, rows_max: fed_all(Timeline(model, rows_max=rows_max), "insert"),
        model=PLAIN,
        rows_max=64,
    ),
    calls("Timeline", (), Timeline(MODEL).insert, **STEP, observation_sd=0.5, inputs=(1.0,)),
    calls(
        "Timeline",
        (),
        saved(lambda saved: Timeline(PLAIN, saved=saved)),
        saved=fed(Timeline(PLAIN), "insert").to_bytes(),
    ),
    calls(
        "Timeline",
        ("retract",),
        lambda number: fed(Timeline(PLAIN), "insert").retract(number),
        number=2,
    ),
    calls(
        "FixedLag",
        ("belief",),
        lambda model, lag, belief: fed_all(FixedLag(model, lag, belief)),
        model=PLAIN,
        lag=2,
        belief=begin(PLAIN, 0),
    ),
    calls(
        "FixedLag",
        ("update",),
        FixedLag(MODEL, 1).update,
        **STEP,
        observation_sd=0.5,
        inputs=(1.0,),
    ),
    calls(
        "FixedLag",
        ("from_bytes", "to_bytes", "state_hash"),
        lambda data: fed_on(FixedLag.from_bytes(PLAIN, data)),
        data=fed(FixedLag(PLAIN, 2)).to_bytes(),
    ),
    calls(
        "VectorFilter",
        ("update", "belief"),
        VectorFilter(VECTOR).update,
        time_ns=int(TIMES[0]),
        values=np.array([1.0, 2.0]),
        observation_cov=np.eye(2),
    ),
    calls(
        "VectorFilter",
        ("from_bytes", "to_bytes", "state_hash"),
        lambda data: VectorFilter.from_bytes(VECTOR, data).belief(),
        data=run(PLAIN, TIMES, VALUES).belief.to_bytes(),
    ),
    calls(
        "Surprise",
        ("update", "to_bytes"),
        lambda settings, innovation, variance: Surprise(settings).update(innovation, variance),
        settings=SETTINGS,
        innovation=1.0,
        variance=2.0,
    ),
    calls(
        "Surprise",
        (),
        lambda saved: Surprise(SETTINGS, saved=saved).update(1.0, 1.0),
        saved=Surprise(SETTINGS).to_bytes(),
    ),
    calls(
        "AnomalyDetector",
        (),
        lambda model, settings: fed(AnomalyDetector(model, settings)).update(int(AHEAD[0]), 1.0),
        model=PLAIN,
        settings=SETTINGS,
    ),
    calls(
        "AnomalyDetector",
        ("update",),
        AnomalyDetector(MODEL, SETTINGS).update,
        **STEP,
        inputs=(1.0,),
    ),
    calls(
        "Detector",
        ("update_all", "to_bytes"),
        lambda times_ns, values: Detector().update_all(times_ns, values),
        times_ns=TIMES,
        values=VALUES,
    ),
    calls("Detector", (), lambda time_ns, value: Detector().update(time_ns, value), **STEP),
    calls("Detector", (), saved(Detector), saved=fed(Detector()).to_bytes()),
    calls(
        "StructuralRegressor",
        ("fit", "predict", "predict_interval", "score"),
        lambda X, y: StructuralRegressor().fit(X, y).predict_interval(X),  # noqa: N803
        X=np.column_stack([np.arange(ROWS) * 1.0, INPUTS]),
        y=VALUES,
    ),
    calls(
        "StructuralRegressor",
        (),
        lambda trend, period_days, harmonics, freedom: (
            StructuralRegressor(trend, period_days, harmonics, freedom)
            .fit(np.arange(ROWS)[:, None], VALUES)
            .model_
            and None
        ),
        trend=True,
        period_days=3.0,
        harmonics=1,
        freedom=4.0,
    ),
    calls(
        "StructuralRegressor",
        ("get_params", "set_params"),
        lambda harmonics: (
            StructuralRegressor().set_params(harmonics=harmonics).get_params() and None
        ),
        harmonics=1,
    ),
    calls(
        "OnlineRegressor",
        ("learn_one", "predict_one", "predict_interval_one"),
        lambda x, y: (
            OnlineRegressor(MODEL, ("load",))
            .learn_one(x, y)
            .learn_one(x, y)
            .learn_one(x, y)
            .learn_one(x, y)
            and None
        ),
        x=({"load": 1.0}),
        y=1.0,
    ),
    calls(
        "OnlineRegressor",
        ("forecast", "clone"),
        lambda model, inputs, horizon: learned(OnlineRegressor(model, inputs)).forecast(
            horizon, [{"load": 0.5}] * 3
        ),
        model=PLAIN,
        inputs=("load",),
        horizon=3,
    ),
    calls(
        "Filter",
        ("from_bytes", "to_bytes_or_empty"),
        lambda model, data: Filter.from_bytes(model, data).to_bytes_or_empty() and None,
        model=PLAIN,
        data=fed(Filter(PLAIN)).to_bytes(),
    ),
    calls(
        "AnomalyDetector",
        ("to_bytes",),
        saved(lambda saved: AnomalyDetector(PLAIN, SETTINGS, saved=saved)),
        saved=fed(AnomalyDetector(PLAIN, SETTINGS)).to_bytes(),
    ),
    calls(
        "Rewinding",
        ("insert", "to_bytes", "state_hash"),
        lambda start, rows_max, time_ns, value: fed(
            Rewinding(start, rows_max=rows_max), "insert"
        ).insert(time_ns, value),
        start=Detector,
        rows_max=4,
        **(STEP | {"time_ns": int(TIMES[-1])}),
    ),
    calls(
        "Rewinding",
        ("retract",),
        lambda number: fed(Rewinding(Detector), "insert").retract(number),
        number=2,
    ),
]
