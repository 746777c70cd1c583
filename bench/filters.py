"""Filters against the plain C loop of the same form, statsmodels, and the limits of the guide.

Times are CPU seconds of this process, medians. The C loop is compiled here with
`-O3 -march=native -ffp-contract=off`; without a C compiler its row is left out.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from report import Row, cost, finish, rate, seconds
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter
from statsmodels.tsa.statespace.structural import UnobservedComponents

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model, fit, run
from lex7.filters.bank import scaled_models
from lex7.filters.components import AutoRegression, Free, Level, Season, Trend
from lex7.filters.reference import dynamics, loading

STEPS = 100_000
UPDATES = 200_000
FOUR = Model((Trend(0.1, 0.01), Season(0.05, 7.0, 1)), 0.5)


def cpu(work: object, repeat: int = 5) -> float:
    return seconds(work, repeat=repeat, clock=time.process_time)  # type: ignore[arg-type]


def series(count: int, step_ns: int = NS_PER_DAY) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    return np.arange(count) * step_ns, draw.normal(size=count).cumsum() * 0.1


def compiled_loop(folder: str) -> ctypes.CDLL | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = Path(__file__).with_name("filters_loop.c"), Path(folder) / "loop.so"
    flags = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", library, source, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def one_series() -> list[Row]:
    times, values = series(STEPS)
    ours = STEPS / cpu(lambda: run(FOUR, times, values))
    transition, noise = (np.ascontiguousarray(part) for part in dynamics(FOUR, 1.0))
    h = loading(FOUR, 0, None)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        library = compiled_loop(folder)
        if library is not None:
            library.kalman.restype = ctypes.c_double
            pointer = ctypes.POINTER(ctypes.c_double)
            arrays = [np.ascontiguousarray(part) for part in (values, transition, noise, h)]
            given = [array.ctypes.data_as(pointer) for array in arrays]
            spent = cpu(lambda: library.kalman(STEPS, *given, ctypes.c_double(0.25)))
            work = "one series, 4 states, 100,000 steps"
            rows.append(rate(work, ours, "steps/s", "plain C loop", STEPS / spent, 0.9))
    peer = KalmanFilter(k_endog=1, k_states=4, k_posdef=4, tolerance=0)
    peer.bind(values[:20_000].reshape(-1, 1).copy())
    peer["design"], peer["transition"], peer["selection"] = h[None, :], transition, np.eye(4)
    peer["state_cov"], peer["obs_cov"] = noise, np.array([[0.25]])
    peer.initialize_diffuse()
    difference = abs(peer.loglike() - run(FOUR, times[:20_000], values[:20_000]).loglik)
    if difference > 1e-6:
        raise SystemExit(f"expected equal likelihoods, got a difference of {difference}")
    theirs = 20_000 / cpu(peer.filter)
    rows.append(rate("one series, 4 states, filter", ours, "steps/s", "statsmodels", theirs, 15))
    return rows


def streams() -> list[Row]:
    times, values = series(UPDATES, NS_PER_DAY // 24)
    pairs = list(zip(times.tolist(), values.tolist(), strict=True))

    def follow(update: object) -> None:
        for time_ns, value in pairs:
            update(time_ns, value)  # type: ignore[operator]

    level = Model((Level(0.1),), 0.5)
    one = UPDATES / cpu(lambda: follow(Filter(level).update), 3)
    four = UPDATES / cpu(lambda: follow(Filter(FOUR).update), 3)
    models = scaled_models(level, (0.25, 0.5, 1.0, 2.0, 4.0), (0.25, 0.5, 1.0, 2.0, 4.0))
    bank = UPDATES / cpu(lambda: follow(Bank(models, forgetting=0.95).update), 1)
    return [
        rate("streaming update, 1 state", one, "values/s", "limit", 500_000, 1),
        rate("streaming update, 4 states", four, "values/s", "limit", 500_000, 1),
        rate("streaming bank of 25 filters", bank, "values/s", "limit", 10_000, 1),
    ]


def fits() -> list[Row]:
    draw = np.random.default_rng(3)
    count = 730
    week = np.array([1, 0.5, 0, -0.3, -0.6, -0.4, -0.2])[np.arange(count) % 7]
    values = 7 + draw.normal(size=count).cumsum() * 0.05 + week + draw.normal(size=count) * 0.5
    days = np.arange(count) * NS_PER_DAY
    spec = Model((Level(Free()), Season(Free(), 7.0, 3)), Free())
    found = fit(spec, days, values)
    season = [{"period": 7, "harmonics": 3}]
    peer = UnobservedComponents(values, "llevel", freq_seasonal=season, use_exact_diffuse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peer.fit(disp=0)
        spent = cpu(lambda: peer.fit(disp=0), 3)
    if found.loglik < theirs.llf - 1e-6:
        raise SystemExit(f"expected at least {theirs.llf}, got {found.loglik}")
    daily = Model((Level(Free()), Season(Free(), 7.0, 3), AutoRegression(Free(), Free())), Free())
    name = "fit of level + week, 730 days, no worse likelihood"
    return [
        cost(name, cpu(lambda: fit(spec, days, values)), "s", "statsmodels", spent, 50),
        cost(
            "fit of level + week + AR, 540 days",
            cpu(lambda: fit(daily, days[:540], values[:540])),
            "s",
            "limit",
            0.030,
            1,
        ),
    ]


if __name__ == "__main__":
    finish([*one_series(), *streams(), *fits()])
