"""Published runs of whole models: Clark's cycles, KFAS's structural models, R's `ets`, simulations.

The numbers are those of the files inside statsmodels (R, KFAS, FKF, GAUSS); where a model needs
matrices, statsmodels' own are used for these alone, never its filter.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib import resources

import numpy as np
import pandas
import pytest
from scipy.linalg import block_diag
from statsmodels.datasets import macrodata
from statsmodels.tsa.statespace.structural import UnobservedComponents
from statsmodels.tsa.statespace.tests.results import results_kalman_filter, results_structural

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run
from lex7.filters.belief import Belief
from lex7.filters.components import Regression
from lex7.filters.linear import LinearModel, diffuse_start, run_linear, smooth_linear

FOLDER = resources.files("statsmodels.tsa.statespace.tests.results")
LOG_TWO_PI = float(np.log(2 * np.pi))


def table(name: str) -> np.ndarray:
    with FOLDER.joinpath(name).open() as file:
        return np.loadtxt(file, delimiter=",", skiprows=1)


def start_at(cov: np.ndarray, mean: np.ndarray | None = None) -> Belief:
    size = len(cov)
    return Belief(0, np.zeros(size) if mean is None else mean, cov, np.zeros((0, size)))


def clark(parameters: list[float]) -> LinearModel:
    """Clark (1989), two outputs."""
    v, e, w, vl, ec, phi1, phi2, a1, a2, a3 = parameters
    move = np.zeros((6, 6))
    move[[0, 0, 2, 3, 4, 5], [0, 4, 1, 2, 4, 5]] = 1
    move[1, 1:3] = phi1, phi2
    loading = np.array([[1, 1, 0, 0, 0, 0], [0, a1, a2, a3, 0, 1.0]])
    cov = np.diag([v**2, e**2, 0, 0, w**2, vl**2])
    start = start_at(100 * move @ move.T)
    noise = np.diag([0, ec**2])
    return LinearModel(move, cov, loading, noise, np.zeros(6), np.zeros(2), start)


def clark_values() -> np.ndarray:
    values = np.array(results_kalman_filter.uc_bi["data"])[4:]
    return np.column_stack([np.log(values[:, 0]), values[:, 1] / 100])


def test_clark_1989_states_with_missing_unemployment_are_those_of_r() -> None:
    model, values = clark(results_kalman_filter.uc_bi["parameters"]), clark_values()
    known = table("results_clark1989_R.csv")
    whole = run_linear(model, values)
    move = model.transition
    ahead = move @ whole.covs[:-1] @ move.T + model.process_cov
    ahead = np.concatenate([model.start.cov[None], ahead])
    spread = model.loading @ ahead @ model.loading.T + model.observation_cov
    gains = move @ ahead @ model.loading.T @ np.linalg.inv(spread)
    # FKF's short form starts from variances of 100 beside noise of 1e-7: it holds five digits.
    np.testing.assert_allclose(gains.sum(axis=(1, 2)), known[:, 0], rtol=1e-4)
    values[-51:, 1] = np.nan
    # What the file calls filtered is one step ahead: its lagged states are shifted by one row.
    states = run_linear(model, values).means @ move.T
    np.testing.assert_allclose(states, known[:, 1:], atol=2e-7)


def test_clark_1989_likelihood_is_that_of_fkf() -> None:
    given = results_kalman_filter.uc_bi
    result = run_linear(clark(given["parameters"]), clark_values())
    assert result.logliks.sum() == pytest.approx(given["loglike"], abs=5e-5)
    late = result.means[given["start"] :][:, [0, 1, 4, 5]]
    np.testing.assert_allclose(late, np.array(given["states"]), atol=6e-5)


def test_clark_1987_likelihood_and_states_are_those_of_gauss() -> None:
    given = results_kalman_filter.uc_uni
    v, e, w, phi1, phi2 = given["parameters"]
    move = np.array([[1, 0, 0, 1], [0, phi1, phi2, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    cov, loading = np.diag([v**2, e**2, 0, w**2]), np.array([[1.0, 1, 0, 0]])
    start = start_at(100 * move @ move.T)
    model = LinearModel(move, cov, loading, np.zeros((1, 1)), np.zeros(4), np.zeros(1), start)
    result = run_linear(model, np.log(given["data"])[:, None])
    late = slice(given["start"], None)
    assert result.logliks[late].sum() == pytest.approx(given["loglike"], abs=1e-5)
    states = result.means[late][:, [0, 1, 3]]
    np.testing.assert_allclose(states, np.array(given["states"]), atol=5e-5)


EXACT = [
    "irregular", "fixed_intercept", "deterministic_constant", "local_level", "random_walk",
    "fixed_slope", "deterministic_trend", "local_linear_deterministic_trend",
    "random_walk_with_drift", "local_linear_trend", "smooth_trend", "random_trend", "cycle",
    "seasonal", "freq_seasonal", "rtrend_ar1",
]  # fmt: skip
APPROXIMATE = ["cycle_approx_diffuse", "seasonal_approx_diffuse", "freq_seasonal_approx_diffuse"]


def structural(name: str) -> tuple[LinearModel, dict[str, object]]:
    """KFAS's model with the matrices that statsmodels writes for it."""
    given = getattr(results_structural, name)
    arguments = {**given["models"][0], **given["kwargs"], "use_exact_diffuse": True}
    burn = arguments.pop("loglikelihood_burn", None)
    unemployment = macrodata.load_pandas().data["unemp"].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = UnobservedComponents(unemployment, **arguments)
    peer.update(given["params"])
    ssm = peer.ssm
    select = ssm["selection"]
    states = len(select)
    start = diffuse_start(states) if burn is None else start_at(np.eye(states) * 1e6)
    if name == "rtrend_ar1":
        phi, var = given["params"][2], given["params"][1]
        start = replace(diffuse_start(states), diffuse=np.eye(states)[:2])
        start.cov[2, 2] = var / (1 - phi * phi)
    if name == "irregular":
        start = start_at(np.zeros((1, 1)))
    cov = select @ ssm["state_cov"] @ select.T if select.size else np.zeros((1, 1))
    shapes = (ssm["transition"], cov, ssm["design"], ssm["obs_cov"])
    return LinearModel(*shapes, np.zeros(states), np.zeros(1), start), given


