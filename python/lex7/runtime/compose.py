"""The one file where concrete parts meet: a home becomes three members on one transport.

Members share nothing but the transport. Every one of them knows the lattice state, because it is
a fold over control entries that all members read, and every one has its own gate, made from the
directives in force.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.keys import Keys
from lex7.bark.seal import Head
from lex7.base.civil import Day, Zone, zone
from lex7.base.config import Config
from lex7.base.errors import Finding, Lex7Error
from lex7.base.ids import KeyId, NodeName
from lex7.directive.document import Action
from lex7.lattice import Authority, LatticeState, fold_lattice
from lex7.lattice.membership import Membership, decode_membership, encode_membership
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.fold import digest
from lex7.nodes.interface import NodeKind, Setting
from lex7.nodes.vitality.node import VitalityNode
from lex7.nodes.wealth.node import WealthNode
from lex7.runtime.border import Border, Identity
from lex7.runtime.clock import now_ns, today
from lex7.runtime.enforced import Enforced, Versions, versions
from lex7.runtime.gate import Gate
from lex7.runtime.held import held_control
from lex7.runtime.hold import hold_home
from lex7.runtime.home import NODE_KINDS, HomePaths, load_keys, unlock
from lex7.runtime.life import open_log, renew
from lex7.runtime.member import Member
from lex7.runtime.remote import RemoteForecast
from lex7.runtime.service import Service
from lex7.runtime.snapshots import META_SNAPSHOT
from lex7.storage.entropy import SystemEntropy
from lex7.storage.sqlite import SqliteStorage
from lex7.transport.memory import MemoryTransport

COUNCIL = "mon"
KINDS: dict[str, Callable[[Setting], NodeKind]] = {
    "vit": VitalityNode,
    "wth": WealthNode,
    "mon": CouncilNode,
}


class Lattice:
    """The members of one home, unlocked, folded and talking; use it as a context manager."""

    def __init__(self, config: Config, keys: Keys, *, is_new: bool = False) -> None:
        """Open the logs of a home; a new home has none yet, and they are made.

        Raises:
            StorageMissingError: a node's log is gone.
            HomeBusyError: another process works on the home.
            BarkError: a log does not verify.
            StorageError: a database cannot be opened.
        """
        self.config = config
        self.paths = HomePaths(config.home)
        self.keys = keys
        self.members: dict[str, Member] = {}
        self.borders: dict[str, Border] = {}
        self.versions = Versions()
        self.enforced = Enforced()
        self._held: tuple[VerifiedEntry, ...] = ()
        self._gates: dict[str, Gate] = {}
        self._stack = ExitStack()
        self._transport = MemoryTransport()
        with ExitStack() as opening:
            opening.enter_context(hold_home(self.paths.root))
            for name, key in keys.nodes.items():
                kind = name.split("@")[0]
                storage = SqliteStorage(self.paths.log(kind), key=keys.database_key, make=is_new)
                log = open_log(storage, (key, keys.lattice), keys.incarnation, SystemEntropy())
                self.members[kind] = Member(name, opening.enter_context(log))
            self._stack = opening.pop_all()

    def __enter__(self) -> Lattice:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, Lex7Error):
            # A refusal is a decision too; only after a bug nothing more is written.
            self.write_decisions()
        self._transport.close()
        self._stack.close()

    def found(self, currency: str, where: Zone) -> None:
        """Write the genesis of a new lattice into every log."""
        members = tuple((name, key.public) for name, key in self.keys.nodes.items())
        membership = Membership(members, currency, where)
        self.join(encode_membership(membership, self.keys.owner, self.keys.lattice))

    def join(self, payload: bytes) -> None:
        """Write a membership that the owner signed as the first entry of every log."""
        setting = self._read_setting(payload)
        for member in self.members.values():
            member.start(KINDS[_kind(member.name)](setting))
            member.append([(EntryKind.MEMBERSHIP, payload)], self.heads)

    def load(self) -> None:
        """Fold every log and open the borders.

        Raises:
            BarkError: an entry does not verify.
            StateError: a fold leads elsewhere than its seal says.
        """
        for kind, member in self.members.items():
            member.load(partial(self._make_kind, kind))
        self._held = held_control(
            self.paths, self.keys, COUNCIL, self.members[COUNCIL].log.kept(META_SNAPSHOT)
        )
        state = self.state()
        for member in self.members.values():
            renew(member.log, state.membership)
        self.versions = versions(state, self.keys.owner.public, self.keys.lattice)
        self.enforced = self.versions.on(today(self._setting.zone))
        names = {key.public: name for name, key in self.keys.nodes.items()}
        for kind, member in self.members.items():
            self._open_border(kind, member, names)

    @property
    def setting(self) -> Setting:
        """Currency and time zone, as the membership fixes them."""
        return self._setting

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What about this machine and these logs is not as it was promised."""
        here = zone(self._setting.zone.name)
        if here.digest == self._setting.zone.digest:
            return self.refused
        sentence = (
            f"the rules of {here.name} on this machine differ from those the logs were made with; "
            "days near a clock change may differ"
        )
        return (*self.refused, Finding("time.zone_rules", "membership", sentence))

    @property
    def refused(self) -> tuple[Finding, ...]:
        """Versions of the directives in the logs that do not stand, and why."""
        return self.versions.refused

    @property
    def writer(self) -> Member:
        """The council, which writes proposals and verdicts."""
        return self.members[COUNCIL]

    @property
    def border(self) -> Border:
        """Where the council asks others."""
        return self.borders[COUNCIL]

    def answering(self, kind: str) -> NodeName:
        """Return which node answers for a kind."""
        return self.members[kind].name

    def key_of(self, name: NodeName) -> KeyId:
        """Return a member's key."""
        return self.keys.nodes[name].public

    def log_heads(self) -> tuple[tuple[str, int, str], ...]:
        """Return name, sequence and hash of every log's end."""
        heads = [(member.name, member.log.head) for member in self.members.values()]
        return tuple((name, head.sequence, head.hash.hex()) for name, head in heads)

    def state_hashes(self) -> dict[str, str]:
        """Return the hash of every node's state."""
        return {member.name: digest(member.state).hex() for member in self.members.values()}

    def settle(self, names: tuple[NodeName, ...]) -> None:
        """Do nothing: members of one process see each other's logs."""

    def heads(self) -> tuple[Head, ...]:
        """Return the head of every log that has one."""
        return tuple(member.log.head for member in self.members.values())

    def state(self) -> LatticeState:
        """Return the shared state."""
        entries: list[VerifiedEntry] = []
        for member in self.members.values():
            entries.extend(member.control)
        entries.extend(self._held)
        return fold_lattice(entries, Authority(self.keys.owner.public, self.keys.lattice))

    def held_until(self, writer: KeyId) -> int:
        """Return the last control entry of another home's node that is held here, 0 for none."""
        return max((one.sequence for one in self._held if one.writer == writer), default=0)

    def forecast(self, kind: str, as_of: Day, asker: str = COUNCIL) -> RemoteForecast:
        """Return what one node can say from a day on, as another node hears it."""
        return RemoteForecast(self.borders[asker], self.members[kind].name, as_of)

    def pass_gate(self, kind: str, action: Action, data: str, *, is_raw: bool) -> None:
        """Let what a node itself would do with its data pass its gate, logged like any other.

        Raises:
            AccessDeniedError: a rule denies it.
        """
        name = self.members[kind].name
        self._gates[kind].pass_or_refuse(name, action, data, is_raw=is_raw)

    def write_decisions(self) -> None:
        """Write what the gates decided into each member's log."""
        for kind, gate in self._gates.items():
            payload = gate.take(now_ns())
            if payload is not None:
                self.members[kind].append([(EntryKind.ACCESS, payload)], self.heads)

    def _open_border(self, kind: str, member: Member, names: dict[KeyId, NodeName]) -> None:
        key = self.keys.nodes[member.name]
        identity = Identity(member.name, key, self.keys.lattice, SystemEntropy())
        border = Border(identity, self._transport, names)
        gate = Gate(member.name, self.enforced.access)
        border.serve(Service(member, gate, self.versions.on, self.heads).methods())
        self.borders[kind] = border
        self._gates[kind] = gate

    def _make_kind(self, kind: str, payload: bytes) -> NodeKind:
        return KINDS[kind](self._read_setting(payload))

    def _read_setting(self, payload: bytes) -> Setting:
        membership = decode_membership(payload, self.keys.owner.public, self.keys.lattice)
        self._setting = Setting(membership.currency, membership.zone)
        return self._setting


def open_logs(config: Config) -> Lattice:
    """Unlock a home and open its logs without folding them, for checks of damaged ones.

    Raises:
        HomeError: no home, no passphrase, or in use.
        StorageError: the disk said no.
    """
    return Lattice(config, unlock(config, load_keys(config)))


def open_lattice(config: Config) -> Lattice:
    """Unlock a home and open its lattice.

    Raises:
        HomeError: no home, no passphrase, or in use.
        BarkError: keys or logs do not verify.
        StorageError: the disk said no.
    """
    lattice = Lattice(config, unlock(config, load_keys(config)))
    try:
        lattice.load()
    except BaseException as error:
        lattice.__exit__(type(error), error, None)
        raise
    return lattice


def _kind(name: NodeName) -> str:
    return name.split("@")[0]


assert set(KINDS) == set(NODE_KINDS), "every node kind of a home can be made"
