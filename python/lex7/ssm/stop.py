"""Stop sequences in a stream of bytes, also where they begin in one token and end in another."""

from __future__ import annotations

from collections.abc import Sequence

from lex7.base.limits import STOP_BYTES_MAX
from lex7.ssm.errors import ModelArgumentError


class StopScanner:
    """Lets bytes through as soon as they can no longer be part of a stop sequence."""

    def __init__(self, stops: Sequence[str | bytes]) -> None:
        """Name the sequences.

        Raises:
            ModelArgumentError: one is empty or too long.
        """
        self._stops = tuple(one.encode() if isinstance(one, str) else bytes(one) for one in stops)
        for stop in self._stops:
            if not 1 <= len(stop) <= STOP_BYTES_MAX:
                got = f"{len(stop)} bytes"
                raise ModelArgumentError("stop", f"from 1 to {STOP_BYTES_MAX} bytes", got)
        self._held = b""
        self.is_found = False

    def push(self, content: bytes) -> bytes:
        """Take more bytes; return those that stand for certain before any stop sequence."""
        if self.is_found:
            return b""
        whole = self._held + content
        places = [place for stop in self._stops if (place := whole.find(stop)) >= 0]
        if places:
            self.is_found, self._held = True, b""
            return whole[: min(places)]
        keep = max((_overlap(whole, stop) for stop in self._stops), default=0)
        self._held = whole[len(whole) - keep :]
        return whole[: len(whole) - keep]

    def finish(self) -> bytes:
        """Return what was held back and did not become a stop sequence."""
        held, self._held = self._held, b""
        return held


def _overlap(whole: bytes, stop: bytes) -> int:
    """The longest end of `whole` that begins `stop`."""
    for size in range(min(len(whole), len(stop) - 1), 0, -1):
        if whole.endswith(stop[:size]):
            return size
    return 0
