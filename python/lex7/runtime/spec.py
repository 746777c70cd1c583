"""What a node process is told when it starts, over its standard input and nowhere else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from lex7.bark.signature import SigningKey, key_from_seed
from lex7.base.ids import KeyId, LatticeId, NodeName


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node of a home.

    Attributes:
        home: the home folder.
        name: kind@device.
        key: signs its log and packets.
        owner: the owner's public key.
        lattice: what it belongs to.
        database_key: opens its databases.
        incarnation: the life it writes in.
        listen: endpoints it listens on.
        connect: endpoints of others.
        authority: certificate of the lattice, PEM.
        certificate: its own, PEM.
        private_key: of its links, PEM.
    """

    home: Path
    name: NodeName
    key: SigningKey
    owner: KeyId
    lattice: LatticeId
    database_key: bytes = field(repr=False)
    incarnation: int
    listen: tuple[str, ...]
    connect: tuple[str, ...]
    authority: str
    certificate: str
    private_key: str = field(repr=False)

    @property
    def kind(self) -> str:
        """The kind of node."""
        return self.name.partition("@")[0]


def spell_spec(spec: NodeSpec) -> bytes:
    """Spell a spec on one line."""
    content = {
        "home": str(spec.home),
        "name": spec.name,
        "seed": spec.key.seed.hex(),
        "owner": spec.owner.hex(),
        "lattice": spec.lattice.hex(),
        "database_key": spec.database_key.hex(),
        "incarnation": spec.incarnation,
        "listen": spec.listen,
        "connect": spec.connect,
        "tls": [spec.authority, spec.certificate, spec.private_key],
    }
    return json.dumps(content).encode() + b"\n"


def read_spec(line: bytes) -> NodeSpec:
    """Read a spec; it comes from our own process, so its layout is not doubted."""
    content = json.loads(line)
    authority, certificate, private_key = content["tls"]
    return NodeSpec(
        Path(content["home"]),
        NodeName(content["name"]),
        key_from_seed(bytes.fromhex(content["seed"])),
        KeyId(bytes.fromhex(content["owner"])),
        LatticeId(bytes.fromhex(content["lattice"])),
        bytes.fromhex(content["database_key"]),
        content["incarnation"],
        tuple(content["listen"]),
        tuple(content["connect"]),
        authority,
        certificate,
        private_key,
    )
