"""Filters against plain C loops of the same form, statsmodels, filterpy, dynamax, and limits.

Times are CPU seconds of this process, medians. The C loop is compiled here with
`-O3 -march=native -ffp-contract=off`; without a C compiler its row is left out.
"""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from report import Row, cost, finish, rate, seconds
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter
from statsmodels.tsa.statespace.structural import UnobservedComponents

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model, fit, run
from lex7.filters.bank import scaled_models
from lex7.filters.batch import run_batch
from lex7.filters.components import AutoRegression, Free, Level, Season, Trend
from lex7.filters.kalman import begin
from lex7.filters.reference import dynamics, loading

Work = Callable[[], object]
STEPS = 100_000
UPDATES = 200_000
FOUR = Model((Trend(0.1, 0.01), Season(0.05, 7.0, 1)), 0.5)


def cpu(work: Work, repeat: int = 5) -> float:
    return seconds(work, repeat=repeat, clock=time.process_time)


def series(count: int, step_ns: int = NS_PER_DAY) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    return np.arange(count) * step_ns, draw.normal(size=count).cumsum() * 0.1


def compiled_loop(folder: str) -> ctypes.CDLL | None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    source, library = Path(__file__).with_name("filters_loop.c"), Path(folder) / "loop.so"
    flags = ["-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", library, source, "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    for function in (loaded.kalman, loaded.factored, loaded.batch):
        function.restype = ctypes.c_double
    return loaded


def pointers(*arrays: np.ndarray) -> list[object]:
    kind = ctypes.POINTER(ctypes.c_double)
    return [array.ctypes.data_as(kind) for array in arrays]


def side_by_side(ours: Work, theirs: Work, repeat: int = 5) -> tuple[float, float]:
    """CPU seconds of both, taken in turns, medians."""
    spent = [(cpu(ours, 1), cpu(theirs, 1)) for _ in range(repeat)]
    return statistics.median(one for one, _ in spent), statistics.median(one for _, one in spent)


def four() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Transition, process noise and observation row of the model with four states, dense."""
    transition, noise = (np.ascontiguousarray(part) for part in dynamics(FOUR, 1.0))
    return transition, noise, loading(FOUR, 0, None)


def root_of_noise() -> tuple[np.ndarray, np.ndarray]:
    """G and q with G diag(q) Gᵀ the process noise, G unit upper triangular by blocks."""
    noise = four()[1]
    root, weights = np.eye(4), np.diag(noise).copy()
    root[0, 1] = noise[0, 1] / noise[1, 1]
    weights[0] -= root[0, 1] * noise[0, 1]
    return root, weights


def one_series(library: ctypes.CDLL | None) -> list[Row]:
    times, values = series(STEPS)
    transition, noise, h = four()
    start = begin(FOUR, 0).factored()
    spent = cpu(lambda: run(FOUR, times, values))
    rows = []
    if library is not None:
        r = ctypes.c_double(0.25)
        given = (STEPS, *pointers(values, transition, noise, h), r)
        ours, theirs = side_by_side(
            lambda: run(FOUR, times, values), lambda: library.kalman(*given), 9
        )
        work = "one series, 4 states, 100,000 steps"
        rows.append(rate(work, STEPS / ours, "steps/s", "plain C loop", STEPS / theirs, 0.9))
        root, weights = root_of_noise()
        factors = (STEPS, *pointers(values, transition, root, weights, h), r)
        ours, theirs = side_by_side(
            lambda: run(FOUR, times, values, belief=start), lambda: library.factored(*factors)
        )
        work = "one series, 4 states, 100,000 steps, factored form"
        rows.append(rate(work, STEPS / ours, "steps/s", "UD loop in C", STEPS / theirs, 0.9))
    steps = STEPS / spent
    few = 20_000
    peer = KalmanFilter(k_endog=1, k_states=4, k_posdef=4, tolerance=0)
    peer.bind(values[:few].reshape(-1, 1).copy())
    peer["design"], peer["transition"], peer["selection"] = h[None, :], transition, np.eye(4)
    peer["state_cov"], peer["obs_cov"] = noise, np.array([[0.25]])
    peer.initialize_diffuse()
    difference = abs(peer.loglike() - run(FOUR, times[:few], values[:few]).loglik)
    if difference > 1e-6:
        raise SystemExit(f"expected equal likelihoods, got a difference of {difference}")
    ours, theirs = side_by_side(lambda: run(FOUR, times, values), peer.filter)
    work = "one series, 4 states, filter"
    rows.append(rate(work, STEPS / ours, "steps/s", "statsmodels", few / theirs, 15))
    rows.append(rate(work, steps, "steps/s", "filterpy", filterpy_speed(values), 250))
    return rows


def filterpy_speed(values: np.ndarray) -> float:
    """Steps a second of filterpy, which has no missing values and no likelihood asked for."""
    from filterpy.kalman import KalmanFilter as Peer

    few = 5_000
    peer = Peer(dim_x=4, dim_z=1)
    transition, noise, h = four()
    peer.F, peer.Q, peer.H, peer.R = transition, noise, h[None, :], np.array([[0.25]])
    peer.P = np.eye(4) * 1e7

    def follow() -> None:
        for value in values[:few]:
            peer.predict()
            peer.update(value)

    return few / cpu(follow, 3)


def many_series(library: ctypes.CDLL | None) -> list[Row]:
    """A thousand series of a thousand steps, and a hundred times as many."""
    count, steps = 1_000, 1_000
    times = np.arange(steps) * NS_PER_DAY
    values = np.random.default_rng(5).normal(size=(count, steps)).cumsum(axis=1) * 0.1
    transition, noise, h = four()
    work, total, rows = "1,000 series, 4 states, 1,000 steps", count * steps, []
    if library is not None:
        r = ctypes.c_double(0.25)
        given = (count, steps, *pointers(values, transition, noise, h), r)
        ours, theirs = side_by_side(
            lambda: run_batch(FOUR, times, values, threads=1), lambda: library.batch(*given)
        )
        rows.append(rate(work, total / ours, "steps/s", "batched C loop", total / theirs, 0.9))
    once = cpu(lambda: run_batch(FOUR, times, values, threads=1))
    rows.append(rate(work, total / once, "steps/s", "dynamax", dynamax_speed(values), 10))
    short = values[:, :100]
    wide = np.tile(short, (100, 1))
    few = cpu(lambda: run_batch(FOUR, times[:100], short, threads=1)) * 100
    many = cpu(lambda: run_batch(FOUR, times[:100], wide, threads=1), 1)
    work = "100,000 series, 4 states, 100 steps: cost is linear"
    rows.append(cost(work, many, "s", "100 x 1,000 series", few, 0.8))
    return rows + two_threads(times[:100], wide)


def two_threads(times: np.ndarray, values: np.ndarray) -> list[Row]:
    """One and two threads in turns: the best wall time of each, and the CPU time behind it.

    The best of several is what a busy machine falsifies least; only an idle one can show two.
    """
    spent: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(5):
        for threads, found in spent.items():
            wall, work = time.perf_counter(), time.process_time()
            run_batch(FOUR, times, values, threads=threads)
            found.append((time.perf_counter() - wall, time.process_time() - work))
    (alone, alone_cpu), (shared, shared_cpu) = (min(spent[threads]) for threads in (1, 2))
    name = "100,000 series, 4 states, 100 steps, two threads"
    return [
        cost(f"{name}: wall time", shared, "s", "one thread", alone, 1.5),
        cost(f"{name}: CPU time", shared_cpu, "s", "one thread", alone_cpu, 0.8),
    ]


def dynamax_speed(values: np.ndarray) -> float:
    """Series-steps a second of dynamax, compiled, each series with a covariance of its own."""
    import jax
    import jax.numpy as jnp
    from dynamax.linear_gaussian_ssm import lgssm_filter
    from dynamax.linear_gaussian_ssm.inference import make_lgssm_params

    jax.config.update("jax_enable_x64", val=True)
    transition, noise, h = (jnp.asarray(part) for part in four())

    def one(scale: object, emissions: object) -> object:
        # A start that differs by series keeps the compiler from sharing one covariance.
        params = make_lgssm_params(
            jnp.zeros(4), jnp.eye(4) * scale, transition, noise, h[None, :], jnp.eye(1) * 0.25
        )
        return lgssm_filter(params, emissions).filtered_means

    count = 200
    scales = jnp.linspace(1e6, 1e7, count)
    given = jnp.asarray(values[:count, :, None])
    compiled = jax.jit(jax.vmap(one))
    compiled(scales, given).block_until_ready()
    spent = cpu(lambda: compiled(scales, given).block_until_ready(), 3)
    return count * values.shape[1] / spent


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
    peer = extend_speed(values)
    return [
        rate("streaming update, 1 state", one, "values/s", "statsmodels extend", peer, 300),
        rate("streaming update, 1 state", one, "values/s", "limit", 500_000, 1),
        rate("streaming update, 4 states", four, "values/s", "limit", 500_000, 1),
        rate("streaming bank of 25 filters", bank, "values/s", "limit", 10_000, 1),
    ]


def extend_speed(values: np.ndarray) -> float:
    """Values a second of statsmodels, which takes in one more by `extend`."""
    model = UnobservedComponents(values[:100], "llevel")
    result, few = model.smooth([0.25, 0.01]), 200

    def follow() -> None:
        last = result
        for value in values[100 : 100 + few]:
            last = last.extend([value])

    return few / cpu(follow, 3)


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
    with tempfile.TemporaryDirectory() as folder:
        compiled = compiled_loop(folder)
        rows = [*one_series(compiled), *many_series(compiled), *streams(), *fits()]
    finish(rows)
