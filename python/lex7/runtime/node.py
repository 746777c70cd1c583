"""One running node: its log, its replicas, its links, and its seat when it serves as council.

    opened ──connect──► running ──(membership changed)──► connected again ──► ... ──close──► closed

The node that serves as council is the lowest live `mon`, else the lowest live member. Access rules
that name `mon` then mean the node that serves, for what is asked to judge rules; records as they
were measured stay what they are (ADR 0094).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from threading import Event

from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind
from lex7.bark.fields import Fields
from lex7.bark.seal import Head
from lex7.base.civil import Day, Zone, zone
from lex7.base.errors import Finding, StorageError, TransportError
from lex7.base.ids import EntryHash, KeyId, NodeName
from lex7.directive.quantity import Forecast
from lex7.lattice import Authority, LatticeState
from lex7.lattice.membership import decode_membership
from lex7.lattice.view import COUNCIL_KIND, council
from lex7.nodes.fold import digest
from lex7.nodes.interface import NodeKind, Setting
from lex7.runtime.border import Border, Identity, Method, RefusedError
from lex7.runtime.clock import now_ns, today
from lex7.runtime.compose import KINDS
from lex7.runtime.enforced import Enforced, Versions, versions
from lex7.runtime.gate import Gate
from lex7.runtime.held import replica_path
from lex7.runtime.home import HomePaths
from lex7.runtime.life import open_log
from lex7.runtime.member import Heads, Member
from lex7.runtime.peer import Clock, Peer
from lex7.runtime.permission import permission
from lex7.runtime.remote import MOMENTS, QUANTITIES, SCENARIOS, RemoteForecast
from lex7.runtime.replica import Replicas
from lex7.runtime.service import COUNTERSIGN, MARGINS, Service
from lex7.runtime.spec import NodeSpec
from lex7.runtime.talk import BOUNDS, OPEN, ROOM
from lex7.runtime.twin import CopiedError
from lex7.storage.entropy import SystemEntropy
from lex7.storage.sqlite import SqliteStorage
from lex7.transport.interface import UnreachableError
from lex7.transport.zenoh import Links, Tls, ZenohTransport

STATE = "state"
BEHIND = "lattice.behind"
JUDGING = frozenset({QUANTITIES, MOMENTS, SCENARIOS, MARGINS, COUNTERSIGN, OPEN, BOUNDS, ROOM})


class SharedMember(Member):
    """A member whose log several threads append to, one at a time."""

    peer: Peer

    def append(self, items: object, heads: Heads) -> tuple[int, ...]:
        """Append entries and take them into the shared state.

        Raises:
            CopiedError: another copy of this node writes or has written.
        """
        with self.peer.lock:
            self.peer.twin.verify_alone(time.monotonic_ns())
            sequences = super().append(items, heads)  # type: ignore[arg-type]
            self.peer.note()
        self.peer.wake()
        return sequences


class Node:
    """A node at work; it is a seat for judging."""

    def __init__(self, spec: NodeSpec) -> None:
        """Open log and replicas and fold them.

        Raises:
            BarkError: a log does not verify.
            StorageError: a database cannot be opened.
        """
        self.spec = spec
        self.paths = HomePaths(spec.home)
        self.work = Event()
        self.unlocked: dict[str, Method] = {}
        self._stack = ExitStack()
        self._transport: ZenohTransport | None = None
        self._linked: tuple[str, ...] = ()
        entropy = SystemEntropy()
        storage = SqliteStorage(self.paths.log(spec.kind), key=spec.database_key, make=False)
        writer = (spec.key, spec.lattice)
        log = open_log(storage, writer, spec.incarnation, entropy)
        self.member = SharedMember(spec.name, self._stack.enter_context(log))
        self.member.load(self._make_kind)
        replicas = Replicas(spec.lattice, self._replica)
        self._stack.callback(replicas.close)
        identity = Identity(spec.name, spec.key, spec.lattice, entropy)
        authority = Authority(spec.owner, spec.lattice)
        clock = Clock(time.monotonic_ns, time.time_ns)
        self.peer = Peer(identity, self.member, storage, replicas, authority, clock)
        self.peer.wake = self.work.set
        self.peer.permit = lambda asker: permission(self.gate, asker)
        self.peer.capabilities = (f"follow.{spec.kind}", "council", "range")
        self.member.peer = self.peer
        self.peer.load()
        self.versions = Versions()
        self._seen_directives: tuple[object, ...] = ()
        self.gate = Gate(spec.name, ())
        self.service = Service(self.member, self.gate, self._rules_on, self.heads)
        self.refresh()

    def connect(self) -> None:
        """Open the links that the membership in force allows; the former ones are closed.

        Raises:
            EndpointError: the port is taken.
        """
        if self._transport is not None:
            self._transport.close()
        names = tuple(sorted(self.peer.names.values()))
        spec = self.spec
        tls = Tls(spec.authority, spec.certificate, spec.private_key, names)
        base = f"lex7/{spec.lattice.hex()[:16]}"
        self._transport = ZenohTransport(Links("peer", spec.listen, spec.connect, base, tls))
        self._linked = names
        self.peer.connect(self._transport, self._methods(), {**self.unlocked, **self._following()})

    def turn(self) -> None:
        """Pull what is missing and follow what changed."""
        self.peer.pull()
        self.refresh()
        if tuple(sorted(self.peer.names.values())) != self._linked:
            self.connect()

    def refresh(self) -> None:
        """Take directives that came into force."""
        known = self.peer.state.directives
        if known != self._seen_directives or not self.versions:
            self._seen_directives = known
            self.versions = versions(self.peer.state, self.spec.owner, self.spec.lattice)
        self.gate.follow(self.versions.on(today(self.setting.zone)).access)

    def write_decisions(self) -> None:
        """Write what the gate decided into the log."""
        payload = self.gate.take(now_ns())
        if payload is not None:
            self.member.append([(EntryKind.ACCESS, payload)], self.heads)

    def close(self) -> None:
        """Write what is pending, leave the lattice and close everything."""
        # A copy writes nothing; `lex7 forks` says what it is.
        with suppress(CopiedError):
            self.write_decisions()
        # A full disk keeps no snapshot; the next start reads the logs instead.
        with suppress(StorageError):
            self.peer.snapshots.keep()
        if self._transport is not None:
            self._transport.close()
        self._stack.close()

    @property
    def setting(self) -> Setting:
        """Currency and time zone, as the membership fixes them."""
        return self._setting

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not as it was promised."""
        found = [*self.versions.refused, *self.peer.findings.values()]
        copied = self.peer.twin.finding(time.monotonic_ns())
        if copied is not None:
            found.append(copied)
        if zone(self._setting.zone.name).digest != self._setting.zone.digest:
            sentence = "the time-zone rules of this machine differ from those of the logs"
            found.append(Finding("time.zone_rules", "membership", sentence))
        return tuple(found)

    @property
    def writer(self) -> Member:
        """This node writes what it decides as council."""
        return self.member

    @property
    def border(self) -> Border:
        """Where this node asks others."""
        return self.peer.border

    def heads(self) -> tuple[Head, ...]:
        """Return the head of every log."""
        return self.peer.seen_heads()

    def state(self) -> LatticeState:
        """Return the shared state."""
        return self.peer.state

    def forecast(self, kind: str, as_of: Day) -> Forecast:
        """Return what one kind of node can say from a day on."""
        name = self.answering(kind)
        if name == self.spec.name:
            with self.peer.lock:
                return self.service.forecast(as_of)
        return RemoteForecast(self.border, name, as_of)

    def answering(self, kind: str) -> NodeName:
        """Return which node answers for a kind: of several, the one with the longest log.

        It does not matter who is there: a node that knows less may not answer for one that is away.

        Raises:
            UnreachableError: the lattice has no node of that kind.
        """
        heads = self.peer.heads()
        known = [
            (-heads[key].sequence if key in heads else 0, name)
            for key, name in self.peer.names.items()
            if name.partition("@")[0] == kind
        ]
        if not known:
            raise UnreachableError(f"a node of kind {kind}")
        return min(known)[1]

    def key_of(self, name: NodeName) -> KeyId:
        """Return a member's key."""
        return next(key for key, known in self.peer.names.items() if known == name)

    def log_heads(self) -> tuple[tuple[str, int, str], ...]:
        """Return name, sequence and hash of every log's end."""
        names = dict(self.peer.names)
        heads = sorted((names.get(key, ""), head) for key, head in self.peer.heads().items())
        return tuple((name, head.sequence, head.hash.hex()) for name, head in heads if name)

    def state_hashes(self) -> dict[str, str]:
        """Return the hash of every node's state that answers."""
        found = {self.spec.name: digest(self.member.state).hex()}
        now = time.monotonic_ns()
        for key, name in sorted(self.peer.names.items(), key=lambda item: item[1]):
            if self.peer.view.is_live(key, now):
                try:
                    answer = self.border.ask(name, STATE, ())
                except TransportError:
                    # It went away meanwhile: whoever compares sees that its hash is missing.
                    continue
                if isinstance(answer, bytes):
                    found[name] = answer.hex()
        return dict(sorted(found.items()))

    def settle(self, names: tuple[NodeName, ...]) -> None:
        """Take in what these nodes have written."""
        for name in names:
            if name != self.spec.name:
                try:
                    self.peer.catch_up(name)
                except TransportError:
                    # What it has not told is not in force; the verdict says so.
                    continue

    def serving(self) -> NodeName:
        """Return who serves as council, as far as this node sees."""
        now = time.monotonic_ns()
        own = self.spec.key.public
        live = (*self.peer.view.live(self.peer.names, now), own)
        key = council(self.peer.names, live)
        return self.spec.name if key is None else self.peer.names[key]

    def _methods(self) -> Mapping[str, Method]:
        served = dict(self.service.methods())
        for name in JUDGING:
            served[name] = partial(self._as_council, served[name])
        served[STATE] = lambda _asker, _question: digest(self.member.state)
        return served

    def _following(self) -> Mapping[str, Method]:
        """Answer for a proposal or a verdict once it is held: what is said of it comes after it."""
        methods = self._methods()
        return {
            name: partial(self._abreast, name, self.peer.guarded(methods[name]))
            for name in (MARGINS, COUNTERSIGN)
        }

    def _abreast(self, name: str, method: Method, asker: NodeName, question: Fields) -> Value:
        # Whether it helped is judged below: a node that is behind refuses by name.
        with suppress(TransportError):
            self.peer.catch_up(asker)
        decision = self.peer.state.decisions.get(EntryHash(question.data(1)))
        verdict = None if decision is None else decision.verdict
        is_other = name == COUNTERSIGN and (verdict is None or verdict.hash != question.data(2))
        if decision is None or is_other:
            sentence = "its entry has not come here yet"
            raise RefusedError(self.spec.name, BEHIND, sentence)
        return method(asker, question)

    def _as_council(self, method: Method, asker: NodeName, question: Fields) -> Value:
        kind, _, device = asker.partition("@")
        if kind != COUNCIL_KIND and asker == self.serving():
            asker = NodeName(f"{COUNCIL_KIND}@{device}")
        return method(asker, question)

    def _rules_on(self, day: Day) -> Enforced:
        return self.versions.on(day)

    def _replica(self, writer: KeyId) -> SqliteStorage:
        path = replica_path(self.paths, self.spec.kind, writer)
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        return SqliteStorage(path, key=self.spec.database_key)

    def _make_kind(self, payload: bytes) -> NodeKind:
        membership = decode_membership(payload, self.spec.owner, self.spec.lattice)
        where: Zone = membership.zone
        self._setting = Setting(membership.currency, where)
        return KINDS[self.spec.kind](self._setting)
