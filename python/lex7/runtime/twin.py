"""Is there another copy of this node, and has it written what this one has not?

A copy shows in three ways: it speaks under this node's key, other members hold entries under this
node's key that this log does not have, or there is evidence of a fork. While a copy shows, this
node writes nothing: its records stay whole, and nobody has to choose between two branches. The
owner chooses with `lex7 forks --heal`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lex7.bark.run import Run, check
from lex7.bark.seal import Head
from lex7.base.errors import Finding, StateError
from lex7.base.ids import KeyId
from lex7.base.limits import HEARTBEAT_NS, MISSED_BEATS_MAX
from lex7.lattice.sync import Heartbeat, RangeRequest
from lex7.runtime.border import Identity
from lex7.storage.interface import StoredRun

OWN_BEATS_KEPT = 64
TWIN_NS = HEARTBEAT_NS * MISSED_BEATS_MAX * 2
"""How long after its last heartbeat another copy counts as there."""


class CopiedError(StateError):
    """Another copy of this node writes or has written."""

    code = "lattice.copied"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class Twin:
    """What one node knows of another copy of itself."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._sent: deque[bytes] = deque(maxlen=OWN_BEATS_KEPT)
        self._last_beat_ns = 0
        self._heard_ns: int | None = None
        self._ahead: tuple[int, int] | None = None
        self.is_frozen = False
        self.is_passed_over = False

    def sent(self, exchange: bytes, wall_ns: int) -> None:
        """Remember an own heartbeat, so that hearing it is no surprise."""
        self._sent.append(exchange)
        self._last_beat_ns = wall_ns

    def hear(self, exchange: bytes, beat: Heartbeat, now_ns: int) -> None:
        """Take a heartbeat under the own key; an old one that was repeated says nothing."""
        if exchange not in self._sent and beat.time_ns > self._last_beat_ns - HEARTBEAT_NS:
            self._heard_ns = now_ns

    def examine(self, ask: Callable[[RangeRequest], tuple[StoredRun, ...]], own: Head) -> None:
        """Let a member prove that it holds entries of this node that this log does not have."""
        writer: KeyId = self._identity.key.public
        first = max(own.sequence, 1)
        for stored in ask(RangeRequest(writer, first, first + 1)):
            run = check(stored, lattice=self._identity.lattice, writer=writer, before=None)
            if not isinstance(run, Run):
                continue
            known = {entry.sequence: entry.hash for entry in run.entries}
            if run.head.sequence > own.sequence or known.get(own.sequence, own.hash) != own.hash:
                self._ahead = (own.sequence, run.head.sequence)

    def renew(self) -> None:
        """Forget what was found: the owner chose this copy."""
        self._ahead = None

    def finding(self, now_ns: int) -> Finding | None:
        """Say what shows another copy, or None."""
        name = self._identity.name
        heal = f"`lex7 forks --heal {name}` at the owner's home lets this copy go on"
        if self._heard_ns is not None and now_ns - self._heard_ns < TWIN_NS:
            sentence = (
                f"another process speaks as {name}: a copy of this home runs elsewhere; stop one "
                "of them, because this one writes nothing meanwhile"
            )
            return Finding("lattice.twin", name, sentence)
        if self.is_passed_over:
            sentence = (
                f"the owner let another copy of {name} go on; this one writes nothing any more"
            )
            return Finding("lattice.passed_over", name, sentence)
        if self._ahead is not None:
            sentence = (
                f"other members hold entries of {name} that this home does not have (after "
                f"{self._ahead[0]}): it was restored or copied and writes nothing; {heal}"
            )
            return Finding("lattice.own_fork", name, sentence)
        if self.is_frozen:
            sentence = (
                f"two copies of {name} wrote different entries; it writes nothing until {heal}"
            )
            return Finding("lattice.own_fork", name, sentence)
        return None

    def verify_alone(self, now_ns: int) -> None:
        """Let this node write.

        Raises:
            CopiedError: another copy shows.
        """
        found = self.finding(now_ns)
        if found is not None:
            raise CopiedError(found.sentence)
