"""What most commands start with: settings, an unlocked lattice, a day, and findings at the end."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from lex7.base.errors import Finding
from lex7.cli.config import config_of

if TYPE_CHECKING:
    from lex7.base.civil import Day
    from lex7.cli.page import Page
    from lex7.runtime.compose import Lattice

FINDINGS_PRINTED_MAX = 20
Json = dict[str, Any]


def open_home(options: argparse.Namespace) -> Lattice:
    """Unlock the home that the settings name."""
    from lex7.runtime.compose import open_lattice

    return open_lattice(config_of(options))


def day_of_options(options: argparse.Namespace, lattice: Lattice) -> Day:
    """Return the day of evaluation."""
    from lex7.runtime.clock import read_day

    return read_day(options.as_of, lattice.setting.zone)


def print_json(value: Any) -> None:  # noqa: ANN401 - JSON is untyped
    """Print one JSON object."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings on standard error, one line each."""
    for finding in findings[:FINDINGS_PRINTED_MAX]:
        shown = f" [{finding.text}]" if finding.text else ""
        print(f"{finding.where}: {finding.sentence}{shown} ({finding.code})", file=sys.stderr)
    if len(findings) > FINDINGS_PRINTED_MAX:
        print(f"... and {len(findings) - FINDINGS_PRINTED_MAX} more findings", file=sys.stderr)


def print_spelled(findings: Sequence[Json]) -> None:
    """Print findings of an answer on standard error, one line each."""
    print_findings([Finding(one["code"], one["where"], one["sentence"]) for one in findings])


def finding_json(finding: Finding) -> dict[str, str]:
    """Spell a finding for JSON."""
    from lex7.runtime.summary import finding_json as spell

    return spell(finding)


def page_of(stream: TextIO) -> Page:
    """Return the page that suits where output goes."""
    from lex7.cli.page import page_for

    return page_for(stream, os.environ)
