"""Small pictures made of characters: a bar with a mark, a line of blocks.

They show what the numbers beside them say; they are never the only place where something is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_EMPTY, _MARK, _GAP = "·", "┃", " "


def bar(share: float, width: int, *, mark: float | None = None) -> str:
    """Draw a share of one as a bar; a mark stands where it should reach to.

    A full bar hides nothing: a share that is not one leaves the last cell unfilled.
    """
    eighths = math.floor(max(0.0, min(1.0, share)) * width * 8 + 1e-9)
    full, part = divmod(eighths, 8)
    cells = ["█"] * full
    if full < width:
        cells += [_EIGHTHS[part] if part else _EMPTY] + [_EMPTY] * (width - full - 1)
    if mark is not None:
        cells[min(width - 1, max(0, round(mark * width) - 1))] = _MARK
    return "".join(cells)


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Draw a series as blocks, the mean of each stretch; a stretch without values is blank."""
    count = min(width, len(values))
    means: list[float | None] = []
    for index in range(count):
        low, high = index * len(values) // count, (index + 1) * len(values) // count
        known = [value for value in values[low:high] if value is not None and value == value]
        means.append(sum(known) / len(known) if known else None)
    present = [value for value in means if value is not None]
    if not present:
        return ""
    bottom, height = min(present), max(present) - min(present)
    return "".join(
        _GAP
        if value is None
        else _HEIGHTS[min(7, int((value - bottom) / height * 8)) if height > 0 else 3]
        for value in means
    )
