"""Real nodes in network namespaces of their own, on one bridge; everything made here is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lex7.bark import canon
from lex7.bark.certificate import authority_pem, link_public, member_pem, private_pem
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.civil import zone
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import Lex7Error
from lex7.base.ids import LatticeId, NodeName
from lex7.lattice.membership import Membership, encode_membership
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.interface import Setting
from lex7.runtime.command import ask
from lex7.runtime.home import HomePaths
from lex7.runtime.member import Member
from lex7.runtime.spec import NodeSpec, spell_spec
from lex7.storage.entropy import SystemEntropy
from lex7.storage.sqlite import SqliteStorage

LATTICE = LatticeId(b"lattice of tests")
DATABASE_KEY = b"k" * 32
KIND, PORT = "mon", 7447
SETTING = Setting("USD", zone("UTC"))


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def can_make_namespaces() -> bool:
    """Say whether this machine lets us; what was tried is removed."""
    name = f"l7try{os.getpid()}"
    try:
        ip("netns", "add", name)
        ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


class Net:
    """A bridge in a namespace of its own, and a namespace for every place on it."""

    def __init__(self, count: int) -> None:
        self.names = [f"l7-{os.getpid()}-{place}" for place in range(count)]
        self.hub = f"l7-{os.getpid()}-hub"
        ip("netns", "add", self.hub)
        ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.hub, "link", "set", "bridge", "up")
        for place, name in enumerate(self.names):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "add", "out", "type", "veth", "peer", "name", f"p{place}",
               "netns", self.hub)  # fmt: skip
            ip("-n", self.hub, "link", "set", f"p{place}", "master", "bridge", "up")
            ip("-n", name, "addr", "add", f"10.77.0.{place + 1}/24", "dev", "out")
            ip("-n", name, "link", "set", "out", "up")

    def link(self, place: int, state: str) -> None:
        ip("-n", self.hub, "link", "set", f"p{place}", state)

    def remove(self) -> None:
        for name in (*self.names, self.hub):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@dataclass
class RealNode:
    """One node: its home, its keys, and its process while it runs."""

    place: int
    namespace: str
    home: Path
    key: SigningKey
    process: subprocess.Popen[bytes] | None = None
    written: int = 0
    reports: list[str] = field(default_factory=list)

    @property
    def name(self) -> NodeName:
        return NodeName(f"{KIND}@n{self.place}")

    @property
    def database(self) -> Path:
        return HomePaths(self.home).log(KIND)

    def ask(self, what: str) -> dict[str, Any]:
        return ask(self.home, KIND, {"do": what}, 20.0)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()
        self.process = None

    def append(self, label: str, *items: tuple[EntryKind, bytes], incarnation: int = 0) -> None:
        """Write while the process does not run, as a node does that is alone."""
        assert self.process is None
        storage = SqliteStorage(self.database, key=DATABASE_KEY)
        entropy = SystemEntropy()
        log = Log(storage, key=self.key, lattice=LATTICE, incarnation=incarnation, entropy=entropy)
        member = Member(self.name, log)
        member.load(lambda _: CouncilNode(SETTING))
        if not log.head.sequence:
            member.start(CouncilNode(SETTING))
        body = canon.encode({1: label, 2: 1, 3: b""})
        member.append(items or [(EntryKind.PROPOSAL, body)], lambda: (log.head,))
        self.written = log.head.sequence
        log.close()


class RealWorld:
    """Members of one lattice, each with a home and a namespace of its own."""

    def __init__(self, folder: Path, net: Net, count: int) -> None:
        entropy = SeededEntropy(5)
        self.net, self.owner = net, draw_key(entropy)
        self.nodes = [
            RealNode(place, net.names[place], folder / f"home{place}", draw_key(entropy))
            for place in range(count)
        ]
        members = tuple((node.name, node.key.public) for node in self.nodes)
        self.membership = Membership(members, SETTING.currency, SETTING.zone)
        genesis = encode_membership(self.membership, self.owner, LATTICE)
        for node in self.nodes:
            node.database.parent.mkdir(parents=True, exist_ok=True)
            node.append("", (EntryKind.MEMBERSHIP, genesis))

    def start(self, node: RealNode, incarnation: int = 0) -> None:
        """Start a process as a home's keeper does, and wait until it can be asked."""
        others = [one for one in self.nodes if one is not node]
        spec = NodeSpec(
            home=node.home,
            name=node.name,
            key=node.key,
            owner=self.owner.public,
            lattice=LATTICE,
            database_key=DATABASE_KEY,
            incarnation=incarnation,
            listen=(f"tls/{address(node.place)}",),
            connect=tuple(f"tls/{address(one.place)}" for one in others),
            authority=authority_pem(self.owner, LATTICE),
            certificate=member_pem(self.owner, LATTICE, node.name, link_public(node.key)),
            private_key=private_pem(node.key),
        )
        process = subprocess.Popen(
            [
                "ip",
                "netns",
                "exec",
                node.namespace,
                sys.executable,
                "-m",
                "lex7.runtime.node_process",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(spell_spec(spec))
        process.stdin.flush()
        said = process.stdout.readline().decode()
        assert said == "ready\n", said
        node.process = process

    def agree(self, nodes: list[RealNode] | None = None, *, writers: int | None = None) -> str:
        """Wait until nodes show one hash and hold what every started one wrote; return the hash."""
        asked = self.nodes if nodes is None else nodes
        expected = {node.name: node.written for node in (self.nodes if writers is None else asked)}

        def is_agreed() -> str:
            shown = [node.ask("nodes") for node in asked]
            hashes = {one["lattice"] for one in shown}
            held = all(
                {row["node"]: row["entries"] for row in one["nodes"] if row["node"] in expected}
                == expected
                for one in shown
            )
            return hashes.pop() if len(hashes) == 1 and held else ""

        return wait_for(is_agreed)

    def stop(self) -> None:
        for node in self.nodes:
            if node.process is not None:
                node.kill()


def address(place: int) -> str:
    return f"10.77.0.{place + 1}:{PORT}"


def wait_for(is_done: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Ask again until the answer is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := is_done():
                return found
        except Lex7Error:
            pass
        time.sleep(0.2)
    raise AssertionError("it did not come to pass")
