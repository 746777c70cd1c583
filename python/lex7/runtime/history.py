"""The work of `lex7 directives list`: what is in force, and every version ever signed."""

from __future__ import annotations

from typing import Any

from lex7.base.civil import day_from_date, day_of, iso
from lex7.runtime.clock import today
from lex7.runtime.compose import Lattice
from lex7.runtime.enforced import Enforced

Json = dict[str, Any]
_ENTRY_DIGITS = 12
_NOTHING = "No directives are in force; `lex7 directives sign` puts the file in force."


def rules_lines(lattice: Lattice) -> tuple[str, ...]:
    """Say what is in force, and what is signed and still to come."""
    current = lattice.enforced
    lines = [_NOTHING]
    if current.file is not None:
        lines = [_version(lattice, current)]
        lines += [f"    {one.id}: {one.text}" for one in current.directives]
        lines += [f"    {rule.id}: {rule.say}" for rule in current.access]
    coming = [one for one in lattice.versions.signed if _standing(lattice, one) == "to come"]
    return (*lines, *(_version(lattice, one) for one in coming))


def history_lines(lattice: Lattice) -> tuple[str, ...]:
    """Say every version that was signed, oldest first."""
    lines = tuple(_version(lattice, one) for one in lattice.versions.signed)
    return lines or (_NOTHING,)


def history_json(lattice: Lattice) -> Json:
    """Spell what is in force and every version for JSON."""
    current = lattice.enforced
    return {
        "format": "lex7-directives-list/1",
        "in_force": current.version or None,
        "directives": [{"id": one.id, "rule": one.text} for one in current.directives],
        "access": [{"id": rule.id, "say": rule.say} for rule in current.access],
        "levers": [lever.id for lever in current.levers],
        "versions": [_json(lattice, one) for one in lattice.versions.signed],
        "refused": [
            {"code": one.code, "where": one.where, "sentence": one.sentence}
            for one in lattice.refused
        ],
    }


def _version(lattice: Lattice, one: Enforced) -> str:
    signed = iso(day_of(one.signed_ns, lattice.setting.zone))
    entry = one.digest.hex()[:_ENTRY_DIGITS]
    standing = _standing(lattice, one)
    effective = "" if one.effective is None else f", effective {one.effective.isoformat()}"
    return f"version {one.version}, signed {signed}{effective}, entry {entry}, {standing}"


def _json(lattice: Lattice, one: Enforced) -> Json:
    return {
        "version": one.version,
        "signed": iso(day_of(one.signed_ns, lattice.setting.zone)),
        "effective": None if one.effective is None else one.effective.isoformat(),
        "supersedes": None if one.file is None else one.file.supersedes or None,
        "digest": one.form_digest,
        "entry": one.digest.hex(),
        "standing": _standing(lattice, one),
    }


def _standing(lattice: Lattice, one: Enforced) -> str:
    """Say where a version stands: in force, to come, or superseded."""
    if one.digest == lattice.enforced.digest:
        return "in force"
    signed = lattice.versions.signed
    later = signed[signed.index(one) + 1 :]
    if one.effective is None or day_from_date(one.effective) <= today(lattice.setting.zone):
        return "superseded"
    # A version signed later that begins no later means that this one never does.
    if any(next_.effective is None or next_.effective <= one.effective for next_ in later):
        return "superseded before it began"
    return "to come"
