"""`lex7 config show`, and how every command finds its settings."""

from __future__ import annotations

import argparse
import os

from lex7.base.config import Config, resolve


def config_of(options: argparse.Namespace) -> Config:
    """Resolve the settings for one command."""
    flags = {"home": options.home} if "home" in options else {}
    return resolve(flags, os.environ)


def run(options: argparse.Namespace) -> int:
    """Print every setting, its value, and where it came from."""
    config = config_of(options)
    width = max(len(name) for name in config.values)
    for setting in config.values.values():
        shown = setting.value or "(empty)"
        print(f"{setting.name:<{width}}  {shown}  [{setting.source}]")
    return 0
