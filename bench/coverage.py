"""How often the truth lies in the 90 % band: 50 synthetic people's files read, fitted, forecast.

For each seed the sample's files are written, read by the importers, and fitted by the node kinds;
each quantity is forecast for every day from 1 to 90 after the last file and compared with what then
came (`truth.json`, which no node reads). Spending and income are judged as sums over 30 days, as
rules speak of them. The people's last days lie a week apart, so that every season is forecast. The
share of truths inside the central 90 % band must lie between 85 and 95 %.

    python bench/coverage.py [--json] [--seeds 50]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from report import Row, cost, finish, rate

from lex7.sample import write_sample
from lex7.sample.judging import HORIZON_DAYS, Score, add_up, judge, read_future
from lex7.sample.reading import read_forecasts
from lex7.sample.writing import AS_OF

SEEDS = 50
LOWEST, HIGHEST = 0.85, 0.95


def scores(seeds: int) -> Iterator[Score]:
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / "sample"
            write_sample(directory, seed, as_of=AS_OF - timedelta(weeks=seed))
            forecasts = read_forecasts(directory)
            future = read_future(directory)
        for forecast in forecasts:
            yield from judge(forecast, future)


def rows(total: list[Score], seeds: int) -> Iterator[Row]:
    for score in total:
        work = (
            f"{score.quantity}: {seeds} people, days 1 to {HORIZON_DAYS} "
            f"(above {score.above / score.count:.1%}, below {score.below / score.count:.1%})"
        )
        yield rate(f"coverage of {work}", score.share, "share", "limit", LOWEST, 1.0)
        yield cost(f"coverage of {work}", score.share, "share", "limit", HIGHEST, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    finish(list(rows(add_up(scores(options.seeds)), options.seeds)))


if __name__ == "__main__":
    main()
