"""Late and retracted observations for any stream that can be saved: gates, banks and others.

`Timeline` does this for the plain filter inside the kernel and is faster. Here the stream is taken
as it is: its bytes are kept at checkpoints, a late row goes back to the one before it and the rows
after it are taken in again. Whatever the order of arrival, the bytes are those of a stream that saw
the rows that stand, ordered by time and, at one time, by arrival.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lex7.base.ids import StateHash
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError

STRIDE = 32
"""Rows between two checkpoints: a late row takes in at most that many twice before its place."""

ROWS_MAX = 1 << 20


class SavableStream(Protocol):
    """Whatever takes in values one by one and can be saved."""

    def update(self, time_ns: int, value: Any, *more: Any) -> Any:  # noqa: ANN401
        """Take in one value; a refused one leaves the stream as it was."""
        ...

    def to_bytes(self) -> bytes:
        """Return the state as canonical bytes."""
        ...


@dataclass(frozen=True, slots=True)
class _Row:
    time_ns: int
    number: int
    arguments: tuple[Any, ...]


class Rewinding:
    """A stream whose rows may come late or be taken back, a resource with mutable state.

    `start` builds the stream: fresh from None, or going on from its own bytes, for example
    `lambda saved: GuardedFilter(model, nis_max=9.0, rejects_max=3, saved=saved)`. Half of
    `rows_max` rows at least can still change; a row from before `horizon_ns` is refused. `to_bytes`
    are the stream's own, and `saved` goes on from them: what was in the window is settled then,
    and a row from before it is refused by the stream. `Timeline` saves its window as well.
    """

    __slots__ = ("_base", "_marks", "_next", "_rows", "_start", "horizon_ns", "rows_max", "stream")

    def __init__(
        self,
        start: Callable[[bytes | None], SavableStream],
        *,
        rows_max: int = 4096,
        saved: bytes | None = None,
    ) -> None:
        if not callable(start):
            raise FilterArgumentError("start", "a function of saved bytes", type(start).__name__)
        self.rows_max = core_native.whole("rows_max", rows_max, 2, ROWS_MAX)
        self._start = start
        self._rows: list[_Row] = []
        self._base = None if saved is None else core_native.raw("saved", saved)
        # The bytes before row k × STRIDE, for every k that was reached; the first is the base.
        self._marks: list[bytes | None] = [self._base]
        self._next = 0
        self.horizon_ns: int | None = None
        self.stream = start(self._base)

    def insert(self, time_ns: int, value: Any, *more: Any) -> tuple[int, Any]:  # noqa: ANN401
        """Put one row where its time belongs; return its number and what the stream says there.

        Raises:
            FilterArgumentError: the row is refused, or its time lies before the window.
        """
        when = core_native.instant("time_ns", time_ns)
        if self.horizon_ns is not None and when < self.horizon_ns:
            raise FilterArgumentError("time_ns", f"at least {self.horizon_ns}", str(when))
        place = bisect_right(self._rows, when, key=lambda row: row.time_ns)
        row = _Row(when, self._next, (value, *more))
        told = self._replaced([*self._rows[:place], row, *self._rows[place:]], place)
        self._next += 1
        self._fold()
        return row.number, told

    def retract(self, number: int) -> None:
        """Take a row back by its number.

        Raises:
            FilterArgumentError: no row of that number is in the window.
        """
        named = core_native.whole("number", number, 0, (1 << 63) - 1)
        places = [place for place, row in enumerate(self._rows) if row.number == named]
        if not places:
            raise FilterArgumentError("number", "that of a row in the window", str(named))
        place = places[0]
        self._replaced([*self._rows[:place], *self._rows[place + 1 :]], place)

    def __len__(self) -> int:
        """Return how many rows can still change."""
        return len(self._rows)

    def to_bytes(self) -> bytes:
        """Return the bytes of the stream after the last row in time."""
        return self.stream.to_bytes()

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names those bytes."""
        return core_native.state_hash(self.to_bytes())

    def _replaced(self, rows: list[_Row], place: int) -> Any:  # noqa: ANN401
        """Take in rows from a place on; return what the stream said there, or change nothing."""
        if place == len(self._rows) and len(rows) > place:
            if place % STRIDE == 0 and place // STRIDE == len(self._marks):
                self._marks.append(self._saved())
            told = self.stream.update(rows[place].time_ns, *rows[place].arguments)
            self._rows = rows
            return told
        marks = self._marks[: place // STRIDE + 1]
        stream = self._start(marks[-1])
        told = None
        for index in range((len(marks) - 1) * STRIDE, len(rows)):
            if index % STRIDE == 0 and index // STRIDE == len(marks):
                marks.append(stream.to_bytes())
            said = stream.update(rows[index].time_ns, *rows[index].arguments)
            told = said if index == place else told
        self._rows, self._marks, self.stream = rows, marks, stream
        return told

    def _saved(self) -> bytes | None:
        return self.stream.to_bytes() if self._rows or self._base is not None else None

    def _fold(self) -> None:
        """Let the older half go into the base when the window is full."""
        if len(self._rows) <= self.rows_max:
            return
        count = len(self._rows) // 2 // STRIDE * STRIDE
        if count == 0:
            count = len(self._rows) // 2
            stream = self._start(self._marks[0])
            for row in self._rows[:count]:
                stream.update(row.time_ns, *row.arguments)
            base = stream.to_bytes()
            self.horizon_ns, self._rows = self._rows[count - 1].time_ns, self._rows[count:]
            self._base, self._marks = base, [base]
            return
        self.horizon_ns = self._rows[count - 1].time_ns
        self._rows, self._marks = self._rows[count:], self._marks[count // STRIDE :]
        self._base = self._marks[0]
