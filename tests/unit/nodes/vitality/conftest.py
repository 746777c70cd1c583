"""Blocks of observations written as wall-clock times of the owner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lex7.base import civil
from lex7.base.civil import Day, Zone
from lex7.base.record import ObservationBlock
from lex7.ingest.days import Rows, file_rows

Row = tuple[str, str, str, int]
Blocks = dict[str, dict[Day, tuple[ObservationBlock, ...]]]
MakeBlocks = Callable[..., Blocks]


@pytest.fixture
def berlin() -> Zone:
    return civil.zone("Europe/Berlin")


@pytest.fixture
def make_blocks(berlin: Zone) -> MakeBlocks:
    """Make the blocks of streams from (source, start, end, value) rows in Berlin wall time."""

    def instant(text: str) -> int:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo is None:
            wall = wall.replace(tzinfo=ZoneInfo(berlin.name))
        return int(wall.timestamp()) * 10**9

    def make(**streams: Iterable[Row]) -> Blocks:
        found: Blocks = {}
        for name, listed in streams.items():
            stream, rows = name.replace("__", "."), list(listed)
            names = sorted({row[0] for row in rows})
            columns = Rows(
                np.array([instant(row[1]) for row in rows], dtype=np.int64),
                np.array([instant(row[2]) for row in rows], dtype=np.int64),
                np.array([row[3] for row in rows], dtype=np.int64),
                np.array([names.index(row[0]) for row in rows], dtype=np.uint16),
            )
            by_day = found.setdefault(stream, {})
            for block in file_rows(stream, columns, names, berlin)[0]:
                by_day[block.day] = (*by_day.get(block.day, ()), block)
        return found

    return make
