"""Scenarios: known answers, the same bits in any chunks, and laws of their distributions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from lex7 import _core

KEY = (7, 7)
# cash, m, l, mm, ml, ll, reversion, wander, spread, noise, income (mean, var, sd),
# shocks (shape, rate, smallest, excess), drift
STEADY = (24_000, 110, 0, 0, 0, 0, 1, 0, 0, 180, 0, 0, 0, 0, 0, 0, 0, 0)
LIVELY = (9_000, 80, 5, 16, -2, 9, 0.99, 0.7, 1.1, 0, 130, 4, 30, 1.5, 900, 800, 600, 1e-4)
DAYS_PER_MONTH = 365.25 / 12


def law(values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def calendar(days: int) -> np.ndarray:
    columns = np.zeros((5, days))
    columns[1, ::30] = 900
    columns[2, ::30] = 40
    return columns


def pairs(*rows: tuple[int, int]) -> np.ndarray:
    return np.array(rows, dtype=np.int64)


def test_blocks_are_those_of_random123() -> None:
    # Random123 1.14, examples/kat_vectors, philox4x32 10.
    assert _core.philox4x32((0, 0), (0, 0, 0, 0)) == [
        0x6627E8D5,
        0xE169C58D,
        0xBC57AC4C,
        0x9B00DBD8,
    ]


def test_two_threads_and_any_chunks_give_the_bits_of_one() -> None:
    rows = pairs(*((day, day + 90) for day in range(0, 200, 7)))
    whole = _core.cash_rows(law(LIVELY), calendar(300), KEY, rows, (0, 512))
    chunks = [(0, 100), (100, 1), (101, 300), (401, 111)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(
            pool.map(
                lambda chunk: _core.cash_rows(law(LIVELY), calendar(300), KEY, rows, chunk), chunks
            )
        )
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_first_passage_of_steady_spending_is_inverse_gaussian() -> None:
    days = _core.cash_passages(law(STEADY), np.zeros((5, 900)), KEY, 0, (0, 8_192))
    # Watching once a day delays a crossing by 0.5826 sd/drift (Siegmund 1985).
    watched = days + 0.5 - 0.5826 * 180 / 110
    shape = (24_000 / 180) ** 2
    exact = stats.invgauss(mu=24_000 / 110 / shape, scale=shape)
    assert stats.kstest(watched, exact.cdf).pvalue > 1e-3


def test_everyday_factors_are_lognormal() -> None:
    noisy = law((0, 100, 0, 0, 0, 0, 1, 0, 0.8, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    flow = -_core.cash_rows(noisy, np.zeros((5, 1)), KEY, pairs((1, 1)), (0, 8_192))[:, 0]
    sigma = np.sqrt(np.log1p(0.8**2))
    exact = stats.lognorm(s=sigma, scale=100 * np.exp(-(sigma**2) / 2))
    assert stats.kstest(flow, exact.cdf).pvalue > 1e-3
    assert flow.mean() == pytest.approx(100, abs=4)


def test_large_payments_with_a_rate_drawn_per_path_are_negative_binomial() -> None:
    shape, days = 2.5, 300
    rare = law((0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, shape, 400, 1, 0, 0))
    count = -_core.cash_rows(rare, np.zeros((5, days)), KEY, pairs((days, days)), (0, 16_384))
    seen = np.bincount(count[:, 0].astype(int), minlength=12)[:12]
    expected = stats.nbinom.pmf(np.arange(12), shape, 400 / (400 + days)) * 16_384
    chi = float(((seen - expected) ** 2 / expected).sum())
    assert chi < stats.chi2.ppf(0.999, 11)


def test_scheduled_amounts_drift_together() -> None:
    steady = law((0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e-3))
    columns = np.zeros((5, 100))
    columns[1, [9, 99]] = 50
    rows = pairs((10, 10), (100, 100))
    cash = _core.cash_rows(steady, columns, KEY, rows, (0, 8_192))
    assert cash[:, 0].std() == pytest.approx(50 * 10 * 1e-3, rel=0.04)
    assert cash[:, 1].std() == pytest.approx(50 * 110 * 1e-3, rel=0.04)


def test_cash_without_noise_is_arithmetic() -> None:
    plain = law((1_000, 10, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0))
    columns = np.zeros((5, 40))
    columns[1, 9] = 100
    columns[3, 19] = 300
    values = _core.cash_rows(
        plain, columns, KEY, pairs((0, 0), (10, 10), (20, 20), (20, 30)), (0, 2)
    )
    assert values.tolist() == [[1_000, 840, 1_080, 980]] * 2


def test_levels_of_paths_have_the_covariance_of_the_law() -> None:
    quiet = law((0, 100, 20, 25, -6, 16, 0.98, 1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    cash = _core.cash_rows(
        quiet, np.zeros((5, 61)), KEY, pairs((0, 0), (1, 1), (60, 60), (61, 61)), (0, 20_000)
    )
    first, last = -cash[:, 1], cash[:, 2] - cash[:, 3]
    kept = 0.98**61
    assert first.mean() == pytest.approx(100 + 20 * 0.98, abs=0.2)
    assert last.mean() == pytest.approx(100 + 20 * kept, abs=0.2)
    wander = 1.5**2 * (1 - 0.98**122) / (1 - 0.98**2)
    assert last.var() == pytest.approx(25 + 2 * kept * -6 + kept**2 * 16 + wander, rel=0.05)


def test_a_calendar_with_torn_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="columns"):
        _core.cash_rows(law(STEADY), np.zeros((4, 9)), KEY, pairs((0, 1)), (0, 1))
    with pytest.raises(ValueError, match="rows"):
        _core.cash_rows(law(STEADY), np.zeros((5, 9)), KEY, pairs((0, 10)), (0, 1))
    with pytest.raises(ValueError, match="18"):
        _core.cash_rows(law(STEADY[:-1]), np.zeros((5, 9)), KEY, pairs((0, 1)), (0, 1))
