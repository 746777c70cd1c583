"""One node of the simulated world: the real peer, member and log over a virtual disk and clock."""

from __future__ import annotations

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey
from lex7.base.civil import Zone
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import BarkError, StorageError, TransportError
from lex7.base.ids import EntryHash, LatticeId, NodeName
from lex7.lattice import Authority
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.interface import Setting
from lex7.runtime.border import Identity
from lex7.runtime.member import Member
from lex7.runtime.peer import Clock, Peer
from lex7.runtime.replica import Replicas
from lex7.sim.disk import Disk
from lex7.transport.simulated import Network, SimulatedTransport

SETTING = Setting("USD", Zone("UTC", bytes(32)))
OWN = "own"
REPLICA_BYTES = 4 << 20
"""The cap of a simulated node; small, so that a flood would reach it."""


class SimulatedNode:
    """A node that can be started, stopped and started again."""

    def __init__(
        self,
        name: str,
        key: SigningKey,
        network: Network,
        authority: Authority,
        *,
        replica_bytes: int = REPLICA_BYTES,
    ) -> None:
        self.name = NodeName(name)
        self.key = key
        self.disk = Disk()
        self.peer: Peer | None = None
        self.drift_ns = 0
        self.acknowledged: list[tuple[int, EntryHash]] = []
        self._network = network
        self._replica_bytes = replica_bytes
        self._authority = authority
        self._transport: SimulatedTransport | None = None
        self._written_count = 0

    @property
    def lattice(self) -> LatticeId:
        """Which lattice the node belongs to."""
        return self._authority.lattice

    def start(self, genesis: bytes | None = None) -> None:
        """Start from the disk; a first start writes the genesis.

        Raises:
            BarkError: what is on the disk does not verify.
        """
        disk = self.disk
        own = disk.open(OWN)
        # Each life draws other bytes, as a real start does.
        seed = int.from_bytes(self.key.public[:6], "big") << 8 | disk.life
        entropy = SeededEntropy(seed)
        log = Log(own, key=self.key, lattice=self.lattice, incarnation=0, entropy=entropy)
        member = Member(self.name, log)
        member.load(lambda _: CouncilNode(SETTING))
        if genesis is not None:
            member.start(CouncilNode(SETTING))
            member.append([(EntryKind.MEMBERSHIP, genesis)], lambda: ())
        replicas = Replicas(
            self.lattice, lambda writer: disk.open(writer.hex()), bytes_max=self._replica_bytes
        )
        identity = Identity(self.name, self.key, self.lattice, entropy)
        network = self._network
        clock = Clock(lambda: network.now_ns, lambda: network.now_ns + self.drift_ns)
        peer = Peer(identity, member, own, replicas, self._authority, clock)
        peer.load()
        self._transport = network.join(self.name)
        peer.connect(self._transport, {})
        self.peer = peer
        disk.on_power_cut = self.stop

    def stop(self) -> None:
        """Stop at once; what was written stays, what is open fails."""
        self.disk.end_life()
        if self._transport is not None:
            self._transport.close()
        self._transport = self.peer = None

    def act(self, *, is_beating: bool) -> None:
        """Do what the shell does once a period: beat, and pull what is missing."""
        peer = self.peer
        try:
            if peer is not None and is_beating:
                peer.beat()
            if peer is not None and peer.has_work:
                before = peer.member.log.head
                if peer.pull() or peer.member.log.head != before:
                    # As the shell does: what came in is passed on at once, evidence too.
                    peer.beat()
        except (BarkError, StorageError, TransportError):
            # The shell notes the sentence and goes on; a crash has stopped the node already.
            return

    def write(self, count: int, label: str) -> None:
        """Append proposals and a record; what the log took without complaint is acknowledged."""
        for _ in range(count):
            peer = self.peer
            if peer is None:
                return
            self._written_count += 1
            body = canon.encode({1: f"{label} {self._written_count}", 2: 1, 3: b""})
            items = [(EntryKind.PROPOSAL, body), (EntryKind.ACCESS, b"a record")]
            try:
                peer.member.append(items, peer.seen_heads)
            except StorageError:
                # A full disk acknowledges nothing.
                return
            head = peer.member.log.head
            self.acknowledged.append((head.sequence, head.hash))
            peer.note()