@pytest.mark.parametrize("name", EXACT)
def test_exact_diffuse_likelihoods_are_those_of_kfas(name: str) -> None:
    model, given = structural(name)
    values = macrodata.load_pandas().data[["unemp"]].to_numpy()
    # KFAS leaves the constant out of a likelihood while the start is diffuse.
    constant = 0.5 * LOG_TWO_PI * len(model.start.diffuse)
    found = run_linear(model, values).loglik + constant
    assert found == pytest.approx(given["llf"], rel=given.get("rtol", 1e-7))


@pytest.mark.parametrize("name", APPROXIMATE)
def test_likelihoods_from_a_start_of_a_million_are_those_of_kfas(name: str) -> None:
    model, given = structural(name)
    values = macrodata.load_pandas().data[["unemp"]].to_numpy()
    found = run_linear(model, values).loglik
    assert found == pytest.approx(given["llf"], rel=given.get("rtol", 1e-7))


def test_a_regression_with_a_diffuse_coefficient_has_the_likelihood_of_kfas() -> None:
    given, data = results_structural.reg, macrodata.load_pandas().data
    model = Model((Regression(0, 0.0),), float(np.sqrt(given["params"][0])))
    times = np.arange(len(data)) * NS_PER_DAY
    rows = np.log(data[["realgdp"]].to_numpy())
    found = run(model, times, data["unemp"].to_numpy(), inputs=rows).loglik + 0.5 * LOG_TWO_PI
    assert found == pytest.approx(given["llf"], rel=1e-7)


