"""The shared state of one peer: folded when somebody looks, ruled on at once.

    entries come in ──► waiting ──(somebody looks)──► folded
                 └── one may change who is a member or who forked ──► folded at once

Ranges of many writers arrive one after another and lie beside each other in canonical order; folded
together they cost one walk instead of one each. What rules which entries count never waits.
"""

from __future__ import annotations

from collections.abc import Iterable

from lex7.bark.entry import VerifiedEntry
from lex7.lattice import Authority, LatticeState, Timeline, extend, is_ruling


class Shared:
    """The timeline of one peer; its lock is held by whoever calls."""

    def __init__(self, authority: Authority) -> None:
        self._timeline = Timeline(authority)
        self._waiting: list[VerifiedEntry] = []

    @property
    def timeline(self) -> Timeline:
        """Everything that came in, folded."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._timeline = extend(self._timeline, waiting)
        return self._timeline

    @timeline.setter
    def timeline(self, timeline: Timeline) -> None:
        self._timeline = timeline

    @property
    def ruling(self) -> LatticeState:
        """A state whose members and forks are those of now; the rest of it may be older."""
        return self._timeline.state

    def take(self, entries: Iterable[VerifiedEntry]) -> bool:
        """Take control entries in; return whether members or forks may have changed."""
        fresh = list(entries)
        self._waiting += fresh
        before = self.ruling
        if not any(is_ruling(entry, before) for entry in fresh):
            return False
        after = self.timeline.state
        return after.membership is not before.membership or after.forks != before.forks
