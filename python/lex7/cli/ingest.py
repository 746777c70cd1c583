"""`lex7 ingest`: exports into the logs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lex7.base.civil import iso
from lex7.base.errors import Finding, IngestError
from lex7.cli.session import (
    day_of_options,
    finding_json,
    open_home,
    print_findings,
    print_json,
)

if TYPE_CHECKING:
    from lex7.runtime.compose import Lattice
    from lex7.runtime.ingest import FileReport


class NoFileError(IngestError):
    """No file was named."""

    code = "ingest.no_file"

    def __init__(self) -> None:
        super().__init__("expected at least one file, or --list, or --undo IMPORT_ID")


def run(options: argparse.Namespace) -> int:
    """Read files, or list or undo imports."""
    if not (options.files or options.list or options.undo):
        raise NoFileError
    with open_home(options) as lattice:
        if options.list:
            return _list(lattice, is_json=options.json)
        if options.undo:
            return _undo(lattice, options)
        return _read(lattice, options)


def _read(lattice: Lattice, options: argparse.Namespace) -> int:
    from lex7.ingest.detect import ReadOptions
    from lex7.ingest.result import is_notice
    from lex7.runtime.ingest import ingest_file, refit

    how = ReadOptions(
        profile=options.profile or "",
        profiles_dir=lattice.config.profiles,
        zone=lattice.setting.zone,
        currency=lattice.setting.currency,
    )
    reports: list[FileReport] = []
    refused: list[Finding] = []
    for name in options.files:
        try:
            report = ingest_file(lattice, Path(name), how, is_dry=options.dry_run)
        except IngestError as refusal:
            refused.append(Finding(refusal.code, name, str(refusal)))
            if not options.json:
                print(f"lex7: {refusal}", file=sys.stderr)
            continue
        reports.append(report)
        if not options.json:
            _print_report(report, is_dry=options.dry_run)
    fitted: tuple[str, ...] = ()
    if not options.dry_run and any(report.new_count for report in reports):
        fitted = refit(lattice, day_of_options(options, lattice))
    findings = [found for report in reports for found in report.findings]
    is_noteworthy = any(not is_notice(found) for found in findings)
    if options.json:
        print_json(_as_json(reports, [*findings, *refused]))
    elif fitted:
        print(f"Models fitted: {', '.join(fitted)}.")
    if refused:
        return 2
    return 1 if is_noteworthy else 0


def _print_report(report: FileReport, *, is_dry: bool) -> None:
    span = (
        ""
        if report.first is None or report.last is None
        else (f", {iso(report.first)} to {iso(report.last)}")
    )
    verb = "would add" if is_dry else "added"
    new = ", ".join(f"{count:,} {what}" for what, count in report.new.items() if count)
    print(f"{report.name} ({report.format}, import {report.import_id}{span})")
    print(f"    {verb} {new or 'nothing'}")
    known = report.kept_count - report.new_count
    print(
        f"    {report.kept_count:,} records read, {known:,} known already, "
        f"{report.duplicate_count:,} repeated inside the file, "
        f"{report.passed_over_count:,} of kinds that no node follows"
    )
    print_findings(report.findings)


def _as_json(reports: Sequence[FileReport], findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "format": "lex7-ingest/1",
        "imports": [
            {
                "file": report.name,
                "id": report.import_id,
                "format": report.format,
                "seen": report.seen_count,
                "kept": report.kept_count,
                "duplicates": report.duplicate_count,
                "passed_over": report.passed_over_count,
                "new": dict(report.new),
                "first": None if report.first is None else iso(report.first),
                "last": None if report.last is None else iso(report.last),
            }
            for report in reports
        ],
        "findings": [finding_json(found) for found in findings],
    }


def _list(lattice: Lattice, *, is_json: bool) -> int:
    rows = {
        import_id: note
        for member in lattice.members.values()
        for import_id, note in member.state.imports.items()
    }
    ordered = sorted(rows.values(), key=lambda note: (note.time_ns, note.import_id))
    if is_json:
        print_json(
            [{"id": note.import_id, "file": note.name, "format": note.format} for note in ordered]
        )
        return 0
    for note in ordered:
        counts = ", ".join(f"{count:,} {what}" for what, count in note.counts if count)
        print(f"{note.import_id}  {note.name}  ({note.format}): {counts}")
    if not ordered:
        print("No imports yet; `lex7 ingest FILE...` reads one.")
    return 0


def _undo(lattice: Lattice, options: argparse.Namespace) -> int:
    from lex7.base.ids import ImportId
    from lex7.runtime.ingest import refit, undo_import

    note = undo_import(lattice, ImportId(options.undo))
    print(f"Took back {note.name} (import {note.import_id}); reading it again brings it back.")
    refit(lattice, day_of_options(options, lattice))
    return 0
