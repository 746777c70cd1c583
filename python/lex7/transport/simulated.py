"""A transport over a virtual network: one seed gives one run, with every fault of a real one.

The network has a clock of its own that moves from event to event; nothing waits. Messages are
lost, repeated, delayed and so reordered as the weather says; links are cut in both directions or
in one, nodes stop and come back. A node that waits for an answer hears nothing else meanwhile;
what is addressed to it waits, as in a queue.

    request  ──delay──► handler ──delay──► answer       lost on either way: the patience runs out
    publish  ──delay──► listener                        lost: nobody knows
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from lex7.base.entropy import SeededEntropy
from lex7.base.errors import Lex7Error
from lex7.base.limits import LEASE_MS, PAYLOAD_BYTES_MAX, QUEUE_MAX
from lex7.transport.interface import (
    Handler,
    Listener,
    Priority,
    UnreachableError,
    Watcher,
    is_matching,
    verify_size,
)

PATIENCE_NS = 1_000_000_000
"""How long a request waits for its answer."""

LEASE_NS = LEASE_MS * 1_000_000
REACH_NS = 50_000_000
"""How long two nodes need to find each other again."""

_SHARES = 1_000
Action = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Weather:
    """What the network does to messages.

    Attributes:
        lost: of a thousand messages, how many never arrive.
        repeated: of a thousand messages, how many arrive twice.
        delay_ns: the shortest and the longest delay of a message.
    """

    lost: int = 0
    repeated: int = 0
    delay_ns: tuple[int, int] = (100_000, 1_000_000)


CALM = Weather()


@dataclass(order=True, slots=True)
class _Event:
    """Something that happens to a node at an instant; ties are in the order they were planned."""

    at_ns: int
    number: int
    node: str = field(compare=False)
    action: Action = field(compare=False)
    is_told: bool = field(compare=False, default=False)


class Network:
    """The clock, the links and the weather of one simulated world."""

    def __init__(self, seed: int, weather: Weather = CALM) -> None:
        self.now_ns = 0
        self.weather = weather
        self.message_counts: dict[str, int] = {}
        self.byte_counts: dict[str, int] = {}
        self._entropy = SeededEntropy(seed)
        self._events: list[_Event] = []
        self._planned_count = 0
        self._waiting: dict[str, list[_Event]] = {}
        self._cut: frozenset[tuple[str, str]] = frozenset()
        self._ends: dict[str, list[SimulatedTransport]] = {}

    def join(self, node: str) -> SimulatedTransport:
        """Give a node a transport; it is there until that is closed."""
        end = SimulatedTransport(self, node)
        self._ends.setdefault(node, []).append(end)
        self.message_counts.setdefault(node, 0)
        self.byte_counts.setdefault(node, 0)
        return end

    def plan(self, delay_ns: int, node: str, action: Action) -> None:
        """Let something happen at a node later, and not while it waits for an answer."""
        self._push(delay_ns, node, action)

    def cut(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Cut links from one node to another; a pair in one order only leaves a half-open link."""
        self._cut |= frozenset(pairs)
        self._look_again(LEASE_NS)

    def part(self, *groups: Iterable[str]) -> None:
        """Cut every link between nodes of different groups."""
        places = {node: place for place, group in enumerate(groups) for node in group}
        self.cut((one, other) for one in places for other in places if places[one] != places[other])

    def heal(self) -> None:
        """Mend every link."""
        self._cut = frozenset()
        self._look_again(REACH_NS)

    def run(self, until_ns: int) -> None:
        """Let everything happen up to an instant."""
        while self._events and self._events[0].at_ns <= until_ns:
            self._step()
        self.now_ns = max(self.now_ns, until_ns)

    def draw(self, below: int) -> int:
        """Draw a number from 0 to `below` - 1."""
        return int.from_bytes(self._entropy.draw(8), "big") % below

    def reaches(self, one: str, other: str) -> bool:
        """Answer whether messages of one node can arrive at another."""
        return (one, other) not in self._cut

    def ends(self) -> list[SimulatedTransport]:
        """Return who is there, by name."""
        return [end for node in sorted(self._ends) for end in self._ends[node]]

    def carry(self, sender: str, receiver: str, size: int, action: Action, *, queue: str) -> None:
        """Bring one message on its way, as the weather has it.

        Args:
            sender: the node it comes from.
            receiver: the node it goes to.
            size: its bytes.
            action: what it does when it arrives.
            queue: the node for which it waits while that node waits; empty if it waits for none.
        """
        self.message_counts[sender] += 1
        self.byte_counts[sender] += size
        copies = 2 if self.draw(_SHARES) < self.weather.repeated else 1
        for _ in range(copies):
            if self.reaches(sender, receiver) and self.draw(_SHARES) >= self.weather.lost:
                self._push(self._delay(), queue, action, is_told=True)

    def wait(self, node: str, is_done: Callable[[], bool]) -> None:
        """Let others act until something is done or the patience of a node runs out."""
        end_ns = self.now_ns + PATIENCE_NS
        held = self._waiting.setdefault(node, []) if node not in self._waiting else None
        while not is_done() and self._events and self._events[0].at_ns <= end_ns:
            self._step()
        if not is_done():
            self.now_ns = max(self.now_ns, end_ns)
        if held is not None:
            del self._waiting[node]
            for event in held:
                self._push(0, event.node, event.action, is_told=event.is_told)

    def leave(self, end: SimulatedTransport) -> None:
        """Forget an end that was closed."""
        self._ends[end.node].remove(end)

    def look(self, watching: SimulatedTransport, delay_ns: int) -> None:
        """Let a node see, a little later, who is there."""
        self._push(delay_ns, "", watching.look)

    def _look_again(self, delay_ns: int) -> None:
        for end in self.ends():
            self.look(end, delay_ns)

    def _delay(self) -> int:
        shortest, longest = self.weather.delay_ns
        return shortest + self.draw(longest - shortest + 1)

    def _push(self, delay_ns: int, node: str, action: Action, *, is_told: bool = False) -> None:
        self._planned_count += 1
        event = _Event(self.now_ns + delay_ns, self._planned_count, node, action, is_told)
        heapq.heappush(self._events, event)

    def _step(self) -> None:
        event = heapq.heappop(self._events)
        self.now_ns = max(self.now_ns, event.at_ns)
        held = self._waiting.get(event.node)
        if held is None:
            event.action()
        elif not event.is_told or len(held) < QUEUE_MAX:
            held.append(event)


