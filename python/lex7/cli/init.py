"""`lex7 init`: a new home."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from lex7.cli.config import config_of


def run(options: argparse.Namespace) -> int:
    """Make keys, logs and starter files, and print the recovery code once."""
    from lex7.base.civil import zone
    from lex7.base.money import MoneyError, is_currency
    from lex7.directive.starter import starter_text
    from lex7.runtime.compose import Lattice
    from lex7.runtime.home import make_home
    from lex7.runtime.secret import new_passphrase

    config = config_of(options)
    where = zone(options.time_zone or system_zone())
    if not is_currency(options.currency):
        raise MoneyError(options.currency, "a currency is an ISO 4217 code such as USD")
    text = starter_text(options.currency, where.name)
    if options.directives:
        text = Path(options.directives).read_text(encoding="utf-8")
    passphrase = new_passphrase(config)
    device = options.device or config.text("device")
    locked, code = make_home(config, passphrase, device, text)
    with Lattice(config, locked.unlock(passphrase), is_new=True) as lattice:
        lattice.found(options.currency, where)
    print(f"Made a home at {config.home} with the nodes {', '.join(locked.nodes)}.")
    print(f"Currency {options.currency}, time zone {where.name}.")
    print()
    print("Recovery code, shown once; write it down and keep it apart from this device:")
    print(f"    {code}")
    print()
    print(f"Next: edit {config.home / 'directives.toml'}, then `lex7 directives sign`;")
    print("      `lex7 ingest FILE...` reads your exports; `lex7 status` answers.")
    return 0


def system_zone() -> str:
    """Return the IANA name of this system's time zone, UTC where it cannot be told."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if named:
        return named
    link = os.path.realpath("/etc/localtime")
    _, found, name = link.partition("/zoneinfo/")
    return name if found else "UTC"