def smoothing_table(kind: str) -> pandas.DataFrame:
    with FOLDER.joinpath(f"exponential_smoothing_{kind}.csv").open() as file:
        return pandas.read_csv(file, index_col=0)


def innovations_form(name: str, season: int) -> tuple[LinearModel, np.ndarray]:
    """An exponential smoother of R: its own error is a state, so that one noise drives all."""
    given = smoothing_table("params")[name]
    first = smoothing_table("states").filter(regex=f"^{name}_").iloc[0].to_numpy()
    size = len(first)
    has_trend = not np.isnan(given["b0"])
    damping = 1.0 if np.isnan(given["phi"]) else given["phi"]
    move, seen, push = np.zeros((size, size)), np.zeros(size), np.zeros(size)
    move[0, 0] = seen[0] = 1
    push[0] = given["alpha"]
    if has_trend:
        move[0, 1] = move[1, 1] = seen[1] = damping
        beta = given["beta"]
        push[1] = given["alpha"] * given["beta_star"] if np.isnan(beta) else beta
    if season:
        move[-season, -1] = seen[-1] = 1
        move[range(size - season + 1, size), range(size - season, size - 1)] = 1
        push[-season] = given["gamma"]
    wide = np.vstack([np.column_stack([move, push]), np.zeros(size + 1)])
    noise = block_diag(np.zeros((size, size)), given["sigma2"])
    start = start_at(noise, np.append(first, 0.0))
    loading = np.append(seen, 1.0)[None, :]
    offsets = (np.zeros(size + 1), np.zeros(1))
    return LinearModel(wide, noise, loading, np.zeros((1, 1)), *offsets, start), push


# The series of R's package fpp: oil 1996-2007, air passengers 1990-2004, visitors 2005-2010.
OIL = [
    446.6565229, 454.4733065, 455.662974, 423.6322388, 456.2713279, 440.5880501, 425.3325201,
    485.1494479, 506.0481621, 526.7919833, 514.268889, 494.2110193,
]  # fmt: skip
AIR = [
    17.5534, 21.8601, 23.8866, 26.9293, 26.8885, 28.8314, 30.0751, 30.9535, 30.1857, 31.5797,
    32.577569, 33.477398, 39.021581, 41.386432, 41.596552,
]  # fmt: skip
VISITORS = [
    41.727458, 24.04185, 32.328103, 37.328708, 46.213153, 29.346326, 36.48291, 42.977719,
    48.901525, 31.180221, 37.717881, 40.420211, 51.206863, 31.887228, 40.978263, 43.772491,
    55.558567, 33.850915, 42.076383, 45.642292, 59.76678, 35.191877, 44.319737, 47.913736,
]  # fmt: skip
SMOOTHERS = {
    **dict.fromkeys(["oil_fpp1", "oil_fpp2", "oil_fpp3", "oil_ets"], (OIL, 0)),
    **dict.fromkeys(["air_fpp1", "air_fpp2", "air_ets"], (AIR, 0)),
    **dict.fromkeys(["aust_fpp1", "aust_ets1", "aust_ets2", "aust_ets3"], (VISITORS, 4)),
}
# R computes these two intervals by another formula than its models say (noted by statsmodels).
UNUSUAL = ("air_fpp1", "aust_ets3")


