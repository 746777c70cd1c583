"""Pictures are drawn from what the filters say, and a file comes out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, forecast, run, run_all, smooth
from lex7.filters.components import AutoRegression, Level, Season
from lex7.filters.errors import FilterArgumentError
from lex7.filters.guard import gate
from lex7.filters.plots import plot_components, plot_forecast, plot_innovations, plot_state

figure = pytest.importorskip("matplotlib.figure", reason="the extra `plot` is not installed")

DRAW = np.random.default_rng(12)
TIMES = 1_735_689_600 * 10**9 + np.arange(120) * NS_PER_DAY
VALUES = 70 + DRAW.normal(0, 0.3, 120).cumsum() + np.sin(np.arange(120) * 2 * np.pi / 7)
VALUES[40:50] = np.nan
VALUES[80] += 6.0
MODEL = Model((Level(0.3), Season(0.01, 7.0, 1), AutoRegression(0.2, 3.0)), 0.3)


def test_four_pictures_make_a_file(tmp_path: Path) -> None:
    result = run(MODEL, TIMES, VALUES)
    page = figure.Figure(figsize=(9, 14), layout="constrained")
    axes = page.subplots(6, 1)
    plot_state(axes[0], smooth(MODEL, TIMES, VALUES), 0, name="level")
    plot_innovations(axes[1], TIMES, result, nis_max=gate(0.999))
    ahead = forecast(MODEL, result.belief, TIMES[-1] + np.arange(1, 31) * NS_PER_DAY)
    plot_forecast(axes[2], TIMES, VALUES, ahead, observed=True)
    plot_components(axes[3:], MODEL, TIMES, VALUES)
    page.savefig(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    band = axes[2].collections[0].get_paths()[0].vertices[:, 1]
    reach = 1.959964 * np.sqrt(ahead.observation_cov[-1, -1])
    assert band.min() <= ahead.mean[-1] - reach * 0.999
    outside = int((result.nis > gate(0.999)).sum())
    assert outside >= 1
    assert axes[1].get_legend().get_texts()[0].get_text() == f"{outside} outside"


def test_what_cannot_be_drawn_is_refused() -> None:
    axes = figure.Figure().subplots(1, 2)
    with pytest.raises(FilterArgumentError):
        plot_state(axes[0], smooth(MODEL, TIMES, VALUES), 9, name="none")
    with pytest.raises(FilterArgumentError):
        plot_components(axes, MODEL, TIMES, VALUES)
    with pytest.raises(FilterArgumentError):
        plot_components(axes[:1], Model((Level(0.3),), 1.0), np.arange(3000), np.zeros(3000))


@pytest.mark.parametrize("bad", ["text", None, 1.5, np.zeros((2, 2)), np.zeros(0), float("nan")])
def test_every_argument_of_a_picture_is_refused_by_name(bad: object) -> None:
    axes = figure.Figure().subplots(1, 1)
    result, past = run_all(MODEL, TIMES, VALUES), smooth(MODEL, TIMES, VALUES)
    ahead = forecast(MODEL, result.belief, TIMES[-1:] + NS_PER_DAY)
    calls = [
        lambda: plot_state(axes, bad, 0, name="level"),
        lambda: plot_state(axes, past, bad, name="level"),
        lambda: plot_innovations(axes, bad, result, nis_max=9.0),
        lambda: plot_innovations(axes, TIMES, bad, nis_max=9.0),
        lambda: plot_innovations(axes, TIMES[:3], result, nis_max=9.0),
        lambda: plot_innovations(axes, TIMES, result, nis_max=-1.0),
        lambda: plot_forecast(axes, bad, VALUES, ahead, observed=True),
        lambda: plot_forecast(axes, TIMES, bad, ahead, observed=True),
        lambda: plot_forecast(axes, TIMES, VALUES, bad, observed=True),
        lambda: plot_components([axes], bad, TIMES, VALUES),
        lambda: plot_components(axes, MODEL, TIMES, VALUES),
    ]
    for call in calls:
        with pytest.raises(FilterArgumentError):
            call()


def test_dates_of_a_picture_do_not_touch(tmp_path: Path) -> None:
    page = figure.Figure(figsize=(5, 2))
    axes = page.subplots(1, 1)
    plot_state(axes, smooth(MODEL, TIMES[:60], VALUES[:60]), 0, name="level")
    page.savefig(tmp_path / "page.png")
    drawn = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
    drawn.sort(key=lambda box: box.x0)
    assert all(left.x1 < right.x0 for left, right in pairwise(drawn))
