"""One good call of every public function of `lex7.filters`, argument by argument."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from good_arguments import (
    AHEAD,
    AHEAD_OF,
    BELIEF,
    FREE,
    FULL,
    INPUTS,
    LINEAR,
    MODEL,
    PAIRS,
    PLAIN,
    RESULT,
    ROWS,
    SDS,
    SEEN,
    SETTINGS,
    STATE,
    TIMES,
    VALUES,
    VECTOR,
    Call,
    Many,
    Spiral,
    Turning,
)

from lex7.base.civil import NS_PER_DAY, zone
from lex7.filters import Belief, Model, forecast, run, run_all, score, smooth
from lex7.filters import smooth_signal as signal
from lex7.filters.anomaly import (
    score_anomalies,
    score_innovations,
)
from lex7.filters.bank import scaled_models
from lex7.filters.batch import run_batch, run_batch_all
from lex7.filters.components import Level
from lex7.filters.consistency import EMPTY_CARD, verify_nees, verify_nis, verify_whiteness
from lex7.filters.disturbance import disturbances
from lex7.filters.em import Stopping, fit_em
from lex7.filters.eskf import ErrorBelief, error_step, jacobian_gaps
from lex7.filters.guard import gate
from lex7.filters.kalman import begin, combine
from lex7.filters.likelihood import fit
from lex7.filters.linear import LinearRows, diffuse_start, run_linear, smooth_linear
from lex7.filters.linear_fit import Freedom, LinearFree, fit_linear
from lex7.filters.manifold import (
    Coordinate,
    box_minus,
    box_plus,
    error_count,
    manifold_gaps,
    reset_jacobian,
)
from lex7.filters.model import parameters_of, state_count, with_parameters
from lex7.filters.outputs import (
    disturbances_linear,
    disturbances_vector,
    forecast_linear,
    forecast_vector,
    signal_linear,
    signal_vector,
    simulate_linear,
    simulate_vector,
)
from lex7.filters.outputs_batch import (
    run_linear_batch,
    run_vector_batch,
    smooth_linear_batch,
    smooth_vector_batch,
)
from lex7.filters.reference import dynamics, loading, run_reference
from lex7.filters.regressors import day_of_month, day_of_week, impulse_responses, pulse
from lex7.filters.sequences import SequenceBeliefs, sequence_step
from lex7.filters.simulation import simulate_states
from lex7.filters.vector import VectorSeries, run_vector, smooth_vector
from lex7.filters.windows import window_means, window_sums

VARIED: dict[str, Any] = {
    "controls": INPUTS[:3],
    "drifts": np.zeros((3, 2)),
    "loadings": np.tile(LINEAR.loading, (3, 1, 1)),
    "observation_covs": np.tile(LINEAR.observation_cov, (3, 1, 1)),
    "transitions": np.tile(LINEAR.transition, (3, 1, 1)),
    "process_covs": np.tile(LINEAR.process_cov, (3, 1, 1)),
}
STEERED = replace(LINEAR, control=np.ones((2, 1)), feedthrough=np.ones((2, 1)))
SERIES = VectorSeries(TIMES, PAIRS)
VARYING = VectorSeries(
    TIMES[:3],
    PAIRS[:3],
    controls=INPUTS[:3],
    loadings=np.ones((3, 2, 2)),
    observation_covs=np.tile(np.eye(2), (3, 1, 1)),
)
ALL_FREE = LinearFree(transition=True, process_cov=Freedom.FULL, observation_cov=Freedom.DIAGONAL)
FUNCTION_CALLS = [
    Call(("run",), run, {"model": MODEL, **FULL, "observation_sd": SDS}),
    Call(
        ("run",),
        run,
        {"model": PLAIN, **SEEN, "belief": RESULT.belief, "times_ns": AHEAD, "values": VALUES[:3]},
    ),
    Call(("run_all",), run_all, {"model": MODEL, **FULL, "observation_sd": SDS}),
    Call(("run_reference",), run_reference, {"model": MODEL, **FULL}),
    Call(("dynamics",), dynamics, {"model": MODEL, "days": 0.5}),
    Call(("loading",), loading, {"model": MODEL, "time_ns": 0, "inputs": INPUTS[0]}),
    Call(("begin",), begin, {"model": PLAIN, "time_ns": 0}),
    Call(
        ("forecast",),
        forecast,
        {"model": PLAIN, "belief": BELIEF, "times_ns": AHEAD, "components": (0, 1)},
    ),
    Call(("combine",), combine, {"coefficients": np.eye(3), "mean": np.ones(3), "cov": np.eye(3)}),
    Call(
        ("fit",),
        fit,
        {"model": FREE, **SEEN, "observation_sd": SDS * 0.1, "starts": [Model((Level(0.5),), 0.5)]},
    ),
    Call(
        ("fit_em",),
        fit_em,
        {"model": FREE, **SEEN, "start": Model((Level(0.5),), 0.5), "stopping": Stopping(3, 1e-3)},
    ),
    Call(("smooth",), smooth, {"model": MODEL, **FULL, "observation_sd": SDS}),
    Call(
        ("smooth_signal",),
        signal,
        {"model": MODEL, **FULL, "rows": np.array([1, 3]), "components": (0, 1)},
    ),
    Call(("disturbances",), disturbances, {"model": MODEL, **FULL, "observation_sd": SDS}),
    Call(
        ("simulate_states",),
        simulate_states,
        {"model": MODEL, **FULL, "seed": 1, "draws": range(2)},
    ),
    Call(
        ("run_batch",),
        run_batch,
        {
            "models": PLAIN,
            "times_ns": TIMES,
            "values": PAIRS.T,
            "threads": 1,
            "observation_sd": np.ones((2, ROWS)),
        },
    ),
    Call(
        ("run_batch_all",),
        run_batch_all,
        {
            "models": [MODEL, MODEL],
            "times_ns": np.tile(TIMES, (2, 1)),
            "values": PAIRS.T,
            "inputs": INPUTS,
        },
    ),
    Call(("BatchResult.belief",), run_batch(PLAIN, TIMES, PAIRS.T).belief, {"series": 1}),
    Call(("score",), score, {"result": RESULT}),
    Call(("verify_nis",), verify_nis, {"result": RESULT}),
    Call(("verify_whiteness",), verify_whiteness, {"result": RESULT, "lags": 2}),
    Call(
        ("verify_nees",),
        verify_nees,
        {"states": PAIRS, "means": PAIRS * 0.9, "covs": np.tile(np.eye(2), (ROWS, 1, 1))},
    ),
    Call(("Consistency.after",), EMPTY_CARD.after, {"innovation": 1.0, "variance": 2.0}),
    Call(("Consistency.merged",), EMPTY_CARD.merged, {"other": score(RESULT)}),
    Call(("score_anomalies",), score_anomalies, {"result": RESULT, "settings": SETTINGS}),
    Call(
        ("score_innovations",),
        score_innovations,
        {"innovations": VALUES, "variances": SDS, "settings": SETTINGS},
    ),
    Call(("gate",), gate, {"probability": 0.99}),
    Call(
        ("scaled_models",),
        scaled_models,
        {"model": PLAIN, "observation_factors": (0.5, 2.0), "state_factors": (1.0,)},
    ),
    Call(("run_linear",), run_linear, {"model": LINEAR, "values": PAIRS}),
    Call(("smooth_linear",), smooth_linear, {"model": LINEAR, "values": PAIRS}),
    Call(("diffuse_start",), diffuse_start, {"states": 2}),
    Call(
        ("run_vector",),
        run_vector,
        {"model": VECTOR, "series": VectorSeries(TIMES, PAIRS, INPUTS, np.zeros((ROWS, 2)))},
    ),
    Call(
        ("smooth_vector",),
        smooth_vector,
        {"model": VECTOR, "series": VectorSeries(AHEAD, PAIRS[:3]), "belief": BELIEF},
    ),
    Call(
        ("box_plus",),
        box_plus,
        {"kinds": (Coordinate.ANGLE, Coordinate.POSITIVE), "state": STATE, "delta": STATE},
    ),
    Call(
        ("box_minus",),
        box_minus,
        {"kinds": (Coordinate.ANGLE, Coordinate.POSITIVE), "value": STATE, "state": STATE},
    ),
    Call(
        ("box_plus", "box_minus"),
        box_plus,
        {"kinds": (Turning(), Coordinate.REAL), "state": np.ones(3), "delta": np.ones(3)},
    ),
    Call(("error_count",), error_count, {"kinds": (Turning(), Coordinate.REAL)}),
    Call(("reset_jacobian",), reset_jacobian, {"kinds": (Turning(),), "delta": STATE}),
    Call(
        ("manifold_gaps",),
        manifold_gaps,
        {"manifold": Turning(), "point": STATE, "value": STATE + 1, "delta": STATE * 0.1},
    ),
    Call(
        ("error_step",),
        error_step,
        {
            "model": Spiral(),
            "belief": ErrorBelief(0, STATE, np.eye(2)),
            "time_ns": NS_PER_DAY,
            "value": np.array([0.3]),
        },
    ),
    Call(
        ("jacobian_gaps",),
        jacobian_gaps,
        {"model": Spiral(), "state": STATE, "days": 0.1, "step": 1e-5},
    ),
    Call(
        ("sequence_step",),
        sequence_step,
        {
            "model": Many(),
            "beliefs": SequenceBeliefs(0, PAIRS, np.tile(np.eye(2), (ROWS, 1, 1))),
            "time_ns": NS_PER_DAY,
            "values": PAIRS,
        },
    ),
    Call(
        ("window_sums",),
        window_sums,
        {"forecast": AHEAD_OF, "windows": [(0, int(AHEAD[-1]))], "observed": True},
    ),
    Call(
        ("window_means",),
        window_means,
        {"forecast": AHEAD_OF, "windows": [(0, int(AHEAD[1]))], "observed": False},
    ),
    Call(
        ("day_of_month",),
        day_of_month,
        {"times_ns": TIMES, "zone": zone("Europe/Berlin"), "days": (1, -1)},
    ),
    Call(
        ("day_of_week",),
        day_of_week,
        {"times_ns": TIMES, "zone": zone("Europe/Berlin"), "days": (0, 6)},
    ),
    Call(
        ("pulse",), pulse, {"times_ns": TIMES, "start_ns": int(TIMES[1]), "end_ns": int(TIMES[3])}
    ),
    Call(
        ("impulse_responses",),
        impulse_responses,
        {"times_ns": TIMES, "events_ns": TIMES[:2], "sizes": VALUES[:2], "decays_days": (7.0,)},
    ),
    Call(("state_count",), state_count, {"part": Level(1.0)}),
    Call(("parameters_of",), lambda model: parameters_of(model) and None, {"model": PLAIN}),
    Call(
        ("with_parameters",),
        lambda values: with_parameters(PLAIN, values),
        {"values": {1: 0.5}},
    ),
    Call(
        ("Model.to_bytes",),
        lambda model: model.to_bytes() if isinstance(model, Model) else None,
        {"model": MODEL},
    ),
    Call(
        ("Belief.to_bytes", "Belief.factored", "Belief.state_hash"),
        lambda belief: (
            (belief.to_bytes(), belief.state_hash(), belief.factored())
            if isinstance(belief, Belief)
            else None
        ),
        {"belief": BELIEF},
    ),
    Call(("Belief.from_bytes",), Belief.from_bytes, {"data": BELIEF.to_bytes()}),
    Call(
        ("forecast_linear",), forecast_linear, {"model": LINEAR, "belief": LINEAR.start, "ahead": 3}
    ),
    Call(
        ("forecast_linear", "OutputForecast.output"),
        lambda ahead, index: forecast_linear(STEERED, LINEAR.start, ahead).output(index),
        {"ahead": LinearRows(PAIRS[:3] * np.nan, **VARIED), "index": 1},
    ),
    Call(
        ("run_linear",), run_linear, {"model": STEERED, "values": LinearRows(PAIRS[:3], **VARIED)}
    ),
    Call(
        ("run_linear_batch",),
        run_linear_batch,
        {"models": LINEAR, "series": [PAIRS, PAIRS], "threads": 2},
    ),
    Call(("smooth_linear_batch",), smooth_linear_batch, {"models": LINEAR, "series": [PAIRS]}),
    Call(("run_vector_batch",), run_vector_batch, {"models": VECTOR, "series": [SERIES]}),
    Call(("smooth_vector_batch",), smooth_vector_batch, {"models": VECTOR, "series": [SERIES]}),
    Call(
        ("signal_linear",),
        signal_linear,
        {"model": LINEAR, "values": PAIRS, "rows": np.array([0, 2])},
    ),
    Call(("disturbances_linear",), disturbances_linear, {"model": LINEAR, "values": PAIRS}),
    Call(
        ("simulate_linear",),
        simulate_linear,
        {"model": LINEAR, "values": PAIRS, "seed": 1, "draws": range(2)},
    ),
    Call(
        ("fit_linear",),
        fit_linear,
        {"model": LINEAR, "values": PAIRS, "free": ALL_FREE, "stopping": Stopping(2, 1e-3)},
    ),
    Call(
        ("forecast_vector",),
        forecast_vector,
        {"model": VECTOR, "belief": BELIEF, "ahead": VectorSeries(AHEAD, PAIRS[:3] * np.nan)},
    ),
    Call(
        ("signal_vector",),
        signal_vector,
        {"model": VECTOR, "series": SERIES, "rows": np.array([0, 2])},
    ),
    Call(("disturbances_vector",), disturbances_vector, {"model": VECTOR, "series": SERIES}),
    Call(
        ("simulate_vector",),
        simulate_vector,
        {"model": VECTOR, "series": SERIES, "seed": 1, "draws": range(2)},
    ),
    Call(
        ("run_vector",),
        run_vector,
        {"model": replace(VECTOR, control=np.ones((2, 1))), "series": VARYING},
    ),
    Call(
        ("ErrorBelief.to_bytes", "ErrorBelief.from_bytes"),
        lambda time_ns, state, cov: ErrorBelief.from_bytes(
            ErrorBelief(time_ns, state, cov).to_bytes()
        ),
        {"time_ns": 0, "state": STATE, "cov": np.eye(2)},
    ),
    Call(
        ("ErrorBelief.from_bytes",),
        ErrorBelief.from_bytes,
        {"data": ErrorBelief(0, STATE, np.eye(2)).to_bytes()},
    ),
]