@pytest.mark.parametrize("name", SMOOTHERS)
def test_exponential_smoothing_is_that_of_r(name: str) -> None:
    numbers, season = SMOOTHERS[name]
    series = np.array(numbers)
    model, push = innovations_form(name, season)
    known = smoothing_table("predict").filter(regex=f"^{name}_").to_numpy()
    states = smoothing_table("states").filter(regex=f"^{name}_").dropna().to_numpy()
    count, total = len(series), int(np.isfinite(known[:, 0]).sum())
    values = np.concatenate([series, np.full(total - count, np.nan)])[:, None]
    result = run_linear(model, values)
    move = model.transition
    ahead = np.vstack([model.start.mean, (result.means @ move.T)[:-1]])
    np.testing.assert_allclose(ahead @ model.loading[0], known[:total, 0], rtol=1e-11)
    after = (result.means @ move.T)[:count, : len(push)]
    np.testing.assert_allclose(after, states[1:], rtol=1e-9, atol=1e-11)
    if name not in UNUSUAL:
        spread = np.einsum("i,tij,j->t", model.loading[0], result.covs, model.loading[0])
        reach = 1.959963984540054 * np.sqrt(spread[count:])
        centre = known[count:total, 0]
        np.testing.assert_allclose(centre - reach, known[count:total, 1], rtol=1e-9)
        np.testing.assert_allclose(centre + reach, known[count:total, 2], rtol=1e-9)
    errors = series - (ahead @ model.loading[0])[:count]
    given = smoothing_table("params")[name]
    if np.isfinite(given["sse"]):
        assert errors @ errors == pytest.approx(given["sse"], rel=1e-10)
    else:
        assert -0.5 * count * np.log(errors @ errors) == pytest.approx(given["llf"], rel=1e-10)
        assert (errors @ errors) / count == pytest.approx(given["mse"], rel=1e-10)


def growth_model() -> tuple[LinearModel, np.ndarray]:
    move = [
        [-0.1119908792, 0.8441841604, 0.0238725303],
        [0.2629347724, 0.4996718412, -0.0173023305],
        [-3.2192369082, 4.1536028244, 0.4514379215],
    ]
    cov = [
        [0.0000640649, 0.0000388496, 0.0002148769],
        [0.0000388496, 0.0000572802, 0.000001555],
        [0.0002148769, 0.000001555, 0.0017088585],
    ]
    noise = np.diag([0.0000640649, 0.0000572802, 0.0017088585])
    data = macrodata.load_pandas().data[["realgdp", "realcons", "realinv"]].to_numpy()
    parts = (np.array(move), np.array(cov), np.eye(3), noise, np.zeros(3), np.zeros(3))
    return LinearModel(*parts, start_at(np.eye(3) * 1e6)), np.diff(np.log(data), axis=0)


def variates(kind: int, rows: int) -> np.ndarray:
    """Noise of the observations, then of the states, then of the start, as KFAS takes them."""
    if kind == 3:
        return table("results_simulation_smoothing3_variates.csv")
    eps = np.arange(3 * rows) / 10 * (kind >= 1)
    eta = np.arange(3 * rows) / 10 * (kind == 2)
    return np.concatenate([eps, eta, np.zeros(3)])


@pytest.mark.parametrize("kind", [0, 1, 2, 3])
def test_simulated_states_from_given_variates_are_those_of_kfas(kind: int) -> None:
    model, values = growth_model()
    values = values if kind == 3 else values[:9]
    rows = len(values)
    drawn = variates(kind, rows)
    eps = drawn[: 3 * rows].reshape(rows, 3) @ np.linalg.cholesky(model.observation_cov).T
    eta = drawn[3 * rows : -3].reshape(rows, 3) @ np.linalg.cholesky(model.process_cov).T
    states = np.zeros((rows, 3))
    states[0] = 1e3 * drawn[-3:]
    for row in range(1, rows):
        states[row] = model.transition @ states[row - 1] + eta[row - 1]
    # Durbin & Koopman (2002): a draw plus what the smoother says of the difference.
    found = states + smooth_linear(model, values - (states + eps)).smoothed_means
    known = table(f"results_simulation_smoothing{kind}.csv")
    np.testing.assert_allclose(found, known[:, 6:9], atol=2e-8)
    np.testing.assert_allclose(values - found, known[:, 3:6], atol=2e-8)
    np.testing.assert_allclose(
        (found[1:] - found[:-1] @ model.transition.T), known[:-1, :3], atol=5e-8
    )
