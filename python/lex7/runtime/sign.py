"""The work of `lex7 directives sign`: the draft becomes the directives in force."""

from __future__ import annotations

from lex7.bark.entry import EntryKind
from lex7.bark.fields import read_fields
from lex7.base.civil import day_of, iso
from lex7.base.errors import Finding
from lex7.directive.read import read
from lex7.directive.sign import digest, succession
from lex7.runtime.clock import now_ns
from lex7.runtime.compose import COUNCIL, Lattice
from lex7.runtime.enforced import spell_directives
from lex7.storage.files import replace_file


def sign_draft(lattice: Lattice) -> tuple[int | None, tuple[Finding, ...]]:
    """Sign directives.toml and put it in force, or say why not.

    Returns:
        The number of the signed version and nothing, or None and the mistakes.

    Raises:
        DirectivesFileError: the file as a whole cannot be read.
        OSError: the file cannot be opened.
    """
    text = lattice.paths.directives.read_text(encoding="utf-8")
    file, findings = read(text, name="directives.toml")
    current = lattice.enforced
    follows = succession(file, current.file, digest(current.text) if current.text else "")
    findings = (
        *findings,
        *_disagreements(lattice, file.currency, file.time_zone),
        *follows,
    )
    if findings:
        return None, findings
    payload = spell_directives(
        text, file.version, lattice.keys.owner, lattice.keys.lattice, now_ns()
    )
    lattice.members[COUNCIL].append([(EntryKind.DIRECTIVES, payload)], lattice.heads)
    message = read_fields(payload, "directives", 4).data(3)
    replace_file(lattice.paths.signature, message)
    return file.version, ()


def history(lattice: Lattice) -> tuple[str, ...]:
    """Say which versions were signed and what is in force."""
    lines = []
    for entry in lattice.state().directives:
        assert entry.payload is not None, "the fold keeps only entries with a payload"
        fields = read_fields(entry.payload, "directives", 4)
        day = iso(day_of(fields.integer(4), lattice.setting.zone))
        lines.append(f"version {fields.integer(1)}, signed {day}, entry {entry.hash.hex()[:12]}")
    if not lines:
        return ("No directives are in force; `lex7 directives sign` puts the file in force.",)
    lines[-1] += ", in force"
    lines += [f"    {one.id}: {one.text}" for one in lattice.enforced.directives]
    lines += [f"    {rule.id}: {rule.say}" for rule in lattice.enforced.access]
    return tuple(lines)


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
