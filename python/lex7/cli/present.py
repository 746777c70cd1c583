"""How numbers look to people: units, rounding, signs. Rounding happens here, and last."""

from __future__ import annotations

from lex7.base.money import is_currency, minor_digits

_DIGITS = {"h": 2, "bpm": 1, "ms": 1, "kg": 1, "steps": 0, "count": 0, "mo": 1, "%": 1}


def number(value: float | None, unit: str) -> str:
    """Spell a value in its unit's usual number of decimals, without the unit."""
    if value is None:
        return "–"
    digits = minor_digits(unit) if is_currency(unit) else _DIGITS.get(unit, 2)
    if is_currency(unit) and abs(value) >= 1_000:
        digits = 0
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def quantity(value: float | None, unit: str) -> str:
    """Spell a value with its unit."""
    return "–" if value is None else f"{number(value, unit)} {unit}"


def probability(value: float | None) -> str:
    """Spell a probability; never 0 or 1, because a forecast is never certain."""
    if value is None:
        return "–"
    if value > 0.999:
        return ">0.999"
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}"


def table(rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> str:
    """Align columns; `right` names the ones that are aligned to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
