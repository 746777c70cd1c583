"""Filters on noise that changes: which one knows best, by numbers.

Eight kinds of series of 256 values, the second half scored: mean negative log-density of the true
level and of each value before it came, and the mean squared error of the level in dB. Nothing is
timed; `docs/research-log.md` holds a run.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model, fit, run_all
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.bank import scaled_models
from lex7.filters.components import Free, Level
from lex7.filters.robust import GAUSSIAN, StudentT

LENGTH = 256
HALF = LENGTH // 2
KINDS = ("train", "fixed", "switch", "outlier", "hardswitch", "t3", "ar+sine", "sv")
TIMES = np.arange(LENGTH) * NS_PER_DAY


def draw_series(kind: str, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (level, values)."""
    q, r = np.full(LENGTH, 0.3), np.ones(LENGTH)
    steps = np.arange(LENGTH)
    if kind == "train":
        q = np.exp(draw.normal(-1.2, 0.8) + draw.normal(0, 0.03, LENGTH).cumsum())
        r = np.exp(draw.normal(0.0, 0.8) + draw.normal(0, 0.03, LENGTH).cumsum())
    if kind == "switch":
        q = np.where((draw.random(LENGTH) < 1 / 40).cumsum() % 2, 1.5, 0.1)
        r = np.where((draw.random(LENGTH) < 1 / 40).cumsum() % 2, 3.0, 0.5)
    if kind == "hardswitch":
        r = np.where(steps < HALF + 20, 0.5, 6.0)
    if kind == "sv":
        r = np.exp(0.5 * draw.normal(0, 0.35, LENGTH).cumsum().clip(-3, 3))
    level = (q * draw.normal(size=LENGTH)).cumsum()
    if kind == "ar+sine":
        swing = np.zeros(LENGTH)
        for step in range(1, LENGTH):
            swing[step] = 0.95 * swing[step - 1] + 0.3 * draw.normal()
        level = swing + 2 * np.sin(2 * np.pi * steps / 50)
    noise = draw.standard_t(3, LENGTH) if kind == "t3" else draw.normal(size=LENGTH)
    values = level + r * noise
    if kind == "outlier":
        values += (draw.random(LENGTH) < 0.05) * draw.normal(0, 10, LENGTH)
    return level, values


def gaussian(error: float, variance: float) -> float:
    """Return the negative log-density of an error."""
    return 0.5 * (math.log(2 * math.pi * variance) + error * error / variance)


def scored(rows: list[tuple[float, float, float]], level: np.ndarray) -> tuple[float, float, float]:
    """Return state NLL, squared error and predictive NLL of (mean, variance, log-density) rows."""
    state = [gaussian(level[t] - rows[t][0], rows[t][1]) for t in range(HALF, LENGTH)]
    square = [(level[t] - rows[t][0]) ** 2 for t in range(HALF, LENGTH)]
    told = [-rows[t][2] for t in range(HALF, LENGTH)]
    return float(np.mean(state)), float(np.mean(square)), float(np.mean(told))


def of_model(model: Model, values: np.ndarray) -> list[tuple[float, float, float]]:
    """Return rows of one filter with fixed noise."""
    kept = run_all(model, TIMES, values)
    pairs = zip(kept.innovations[1:], kept.innovation_vars[1:], strict=True)
    told = [0.0, *(-gaussian(*pair) for pair in pairs)]
    return list(zip(kept.means[:, 0], kept.covs[:, 0, 0], told, strict=True))


def of_bank(
    models: tuple[Model, ...], forgetting: float, values: np.ndarray
) -> list[tuple[float, float, float]]:
    """Return rows of a bank."""
    bank = Bank(models, forgetting=forgetting)
    rows = []
    for time_ns, value in zip(TIMES.tolist(), values.tolist(), strict=True):
        told = bank.update(time_ns, value)[2]
        belief = bank.belief()
        rows.append((float(belief.mean[0]), float(belief.cov[0, 0]), told))
    return rows


