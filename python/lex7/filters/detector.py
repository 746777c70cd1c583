"""A detector of unusual values in one stream, with one configuration for every stream.

It runs several filters over the stream and asks how rare each innovation is, compared with the
largest ones of the stream's own past. It looks at no value ahead, does not know how long the series
will be, and keeps about 4 kB however long it runs. ADR 0047 tells how it was chosen and measured.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from lex7.base.shapes import Series
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError


class Detector:
    """One stream under way, a resource with mutable state.

    `update(time_ns, value)` takes in one value and returns its score in [0, 1]. 0.5 means: as
    surprising as the largest surprise of the past; 0 means unremarkable, or less than an alarm of
    the last 300 values (one event, one alarm), or that fewer than 150 values were seen. NaN is a
    missing value. Times may be irregular but not descend. A value that is refused leaves the
    detector as it was.
    """

    __slots__ = ("_kernel", "update")

    def __init__(self, saved: bytes | None = None) -> None:
        data = None if saved is None else core_native.raw("saved", saved)
        self._kernel = core_native.FilterDetector(data)
        # The compiled method itself: a Python method around it would take longer than the step.
        self.update = self._kernel.update

    def update_all(self, times_ns: ArrayLike, values: ArrayLike) -> Series:
        """Take in many values in order; the scores are those of one `update` after another.

        Raises:
            FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        """
        times, series, _ = core_native.columns(times_ns, values, None)
        if len(times) != len(series):
            raise FilterArgumentError("values", f"{len(times)} numbers", str(len(series)))
        return self._kernel.update_all(times, series)

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes; `Detector(saved)` goes on with the same bits."""
        return self._kernel.to_bytes()
