"""The work of `lex7 directives sign`: the draft becomes the next version of the directives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lex7.bark.entry import EntryKind
from lex7.bark.fields import read_fields
from lex7.base.civil import day_from_date
from lex7.base.errors import Finding
from lex7.directive.document import DirectiveFile
from lex7.directive.read import DirectivesFileError, read
from lex7.directive.sign import succession
from lex7.directive.trial import try_examples
from lex7.runtime import clock
from lex7.runtime.clock import now_ns
from lex7.runtime.compose import COUNCIL, Lattice
from lex7.runtime.enforced import spell_directives
from lex7.storage.files import replace_file


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and from when it holds."""

    version: int
    effective: date | None
    before: int

    @property
    def sentence(self) -> str:
        """Say from when it holds."""
        if self.effective is None:
            return "it is in force"
        stands = f"version {self.before} stands until then" if self.before else "nothing until then"
        return f"it comes into force on {self.effective.isoformat()}; {stands}"


def sign_draft(lattice: Lattice) -> tuple[Signed | None, tuple[Finding, ...]]:
    """Sign directives.toml, or say why not.

    Returns:
        What was signed and nothing, or None and the mistakes.

    Raises:
        DirectivesFileError: the file as a whole cannot be read.
        OSError: the file cannot be opened.
    """
    name = "directives.toml"
    try:
        text = lattice.paths.directives.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        sentence = "expected UTF-8 text, got other bytes"
        raise DirectivesFileError("directive.utf8", name, sentence) from error
    file, findings = read(text, name=name)
    last = lattice.versions.newest
    findings = (
        *findings,
        *_failed_examples(file, name),
        *_disagreements(lattice, file.currency, file.time_zone),
        *succession(file, last.file, last.form_digest),
    )
    if findings:
        return None, findings
    payload = spell_directives(
        text, file.version, lattice.keys.owner, lattice.keys.lattice, now_ns()
    )
    lattice.members[COUNCIL].append([(EntryKind.DIRECTIVES, payload)], lattice.heads)
    message = read_fields(payload, "directives", 4).data(3)
    replace_file(lattice.paths.signature, message)
    today = clock.today(lattice.setting.zone)
    effective = file.effective
    if effective is not None and day_from_date(effective) <= today:
        effective = None
    return Signed(file.version, effective, lattice.enforced.version), ()


def _failed_examples(file: DirectiveFile, name: str) -> tuple[Finding, ...]:
    """A rule is not signed while it says something else than its owner's example."""
    found = []
    for trial in try_examples(file):
        if not trial.is_passed:
            got = trial.got or "no answer"
            sentence = f"the example expects {trial.example.expect}, got {got}: {trial.sentence}"
            where = f"{name}, line {trial.example.line}, column 1"
            found.append(Finding("directive.example", where, sentence, trial.id))
    return tuple(found)


def _disagreements(lattice: Lattice, currency: str, zone: str) -> tuple[Finding, ...]:
    setting = lattice.setting
    found = []
    for name, said, fixed in (
        ("currency", currency, setting.currency),
        ("time_zone", zone, setting.zone.name),
    ):
        if said != fixed:
            sentence = f"{name} is {said!r}, but this home was made with {fixed!r}"
            found.append(Finding("directive.setting", "directives.toml", sentence))
    return tuple(found)
