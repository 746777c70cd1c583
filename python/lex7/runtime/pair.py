"""Enrolment between two homes: a listener for three minutes on one side, one exchange on the other.

Frames are 4 bytes of length and that many bytes over TCP. One session is served at a time; every
attempt is counted on disk before it is looked at. The listener is not Zenoh: a newcomer has no
certificate yet, and nothing but the exchange can be said here.
"""

from __future__ import annotations

import errno
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

from lex7.bark import keys as key_file
from lex7.bark import pairing
from lex7.bark.canon import Value
from lex7.bark.certificate import authority_pem, link_public, member_pem
from lex7.bark.keys import Keys
from lex7.bark.pairing import FRAME_BYTES_MAX, REFUSAL, Invitation, PairingError
from lex7.bark.signature import draw_key
from lex7.base.config import Config, starter_text
from lex7.base.entropy import Entropy
from lex7.base.errors import Lex7Error
from lex7.base.ids import KeyId, NodeName
from lex7.base.limits import PAIRING_ATTEMPTS_MAX, PAIRING_FAILURES_MAX, PAIRING_SECONDS
from lex7.runtime.compose import Lattice, open_lattice
from lex7.runtime.home import HomeExistsError, HomePaths, load_keys, node_names, unlock
from lex7.runtime.links import LinkFile, choose_ports, endpoints, load_links, save_links
from lex7.runtime.members import admit_nodes
from lex7.storage.files import read_file, replace_file, sync_folder
from lex7.transport.interface import EndpointError

FRAME_SECONDS = 15.0
COUNT_FILE = "pairing.json"
Show = Callable[[str, int], None]
"""Shows the code and the port that is listened on."""


class SpentError(PairingError):
    """Too many wrong codes were tried."""

    code = "pair.spent"


def invite(
    config: Config, port: int, show: Show, entropy: Entropy, seconds: float = PAIRING_SECONDS
) -> tuple[NodeName, ...]:
    """Show a code, wait for one home to join, and enrol its nodes.

    Args:
        config: names the inviting home.
        port: where to listen.
        show: is given the code when somebody can join.
        entropy: for the code and the exchange.
        seconds: how long the code is good for.

    Raises:
        PairingError: nobody joined in time, or three wrong codes came.
        EndpointError: the port is taken.
        NoSecretError: the owner's key is in another home.
    """
    opened = unlock(config, load_keys(config))
    root = config.home
    failures = _failures(root)
    if failures >= PAIRING_FAILURES_MAX:
        raise SpentError(
            f"{failures} wrong codes were tried; `lex7 pair invite --reset` allows more"
        )
    links = choose_ports(load_links(root), tuple(opened.nodes), config.text("address"))
    save_links(root, links)
    invitation = Invitation(pairing.draw_code(entropy), opened.owner, opened.lattice)
    # Before a code is shown, so that a home without the owner's key says so at once.
    pairing.verify_owner(invitation)
    with _listen(config.text("address"), port) as listener:
        show(invitation.code, port)
        until = time.monotonic() + seconds
        return _await_one(config, opened, (listener, until), (invitation, entropy))


def reset_count(root: Path) -> None:
    """Forget how many wrong codes were tried."""
    _write_failures(root, 0)


def join(
    config: Config, code: str, endpoint: str, secret: tuple[str, str], entropy: Entropy
) -> str:
    """Make a home that belongs to the inviting one's lattice; return its recovery code.

    Args:
        config: names the home to be made.
        code: eight digits.
        endpoint: where the other home listens, such as tcp/192.0.2.7:7446.
        secret: passphrase and device name of the new home.
        entropy: for keys.

    Raises:
        HomeExistsError: there is something already.
        PairingError: the code was refused, or the names are taken.
        EndpointError: nobody listens there.
    """
    root = config.home
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise HomeExistsError(root)
    passphrase, device = secret
    nodes = {name: draw_key(entropy) for name in node_names(device)}
    said, joining = pairing.hello(code, entropy)
    with _connect(endpoint) as link:
        offered = _exchange(link, said)
        said, joining = pairing.prove(joining, offered)
        welcomed = _exchange(link, said)
        wishes = tuple((name, key, link_public(key)) for name, key in nodes.items())
        said, joining = pairing.wish(joining, welcomed, wishes)
        enrolment = pairing.enrolled(joining, _exchange(link, said, seconds=120.0))
    match enrolment:
        case (1, bytes(membership), str(authority), tuple(certificates), tuple(places)):
            pass
        case (0, str(reason)):
            raise PairingError(reason)
        case _:
            raise PairingError("the enrolment has another layout; the versions may differ")
    assert joining.lattice is not None, "a welcome names the lattice"
    assert joining.owner is not None, "a welcome names the owner"
    belongs = (joining.lattice, joining.owner)
    locked, recovery = key_file.adopt(passphrase, belongs, nodes, entropy=entropy)
    named = {str(row[0]): str(row[1]) for row in certificates if isinstance(row, tuple)}
    links = LinkFile({}, tuple(str(place) for place in places), authority, named)
    _make(config, locked, links)
    with Lattice(config, locked.unlock(passphrase), is_new=True) as lattice:
        lattice.join(membership)
    return recovery


