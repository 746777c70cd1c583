"""`lex7 backup` and `lex7 restore`: the whole home in one encrypted file."""

from __future__ import annotations

import argparse
from pathlib import Path

from lex7.cli.config import config_of


def run_backup(options: argparse.Namespace) -> int:
    """Write a backup."""
    from lex7.runtime.backup import write_backup

    target = Path(options.file)
    size = write_backup(config_of(options), target)
    print(f"Wrote {target}, {size:,} bytes; the passphrase or the recovery code opens it.")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    """Make a home from a backup."""
    from lex7.runtime.backup import restore_backup

    config = config_of(options)
    incarnation = restore_backup(config, Path(options.file))
    print(f"Restored a home at {config.home}; it writes as incarnation {incarnation}.")
    return 0
