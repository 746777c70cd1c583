"""`lex7 certificate check`: whether a certificate proves what it claims, without a home."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from lex7.cli.session import print_json
from lex7.correct import check_certificate

STANDARD_INPUT = "-"
FORMAT = "lex7-certificate-check/1"


def run(options: argparse.Namespace) -> int:
    """Check one certificate: 0 proven, 1 not proven, 2 not readable."""
    try:
        text = _text(options.file)
    except UnicodeDecodeError:
        print(f"lex7: {options.file}: expected UTF-8 text, got other bytes", file=sys.stderr)
        return 2
    faults = check_certificate.check(text)
    certificate = _object(text)
    if options.json:
        print_json({"format": FORMAT, "proven": not faults, "faults": faults, **certificate})
        return 1 if faults else 0
    for part in certificate["parts"]:
        print(f"{part['claim']:<9} {part['name']}")
    for fault in faults:
        print(f"not proven: {fault}", file=sys.stderr)
    kind = certificate["kind"] or "certificate"
    count = len(certificate["parts"])
    print(f"{kind}: {count} parts, " + ("NOT proven." if faults else "each one proven."))
    return 1 if faults else 0


def _text(name: str) -> str:
    if name == STANDARD_INPUT:
        return sys.stdin.read(check_certificate.CHARACTERS_MAX)
    with Path(name).open(encoding="utf-8") as file:
        return file.read(check_certificate.CHARACTERS_MAX)


def _object(text: str) -> dict[str, Any]:
    """Return what a reader wants to see, empty where the text is no certificate."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    parts = found.get("parts")
    parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return {
        "kind": str(found.get("kind", "")),
        "digest": str(found.get("digest", "")),
        "parts": [
            {"name": str(part.get("name", "")), "claim": str(part.get("claim", ""))}
            for part in parts
        ],
    }
