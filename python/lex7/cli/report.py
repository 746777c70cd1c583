"""The report: what stands, what was asked, what was read, how it was computed, what was verified.

It computes nothing: it lays out the same plain objects that the `--json` outputs print, so that
report and JSON can never disagree. An object may lack any field; what is missing is left out.

    status        as_of, directives[]: id, say, rule, unit, value, sd, band, probability,
                  confidence, verdict, reason, days_to_breach, correction, trace[], valid_days,
                  required_days; models[]: quantity, model, points, last_day, inside, forecasts
    verdicts      propose's objects: id, proposal, verdict, reason, alternatives[], certificate
    verification  nodes[]: node, entries, seals, state_hash, ok; lattice_hash, entries_per_second
    findings      code, where, sentence, text
    summary       imports[]: file, kept, new{}, first, last
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from lex7.cli.graph import bar, sparkline
from lex7.cli.page import Ink, Page

Json = Mapping[str, object]

FINDINGS_SHOWN_MAX = 6
"""More are counted; `lex7 ingest --list --json` has them all."""

_PLAIN = Page()
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_EDGE = re.compile(r"(>=|<=|>|<) *(-?[0-9][0-9.,_]* *[A-Za-z%]*)")
_VERDICTS: dict[str, tuple[str, str, Ink]] = {
    "SATISFIED": ("✓", "holds", Ink.GOOD),
    "VIOLATED": ("✗", "fails", Ink.BAD),
    "UNDECIDED": ("?", "undecided", Ink.WARN),
    "NOT_ENOUGH_DATA": ("…", "too few data", Ink.FAINT),
    "STALE": ("…", "stale data", Ink.FAINT),
}
_ANSWERS: dict[str, Ink] = {
    "ACCEPT": Ink.GOOD,
    "CORRECT": Ink.WARN,
    "REJECT": Ink.BAD,
    "UNDECIDED": Ink.FAINT,
}


def render_report(
    status: Json,
    verdicts: Sequence[Json],
    verification: Json,
    findings: Sequence[Json],
    summary: Json,
    page: Page = _PLAIN,
) -> str:
    """Lay out the whole report."""
    parts = [
        render_status(status, page),
        render_proposals(verdicts, page),
        _imports(summary, findings, page),
        render_models(status, page),
        _verification(verification, page),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_status(status: Json, page: Page = _PLAIN) -> str:
    """Lay out the directives: the answer in one sentence, one line each, then what fails."""
    rows = _rows(status, "directives")
    title = page.paint("LEX-7", Ink.STRONG)
    lines = [f" {title} · as of {_long_day(_text(status, 'as_of'))}", ""]
    lines += page.wrap(_answer(rows), indent=1)
    lines += ["", page.heading("Your directives")]
    if not rows:
        return "\n".join([*lines, "   no directives are in force: `lex7 directives sign`"])
    name_width = max(len(_text(row, "id")) for row in rows)
    name_width = max(9, min(name_width, page.width - 71))
    head = f"   {'directive':<{name_width}} {'now':>16} {'rule':<12} {'probability, wanted':<19}"
    lines.append(page.paint(head, Ink.FAINT))
    lines += [_directive_line(row, name_width, page) for row in rows]
    lines += _sampled(rows, page)
    details = [line for row in rows for line in _directive_detail(row, page)]
    return "\n".join([*lines, *([""] if details else []), *details])


def _answer(rows: Sequence[Json]) -> str:
    """Say in one sentence how many directives stand."""
    count = dict.fromkeys(_VERDICTS, 0)
    for row in rows:
        count[_verdict(row)] += 1
    if rows and count["SATISFIED"] == len(rows):
        return "The one directive holds." if len(rows) == 1 else f"All {len(rows)} directives hold."
    words = [f"{count['SATISFIED']} of {len(rows)} directives hold"]
    words += [
        f"{number} {'fails' if number == 1 else 'fail'}"
        for number in (count["VIOLATED"],)
        if number
    ]
    if count["UNDECIDED"]:
        words.append(f"{count['UNDECIDED']} undecided")
    waiting = count["NOT_ENOUGH_DATA"] + count["STALE"]
    if waiting:
        words.append(f"{waiting} without enough or fresh data")
    return ", ".join(words) + "."


def _directive_line(row: Json, name_width: int, page: Page) -> str:
    sign, word, ink = _VERDICTS[_verdict(row)]
    name = _clip(_text(row, "id"), name_width)
    probability = _number(row, "probability")
    wanted = _number(row, "confidence")
    meter = ""
    if probability is not None:
        asked = f" {wanted:.2f}" if wanted is not None else ""
        meter = f"{bar(probability, 8, mark=wanted)} {_chance(probability)}{asked}"
    state = f"{word}{_breach(row)}"
    return (
        f" {page.paint(sign, ink)} {name:<{name_width}} {_value(row):>16} {_limit(row):<12} "
        f"{meter:<19} {page.paint(state, ink)}"
    ).rstrip()


def _directive_detail(row: Json, page: Page) -> list[str]:
    """Say more about a directive that does not hold; a trace is shown wherever there is one."""
    verdict = _verdict(row)
    trace = _series(row, "trace")
    if verdict == "SATISFIED":
        return _settled(row)
    say = _text(row, "say") or _text(row, "rule")
    lines = page.wrap(f"{_text(row, 'id')}: {say}", indent=3, hang=2)
    if _text(row, "say"):
        lines.append(page.paint(f"     rule: {_text(row, 'rule')}", Ink.FAINT))
    if trace:
        lines.append(f"     lately: {sparkline(trace, 40)}")
    if _text(row, "reason"):
        lines += page.wrap(_text(row, "reason"), indent=5)
    lines += _now(row)
    if _when(row):
        lines += page.wrap(_when(row), indent=5, hang=2)
    lines += _settled(row)
    correction = _sentence(row.get("correction"))
    if correction:
        lines += page.wrap(f"smallest correction: {correction}", indent=5, hang=2)
    return lines


def _now(row: Json) -> list[str]:
    """Say between which ends the value lies now, where it is not known outright."""
    ends = [_spell(one or 0.0, _text(row, "unit")) for one in _series(row, "band")]
    if len(ends) != 2 or ends[0] == ends[1]:
        return []
    return [f"     now: {ends[0]} to {ends[1]} {_text(row, 'unit')}, nine times in ten"]


def _when(row: Json) -> str:
    """Say when a failing rule breaks, with the ends that nine futures in ten lie between."""
    breach, days = row.get("breach"), _number(row, "days_to_breach")
    if not isinstance(breach, Mapping) or days is None or _verdict(row) != "VIOLATED":
        return ""
    early, late = (_number(breach, name) for name in ("earliest", "latest"))
    ends = (str(int(one)) if one is not None else "not at all" for one in (early, late))
    return f"first fails after {int(days)} days ({' to '.join(ends)}, nine times in ten)"


def _settled(row: Json) -> list[str]:
    """Say how a rule is counted over time, where that differs from its own verdict of the day."""
    settled = row.get("settled")
    if not isinstance(settled, Mapping):
        return []
    word, own = _VERDICTS[_verdict(settled)][1], _VERDICTS[_verdict(row)][1]
    since = _text(settled, "since")
    if word == own:
        return [] if own == "holds" else [f"     so counted since {since}"]
    name = _text(row, "id")
    return [f"   {name}: {own} today; counted as '{word}' since {since} until it is clearly better"]


def _sampled(rows: Sequence[Json], page: Page) -> list[str]:
    """Say of which rules drawn courses decide, and how far their share may be off."""
    found = []
    for row in rows:
        drawn = row.get("sampling")
        if isinstance(drawn, Mapping):
            paths, error = _number(drawn, "paths") or 0.0, _number(drawn, "standard_error") or 0.0
            words = f"{_text(row, 'id')}: judged on {int(paths):,} drawn courses, a share known to"
            words += f" ±\u00a0{100 * error:.1f}\u00a0%; three times that is taken off"
            found += [page.paint(line, Ink.FAINT) for line in page.wrap(words, indent=3, hang=2)]
    return found


def render_proposals(verdicts: Sequence[Json], page: Page = _PLAIN) -> str:
    """Lay out proposals with their verdicts, reasons and alternatives."""
    if not verdicts:
        return ""
    lines = [page.heading("What you asked")]
    for verdict in verdicts:
        answer = _text(verdict, "verdict")
        asked = _text(verdict, "proposal") or _text(verdict, "id")
        room = page.width - len(answer) - 6
        first, *rest = page.wrap(asked, indent=0)
        ink = _ANSWERS.get(answer, Ink.FAINT)
        if len(lines) > 1:
            lines.append("")
        lines.append(f"   {_clip(first, room):<{room}} {page.paint(answer, ink)}")
        lines += [f"   {line}" for line in rest]
        lines += page.wrap(_text(verdict, "reason"), indent=5)
        for item in _list(verdict, "alternatives"):
            lines += page.wrap("· " + _sentence(item), indent=7, hang=2)
        lines += _certificate(verdict, page)
    return "\n".join(lines)


def _certificate(verdict: Json, page: Page) -> list[str]:
    certificate = verdict.get("certificate")
    if not isinstance(certificate, Mapping):
        return []
    kind = _text(certificate, "kind")
    state = "checked without a solver" if certificate.get("verified") is True else "attached"
    words = f"certificate{' ' + kind if kind else ''}: {state}, verdict {_text(verdict, 'id')}"
    return [page.paint(f"     {words}", Ink.FAINT)]


def _imports(summary: Json, findings: Sequence[Json], page: Page) -> str:
    rows = _rows(summary, "imports")
    if not rows and not findings:
        return ""
    lines = [page.heading("What was read")]
    width = max((len(_text(row, "file")) for row in rows), default=0)
    width = min(max(width, 12), 34)
    for row in rows:
        line = f"   {_clip(_text(row, 'file'), width):<{width}} {_counted(row)}"
        span = f"{_text(row, 'first')} … {_text(row, 'last')}" if _text(row, "first") else ""
        room = page.width - len(line) - 1
        lines.append(line + (page.paint(f"{span:>{room}}", Ink.FAINT) if len(span) < room else ""))
    told = [found for found in findings if not _text(found, "code").startswith("info.")]
    for finding in told[:FINDINGS_SHOWN_MAX]:
        sentence = f"{_text(finding, 'where')}: {_text(finding, 'sentence')}"
        wrapped = page.wrap("! " + sentence, indent=3, hang=2)
        lines += [page.paint(line, Ink.WARN) for line in wrapped]
    if len(told) > FINDINGS_SHOWN_MAX:
        lines.append(f"   and {len(told) - FINDINGS_SHOWN_MAX:,} more findings")
    if not told:
        lines.append("   nothing in these files needed a remark")
    return "\n".join(lines)


def _counted(row: Json) -> str:
    """Say how much of a file was new and how much was known; notes of passing over are left out."""
    new = row.get("new")
    counts = new if isinstance(new, Mapping) else {}
    fresh = sum(value for value in counts.values() if isinstance(value, int))
    known = int(_number(row, "kept") or 0) - fresh
    return f"{fresh:>9,} new" + (f", {known:,} already known" if known > 0 else "")


def render_models(status: Json, page: Page = _PLAIN) -> str:
    """Lay out what forecasts are made of and how past ones held."""
    rows = _rows(status, "models")
    if not rows:
        return ""
    lines = [page.heading("How this was computed, and how it held")]
    width = min(max(len(_text(row, "quantity")) for row in rows), 24)
    model = ""
    for row in rows:
        if _text(row, "model") != model:
            model = _text(row, "model")
            lines += page.wrap(model, indent=3)
        points = (
            f"{int(_number(row, 'points') or 0):>6,} days to {_text(row, 'last_day') or 'none'}"
        )
        name = f"{_clip(_text(row, 'quantity'), width):<{width}}"
        lines.append(f"     {name} {points:<26} {_held(row)}".rstrip())
    lines.append(page.paint("   held: inside the 90 % band; nine in ten is promised", Ink.FAINT))
    return "\n".join(lines)


def _held(row: Json) -> str:
    inside, count = _number(row, "inside"), _number(row, "forecasts")
    if inside is None or not count:
        return "no past forecast yet"
    drawn = bar(inside / count, 10, mark=0.9)
    return f"{drawn} {int(inside)} of {int(count)} past forecasts held"


def _verification(verification: Json, page: Page) -> str:
    rows = _rows(verification, "nodes")
    if not rows:
        return ""
    lines = [page.heading("What was verified")]
    for row in rows:
        is_good = row.get("ok") is True
        sign = page.paint("✓", Ink.GOOD) if is_good else page.paint("✗", Ink.BAD)
        counts = f"{int(_number(row, 'entries') or 0):>7,} entries"
        seals = _number(row, "seals")
        counts += f", {int(seals):,} seals" if seals is not None else ""
        state = _text(row, "state_hash")[:12]
        words = f"state {state} {'recomputed' if is_good else 'DIFFERS'}" if state else ""
        lines.append(
            f" {sign} {_text(row, 'node'):<12} {counts:<28} {page.paint(words, Ink.FAINT)}"
        )
        if not is_good and _text(row, "sentence"):
            lines += page.wrap(_text(row, "sentence"), indent=5)
    lattice = _text(verification, "lattice_hash")[:12]
    speed = _number(verification, "entries_per_second")
    if lattice:
        lines.append(f"   all members agree on lattice state {lattice}")
    if speed:
        lines.append(f"   {int(speed):,} entries verified and folded a second")
    return "\n".join(lines)


def _verdict(row: Json) -> str:
    verdict = _text(row, "verdict").upper().replace("-", "_").replace(" ", "_")
    return verdict if verdict in _VERDICTS else "UNDECIDED"


def _value(row: Json) -> str:
    value, sd, unit = _number(row, "value"), _number(row, "sd"), _text(row, "unit")
    if value is None:
        have, need = _number(row, "valid_days"), _number(row, "required_days")
        return f"{int(have)} of {int(need)} days" if have is not None and need else "—"
    spread = f" ± {_spell(sd, unit, value)}" if sd else ""
    return f"{_spell(value, unit)}{spread} {unit}"


def _spell(value: float, unit: str, like: float | None = None) -> str:
    """Round for people, last of all; a spread has the decimals of the value it stands beside."""
    size = abs(value if like is None else like)
    digits = 0 if size >= 1000 or unit == "steps" else 1 if size >= 20 else 2
    return f"{value:,.{digits}f}"


def _chance(probability: float) -> str:
    """Spell a probability; certainty is never claimed."""
    if probability > 0.999:
        return ">.999"
    return "<.001" if probability < 0.001 else f"{probability:.3f}"


def _breach(row: Json) -> str:
    days, verdict = _number(row, "days_to_breach"), _verdict(row)
    if days is None or verdict not in ("VIOLATED", "UNDECIDED"):
        return ""
    if verdict == "UNDECIDED":
        return f", day {max(0, int(days))}"
    if days <= 0:
        return " now"
    return " tomorrow" if days == 1 else f" in {int(days)} days"


def _limit(row: Json) -> str:
    """Return the last comparison of a rule, `≥ 6 mo`: the edge that the value is held against."""
    found = _EDGE.findall(_text(row, "rule"))
    if not found:
        return ""
    sign, edge = found[-1]
    return _clip(f"{_SIGNS[sign]} {edge.strip()}", 12)


def _long_day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text or "today"
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _text(row: Json, key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _number(row: Json, key: str) -> float | None:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if value == value else None


def _list(row: Json, key: str) -> Sequence[object]:
    value = row.get(key)
    return value if isinstance(value, list | tuple) else ()


def _rows(row: Json, key: str) -> list[Json]:
    return [item for item in _list(row, key) if isinstance(item, Mapping)]


def _series(row: Json, key: str) -> list[float | None]:
    return [float(item) if isinstance(item, int | float) else None for item in _list(row, key)]


def _sentence(value: object) -> str:
    """Return what a correction or alternative says; objects carry it as `sentence`."""
    if isinstance(value, Mapping):
        return _text(value, "sentence") or _text(value, "text")
    return "" if value is None else str(value)
