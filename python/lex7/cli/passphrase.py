"""`lex7 passphrase`: change it, with the old one or with the recovery code."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.config import config_of


def run(options: argparse.Namespace) -> int:
    """Wrap the home's master key under a new passphrase."""
    from lex7.bark import keys
    from lex7.runtime.home import HomePaths, load_keys
    from lex7.runtime.secret import ask_passphrase, new_passphrase
    from lex7.storage.entropy import SystemEntropy
    from lex7.storage.lock import HomeLock

    config = config_of(options)
    locked = load_keys(config)
    paths = HomePaths(config.home)
    with HomeLock(paths.root):
        if options.recover:
            code = _code()
            locked.unlock_with_recovery(code)
            new = new_passphrase(config, options.new_file)
            changed = locked.replace_passphrase(code, new, entropy=SystemEntropy())
        else:
            old = ask_passphrase(config)
            locked.unlock(old)
            new = new_passphrase(config, options.new_file)
            changed = locked.change_passphrase(old, new, entropy=SystemEntropy())
        keys.save(changed, paths.keys)
    print("The passphrase is changed. The recovery code stays the same.")
    return 0


def _code() -> str:
    if sys.stdin.isatty():
        print("Recovery code: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
