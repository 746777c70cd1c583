"""`lex7 pair`: another home becomes part of this one's lattice."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.config import config_of

LINK = "lex7:"


def run(options: argparse.Namespace) -> int:
    """Invite or join."""
    return _invite(options) if options.action == "invite" else _join(options)


def _invite(options: argparse.Namespace) -> int:
    from lex7.runtime.pair import invite, reset_count
    from lex7.storage.entropy import SystemEntropy
    from lex7.transport.interface import EndpointError

    config = config_of(options)
    if options.reset:
        reset_count(config.home)
    port = options.port or int(config.text("pairing_port"))
    if not 1024 <= port <= 65535:
        raise EndpointError(f"tcp/{config.text('address')}:{port}", "a port is 1024 to 65535")
    address = config.text("address")

    def show(code: str, port: int) -> None:
        where = _reached_at(address)
        endpoint = f"tcp/{where}:{port}"
        _qr(f"{LINK}{code}@{endpoint}")
        print(f"Code {code[:4]} {code[4:]}, good for three minutes and one home.")
        print(f"There: lex7 pair join {code} --endpoint {endpoint}", flush=True)

    joined = invite(config, port, show, SystemEntropy())
    print(f"Enrolled {', '.join(joined)}.")
    return 0


def _join(options: argparse.Namespace) -> int:
    from lex7.bark.pairing import read_code
    from lex7.runtime.pair import join
    from lex7.runtime.secret import new_passphrase
    from lex7.storage.entropy import SystemEntropy

    config = config_of(options)
    code, endpoint = options.code, options.endpoint
    if code.startswith(LINK):
        code, _, scanned = code.removeprefix(LINK).partition("@")
        endpoint = endpoint or scanned
    endpoint = endpoint or f"tcp/127.0.0.1:{config.text('pairing_port')}"
    code = read_code(code)
    secret = (new_passphrase(config), options.device or config.text("device"))
    recovery = join(config, code, endpoint, secret, SystemEntropy())
    print(f"Made a home at {config.home} that belongs to the lattice; start it with `lex7 up`.")
    print("Recovery code, shown once; write it down and keep it apart from this device:")
    print(f"    {recovery}")
    return 0


def _qr(text: str) -> None:
    import segno

    if sys.stdout.isatty():
        segno.make(text, micro=False).terminal(compact=True)


def _reached_at(address: str) -> str:
    import socket

    if address != "0.0.0.0":  # noqa: S104 - compared, not bound
        return address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Sends nothing; it only asks the system which address it would use.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "ADDRESS-OF-THIS-HOST"
        return str(probe.getsockname()[0])
