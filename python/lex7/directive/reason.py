"""One plain sentence about how a rule stands; it recommends nothing."""

from __future__ import annotations

from lex7.base.civil import iso
from lex7.directive.assessment import Shortage, Standing, WorstRow
from lex7.directive.chance import Chance
from lex7.directive.plan import CompiledRule


def sentence(
    rule: CompiledRule,
    standing: Standing,
    found: Chance | None,
    worst: WorstRow | None,
    *,
    is_uncertainty: bool = False,
    short: Shortage | None = None,
) -> str:
    """Say in one sentence how a rule stands and what decides it."""
    if short is not None:
        return _shortage(standing, short)
    assert found is not None, "a compared rule has a probability"
    asked = percent(float(rule.confidence))
    if standing is Standing.SATISFIED:
        return f"your rule holds with at least {percent(found.low, down=True)}; it asks for {asked}"
    ending = "" if worst is None else f"; {_where(worst)}"
    if is_uncertainty:
        ending += "; uncertainty decides, not the level"
    if standing is Standing.VIOLATED:
        held = percent(found.high, up=True)
        return f"your rule holds with at most {held}; it asks for {asked}{ending}"
    low, high = percent(found.low, down=True), percent(found.high, up=True)
    return f"your rule holds with {low} to {high}; it asks for {asked}{ending}"


def percent(value: float, *, up: bool = False, down: bool = False) -> str:
    """Spell a probability with one decimal, never rounded to a false certainty."""
    tenths = value * 1000.0
    count = int(tenths) if down else round(tenths)
    if up and tenths > int(tenths):
        count = int(tenths) + 1
    if count == 1000 and (down or value < 1.0) and not up:
        # "At least 100 %" would claim what no forecast can.
        count = 999
    if count == 0 and value > 0.0 and not down:
        count = 1
    return f"{count // 10}.{count % 10} %" if count % 10 else f"{count // 10} %"


def amount(value: float, unit: str) -> str:
    """Spell an amount for people: money with two decimals, the rest with three digits."""
    if len(unit) == 3 and unit.isupper():
        return f"{value:,.2f} {unit}"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _where(worst: WorstRow) -> str:
    level = amount(worst.mean, worst.unit)
    charge = amount(worst.z * worst.sd, worst.unit)
    return f"tightest on {iso(worst.day)}: margin {level}, less {charge} for uncertainty"


def _shortage(standing: Standing, short: Shortage) -> str:
    name = short.quantity
    if standing is Standing.STALE and short.last_day is not None:
        return f"the newest value of {name} is from {iso(short.last_day)}: too old to judge by"
    if short.have == 0 and short.last_day is None:
        near = f"; did you mean {short.near}?" if short.near else ""
        return f"no data for {name} yet{near}"
    return f"not enough {short.sample}s of {name} yet ({short.have} of {short.need})"