def _make(config: Config, locked: key_file.KeyFile, links: LinkFile) -> None:
    paths = HomePaths(config.home)
    for folder in (paths.root, paths.nodes, paths.raw, paths.root / "profiles"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(paths.config, starter_text().encode())
    save_links(paths.root, links)
    key_file.save(locked, paths.keys)
    sync_folder(paths.root)


def _await_one(
    config: Config,
    keys: Keys,
    door: tuple[socket.socket, float],
    session: tuple[Invitation, Entropy],
) -> tuple[NodeName, ...]:
    listener, until = door
    invitation, entropy = session
    attempts = 0
    while attempts < PAIRING_ATTEMPTS_MAX:
        listener.settimeout(max(until - time.monotonic(), 0.01))
        try:
            link, _ = listener.accept()
        except TimeoutError as error:
            raise PairingError("nobody joined in time, and the code is good no more") from error
        with link:
            link.settimeout(FRAME_SECONDS)
            try:
                offered, begun = pairing.offer(invitation, _receive(link), entropy)
                _send(link, offered)
                proof = _receive(link)
            except (Lex7Error, OSError):
                _refuse(link)
                continue
            attempts += 1
            _write_failures(config.home, _failures(config.home) + 1)
            try:
                said, proven = pairing.welcome(begun, proof)
                _send(link, said)
                found = pairing.newcomers(proven, _receive(link))
            except (Lex7Error, OSError):
                # Each wrong code costs the next one more time.
                time.sleep(min(0.5 * 2**attempts, 8.0))
                _refuse(link)
                continue
            _write_failures(config.home, _failures(config.home) - 1)
            return _enrol(config, keys, link, (proven, found))
    raise SpentError(f"{PAIRING_ATTEMPTS_MAX} wrong codes were tried")


def _enrol(
    config: Config,
    keys: Keys,
    link: socket.socket,
    asked: tuple[Invitation, tuple[pairing.Newcomer, ...]],
) -> tuple[NodeName, ...]:
    invitation, found = asked
    address = str(link.getsockname()[0])
    try:
        with open_lattice(config) as lattice:
            rows = tuple((NodeName(one.name), KeyId(one.key)) for one in found)
            membership = admit_nodes(lattice, rows)
    except Lex7Error as error:
        _send(link, pairing.enrol(invitation, (0, str(error))))
        raise
    certificates: tuple[Value, ...] = tuple(
        (one.name, member_pem(keys.owner, keys.lattice, NodeName(one.name), one.extra))
        for one in found
    )
    places = endpoints(load_links(config.home), address)
    authority = authority_pem(keys.owner, keys.lattice)
    _send(link, pairing.enrol(invitation, (1, membership, authority, certificates, places)))
    return tuple(NodeName(one.name) for one in found)


def _listen(address: str, port: int) -> socket.socket:
    try:
        return socket.create_server((address, port))
    except OSError as error:
        reason = "it cannot be listened on; is `address` one of this host?"
        if error.errno == errno.EADDRINUSE:
            reason = "another program uses this port; choose one with --port"
        raise EndpointError(f"tcp/{address}:{port}", reason) from error


def _connect(endpoint: str) -> socket.socket:
    kind, _, place = endpoint.partition("/")
    host, _, port = place.rpartition(":")
    if kind != "tcp" or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise EndpointError(endpoint, "expected something like tcp/192.0.2.7:7446")
    try:
        return socket.create_connection((host, int(port)), timeout=FRAME_SECONDS)
    except OSError as error:
        raise EndpointError(
            endpoint,
            "nobody listens there; is `lex7 pair invite` waiting, and is the address right?",
        ) from error


def _exchange(link: socket.socket, message: bytes, seconds: float = FRAME_SECONDS) -> bytes:
    link.settimeout(seconds)
    try:
        _send(link, message)
        return _receive(link)
    except OSError as error:
        raise PairingError("the other side went away") from error


def _send(link: socket.socket, message: bytes) -> None:
    link.sendall(len(message).to_bytes(4, "big") + message)


def _receive(link: socket.socket) -> bytes:
    size = int.from_bytes(_exactly(link, 4), "big")
    if size > FRAME_BYTES_MAX:
        raise PairingError("a message is larger than allowed")
    return _exactly(link, size)


def _exactly(link: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = link.recv(count - len(parts))
        if not part:
            raise PairingError("the other side went away")
        parts += part
    return parts


def _refuse(link: socket.socket) -> None:
    try:
        _send(link, REFUSAL)
    except OSError:
        # It hung up before it was refused.
        return


def _failures(root: Path) -> int:
    path = root / COUNT_FILE
    if not path.exists():
        return 0
    try:
        return int(json.loads(read_file(path, bytes_max=1_024))["failures"])
    except (ValueError, KeyError, TypeError):
        # A damaged counter must not open the door.
        return PAIRING_FAILURES_MAX


def _write_failures(root: Path, count: int) -> None:
    content = {"format": "lex7-pairing/1", "failures": max(count, 0)}
    replace_file(root / COUNT_FILE, json.dumps(content).encode() + b"\n")
