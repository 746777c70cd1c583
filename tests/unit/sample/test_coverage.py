"""Forecasts from the files of a few people hold about nine times in ten (bench/coverage.py: 50)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lex7.sample import write_sample
from lex7.sample.judging import add_up, judge, read_future
from lex7.sample.reading import read_forecasts
from lex7.sample.writing import AS_OF

PEOPLE = 8


@pytest.mark.slow
def test_bands_hold_about_nine_times_in_ten(tmp_path: Path) -> None:
    scores = []
    for seed in range(1, PEOPLE + 1):
        directory = tmp_path / str(seed)
        write_sample(directory, seed, as_of=AS_OF - timedelta(weeks=6 * seed))
        future = read_future(directory)
        for forecast in read_forecasts(directory):
            scores += judge(forecast, future)
    total = add_up(scores)
    # Days of one person are alike, so eight people say less than their 6,000 forecasts suggest.
    assert all(score.share > 0.70 for score in total), total
    assert 0.84 < sum(score.share for score in total) / len(total) < 0.96