def of_variational(model: Model, values: np.ndarray) -> list[tuple[float, float, float]]:
    """Return rows of the adaptive filter."""
    stream = AdaptiveFilter(model, forgetting=0.95)
    rows = []
    for time_ns, value in zip(TIMES.tolist(), values.tolist(), strict=True):
        innovation, variance, _ = stream.update(time_ns, value)
        belief = stream.belief()
        told = -gaussian(innovation, variance) if math.isfinite(variance) else 0.0
        rows.append((float(belief.mean[0]), float(belief.cov[0, 0]), told))
    return rows


def of_sage_husa(model: Model, values: np.ndarray) -> list[tuple[float, float, float]]:
    """Return rows of Sage and Husa's estimate of the noise, kept above a hundredth of its start."""
    stream = Filter(model)
    noise, fading = model.observation_sd**2, 0.95
    floor, weight = 0.01 * noise, 1.0
    rows = []
    for time_ns, value in zip(TIMES.tolist(), values.tolist(), strict=True):
        innovation, variance, _ = stream.update(time_ns, value, math.sqrt(noise))
        told = 0.0
        if math.isfinite(variance):
            told = -gaussian(innovation, variance)
            weight = weight * fading + 1.0
            estimate = innovation * innovation - (variance - noise)
            noise = max(noise + (estimate - noise) / max(weight, 4.0), floor)
        belief = stream.belief()
        rows.append((float(belief.mean[0]), float(belief.cov[0, 0]), told))
    return rows


def methods(values: np.ndarray) -> dict[str, list[tuple[float, float, float]]]:
    """Return the rows of every method on one series."""
    free = Model((Level(Free()),), Free())
    first = fit(free, TIMES[:HALF], values[:HALF]).model
    hindsight = fit(free, TIMES, values).model
    steps = np.diff(values[:20])
    scale = float(1.4826 * np.median(np.abs(steps - np.median(steps))))
    lively = tuple(float(x) for x in np.geomspace(0.02, 2.0, 12))
    noisy = tuple(float(x) for x in np.geomspace(0.05, 6.0, 14))
    robust, plain = (
        scaled_models(Model((Level(scale),), scale, kind), noisy, lively)
        for kind in (StudentT(4.0), GAUSSIAN)
    )
    return {
        "fixed, fitted to the first half": of_model(first, values),
        "fixed, fitted in hindsight": of_model(hindsight, values),
        "Sage-Husa on the first half's fit": of_sage_husa(first, values),
        "variational Bayes on the first half's fit": of_variational(first, values),
        "bank 168, robust, 0.95": of_bank(robust, 0.95, values),
        "bank 168, plain, 0.95": of_bank(plain, 0.95, values),
        "bank 168, plain, 0.99": of_bank(plain, 0.99, values),
    }


def main() -> None:
    """Print one line per method: means over the kinds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=8, help="series per kind")
    parser.add_argument("--json", action="store_true", help="accepted and ignored: no row is timed")
    given = parser.parse_args()
    totals: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    for place, kind in enumerate(KINDS):
        for seed in range(given.series):
            level, values = draw_series(kind, np.random.default_rng([place, seed]))
            for name, rows in methods(values).items():
                totals.setdefault(name, {}).setdefault(kind, []).append(scored(rows, level))
    print(f"{'method':44}{'state NLL':>10}{'MSE dB':>9}{'pred NLL':>10}   MSE dB by kind")
    for name, by_kind in totals.items():
        means = {kind: np.mean(rows, axis=0) for kind, rows in by_kind.items()}
        state, told = (np.mean([one[i] for one in means.values()]) for i in (0, 2))
        decibels = {kind: 10 * math.log10(one[1]) for kind, one in means.items()}
        each = " ".join(f"{kind} {value:.2f}" for kind, value in decibels.items())
        middle = np.mean(list(decibels.values()))
        print(f"{name:44}{state:10.3f}{middle:9.2f}{told:10.3f}   {each}")


if __name__ == "__main__":
    main()