class SimulatedTransport:
    """One node's end of the virtual network."""

    def __init__(self, network: Network, node: str) -> None:
        self.node = node
        self.announced: list[str] = []
        self._network = network
        self.handlers: dict[str, Handler] = {}
        self.listeners: list[tuple[str, Listener]] = []
        self._watchers: list[tuple[str, Watcher]] = []
        self._seen: set[str] = set()
        self._is_open = True

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        self.handlers[key] = handler

    def request(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> bytes:
        """Send a message and return the answer; the clock moves on meanwhile.

        Raises:
            UnreachableError: no answer came.
            MessageTooLargeError: the message or its answer is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        answers: list[bytes] = []
        for end in self._network.ends() if self._is_open else ():
            if key in end.handlers:
                # A handler runs beside what its node waits for, as on a thread of its own.
                call = self._call(end, key, sent, answers)
                self._network.carry(self.node, end.node, len(sent), call, queue="")
                break
        else:
            raise UnreachableError(key)
        self._network.wait(self.node, lambda: bool(answers))
        if not answers or not self._is_open:
            raise UnreachableError(key)
        return verify_size(key, answers[0], PAYLOAD_BYTES_MAX)

    def publish(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> None:
        """Tell whoever listens and can be reached.

        Raises:
            MessageTooLargeError: the message is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        for end in self._network.ends() if self._is_open else ():
            if any(is_matching(pattern, key) for pattern, _ in end.listeners):
                hear = end.hearing(key, sent)
                self._network.carry(self.node, end.node, len(sent), hear, queue=end.node)

    def subscribe(self, pattern: str, listener: Listener) -> None:
        """Hear what is published under keys of a pattern until the transport is closed."""
        self.listeners.append((pattern, listener))

    def announce(self, key: str) -> None:
        """Let watchers know that this transport is there, until it is closed."""
        self.announced.append(key)
        self._tell_watchers()

    def watch(self, pattern: str, watcher: Watcher) -> None:
        """Hear which keys of a pattern are announced, now and later, and which are gone."""
        self._watchers.append((pattern, watcher))
        self._network.look(self, REACH_NS)

    def close(self) -> None:
        """Stop answering, hearing and being there; closing twice is allowed."""
        if not self._is_open:
            return
        self._is_open = False
        self.handlers.clear()
        self.listeners.clear()
        self._watchers.clear()
        self.announced.clear()
        self._network.leave(self)
        self._tell_watchers()

    def look(self) -> None:
        """Tell the watchers what has appeared and what is gone since they last looked."""
        there = {
            key
            for end in self._network.ends()
            if self._network.reaches(end.node, self.node)
            for key in end.announced
        }
        for key in sorted(self._seen ^ there):
            for pattern, watcher in tuple(self._watchers):
                if is_matching(pattern, key):
                    watcher(key, key in there)
        self._seen = there

    def _tell_watchers(self) -> None:
        for end in self._network.ends():
            self._network.look(end, REACH_NS)

    def hearing(self, key: str, message: bytes) -> Action:
        """Return what a message does when it arrives here."""

        def hear() -> None:
            for pattern, listener in tuple(self.listeners):
                if is_matching(pattern, key):
                    listener(key, message)

        return hear

    def _call(
        self, end: SimulatedTransport, key: str, message: bytes, answers: list[bytes]
    ) -> Action:
        def call() -> None:
            handler = end.handlers.get(key)
            if handler is None:
                return
            try:
                answer = handler(message)
            except Lex7Error:
                # As over a network: who asked hears nothing and runs into the deadline.
                return
            back = partial(answers.append, answer)
            self._network.carry(end.node, self.node, len(answer), back, queue="")

        return call
