"""HOME/links.json: where the nodes of a home listen and whom they call; nothing in it is secret.

Ports are chosen once and kept, so that other homes find this one again. A home that joined keeps
its certificates here; the owner's home makes them from its keys each time.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lex7.bark.certificate import authority_pem, link_public, member_pem, private_pem
from lex7.bark.keys import Keys
from lex7.base.errors import HomeError
from lex7.base.ids import NodeName
from lex7.runtime.spec import NodeSpec
from lex7.storage.files import read_file, replace_file

FORMAT = "lex7-links/1"
PORT_FIRST, PORT_LAST = 7447, 7647
BYTES_MAX = 1 << 20


class LinksError(HomeError):
    """The file cannot be read as what it is."""

    code = "home.links"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}; `lex7 up` makes a new one if you remove it")


@dataclass(frozen=True, slots=True)
class LinkFile:
    """What stands in the file.

    Attributes:
        ports: of each node.
        connect: endpoints of other homes.
        authority: certificate of the lattice, empty where the owner's key makes it.
        certificates: of this home's nodes, empty likewise.
    """

    ports: Mapping[str, int] = field(default_factory=dict)
    connect: tuple[str, ...] = ()
    authority: str = ""
    certificates: Mapping[str, str] = field(default_factory=dict)


def load_links(home: Path) -> LinkFile:
    """Read the file; a home that never ran has none.

    Raises:
        LinksError: it cannot be read.
    """
    path = home / "links.json"
    if not path.exists():
        return LinkFile()
    try:
        content = json.loads(read_file(path, bytes_max=BYTES_MAX))
        if content["format"] != FORMAT:
            raise LinksError(path, f"expected format {FORMAT}, found {content['format']!r}")
        ports = {str(name): int(port) for name, port in content["ports"].items()}
        connect = tuple(str(one) for one in content["connect"])
        certificates = {str(name): str(pem) for name, pem in content["certificates"].items()}
        return LinkFile(ports, connect, str(content["authority"]), certificates)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LinksError(path, "a field is missing or damaged") from error


def save_links(home: Path, links: LinkFile) -> None:
    """Replace the file.

    Raises:
        StorageError: the disk said no.
    """
    content = {
        "format": FORMAT,
        "ports": dict(links.ports),
        "connect": list(links.connect),
        "authority": links.authority,
        "certificates": dict(links.certificates),
    }
    replace_file(home / "links.json", json.dumps(content, indent=2).encode() + b"\n")


def choose_ports(links: LinkFile, names: tuple[NodeName, ...], address: str) -> LinkFile:
    """Give every node a port that is free now, and keep those it has."""
    ports = dict(links.ports)
    # Another home on this machine may not be running just now.
    elsewhere = {int(place.rpartition(":")[2]) for place in links.connect}
    for name in names:
        if name not in ports:
            ports[name] = _free_port(address, {*ports.values(), *elsewhere})
    return LinkFile(ports, links.connect, links.authority, links.certificates)


def endpoints(links: LinkFile, address: str) -> tuple[str, ...]:
    """List where this home's nodes can be reached."""
    return tuple(f"tls/{address}:{port}" for _, port in sorted(links.ports.items()))


def node_specs(home: Path, keys: Keys, links: LinkFile, address: str) -> dict[str, NodeSpec]:
    """Give what each node of a home is told when it starts, by kind.

    Raises:
        LinksError: a home that joined has lost its certificates.
    """
    specs: dict[str, NodeSpec] = {}
    for name, key in keys.nodes.items():
        if keys.owner.seed:
            authority = authority_pem(keys.owner, keys.lattice)
            certificate = member_pem(keys.owner, keys.lattice, name, link_public(key))
        else:
            authority, certificate = links.authority, links.certificates.get(name, "")
            if not authority or not certificate:
                raise LinksError(home / "links.json", f"the certificate of {name} is missing")
        own = f"{address}:{links.ports[name]}"
        beside = (f"127.0.0.1:{port}" for other, port in links.ports.items() if other != name)
        connect = (*(f"tls/{place}" for place in sorted(beside)), *links.connect)
        specs[name.partition("@")[0]] = NodeSpec(
            home=home.resolve(),
            name=name,
            key=key,
            owner=keys.owner.public,
            lattice=keys.lattice,
            database_key=keys.database_key,
            incarnation=keys.incarnation,
            listen=(f"tls/{own}",),
            connect=connect,
            authority=authority,
            certificate=certificate,
            private_key=private_pem(key),
        )
    return specs


def _free_port(address: str, taken: set[int]) -> int:
    for port in range(PORT_FIRST, PORT_LAST):
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                # Taken by somebody else; without any free one the sentence below says so.
                continue
            return port
    raise HomeError(
        f"expected a free port from {PORT_FIRST} to {PORT_LAST} at {address}, found none"
    )
