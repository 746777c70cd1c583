"""A proposal: one purchase to ask about, and what of it may move.

    amount=5000 USD category=home date=2027-03 move=amount,date,levers

`amount` and `category` must be said. `date` is a month (its first day counts) or a day; without it
the purchase is today. `move` lists what a correction may change; without it nothing moves, because
a couch is not divisible unless its buyer says so. Their order is the owner's preference among
them. `only` names the levers (or groups of levers) that may move, and lets levers move.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum

from lex7.base.civil import Day, date_of, day_from_date, iso, month_of, month_start
from lex7.base.errors import DirectiveError
from lex7.base.limits import HORIZON_DAYS_MAX, TEXT_CHARACTERS_MAX
from lex7.base.money import Money, MoneyError, is_currency, parse_minor
from lex7.directive.document import Lever


class Movable(StrEnum):
    """What a correction may change about a proposal."""

    AMOUNT = "amount"
    DATE = "date"
    LEVERS = "levers"


class ProposalError(DirectiveError):
    """A proposal cannot be read, or asks for what cannot be judged."""

    code = "proposal"

    def __init__(self, code: str, sentence: str, text: str) -> None:
        self.code = code
        self.text = text[:80]
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One purchase.

    Attributes:
        amount: positive, exact.
        category: the spending category, as in `spend.home`.
        day: when the money leaves.
        is_whole_month: only the month was said; `day` is its first day that is not past.
        move: what may change, in the owner's order.
        only: levers or groups that may move; empty where all may.
    """

    amount: Money
    category: str
    day: Day
    is_whole_month: bool
    move: tuple[Movable, ...]
    only: tuple[str, ...] = ()

    def may_move(self, lever: Lever) -> bool:
        """Answer whether a correction may move a lever."""
        return not self.only or lever.id in self.only or lever.group in self.only


KEYS = ("amount", "category", "date", "move", "only")
_PAIR = re.compile(r"(\w+)\s*=\s*(.*?)\s*(?=(?:[;,]?\s*\b\w+\s*=)|\Z)", re.ASCII | re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}\Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?\Z", re.ASCII)


def parse_proposal(
    text: str,
    *,
    currency: str,
    as_of: Day,
    categories: tuple[str, ...] = (),
    levers: tuple[Lever, ...] = (),
) -> Proposal:
    """Read a proposal.

    Args:
        text: `key=value` pairs.
        currency: the only currency that is judged.
        as_of: the day of evaluation; a proposal lies on it or after it.
        categories: the known spending categories; empty means that any name is taken.
        levers: the known levers; empty means that any name is taken.

    Raises:
        ProposalError: one sentence about the first thing that is wrong.
    """
    found = parse_pairs(text, KEYS)
    for key in ("amount", "category"):
        if key not in found:
            message = f"a proposal needs {key}=..., such as amount=5000 {currency} category=home"
            raise ProposalError(f"proposal.{key}", message, text)
    said = found.get("date")
    day, is_whole_month = (as_of, False) if said is None else read_day(said, as_of)
    only = _only(found.get("only"), levers)
    move = _move(found.get("move", ""))
    if only and Movable.LEVERS not in move:
        move = (*move, Movable.LEVERS)
    return Proposal(
        _amount(found["amount"], currency),
        _category(found["category"], categories),
        day,
        is_whole_month,
        move,
        only,
    )


def parse_pairs(text: str, keys: tuple[str, ...]) -> dict[str, str]:
    """Read `key=value` pairs.

    Raises:
        ProposalError: too long, an unknown or repeated key, or words outside of pairs.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        message = f"a proposal has at most {TEXT_CHARACTERS_MAX} characters, this has {len(text)}"
        raise ProposalError("proposal.length", message, text)
    found: dict[str, str] = {}
    end = 0
    for match in _PAIR.finditer(text):
        _refuse_rest(text[end : match.start()])
        key, value = match[1].lower(), match[2].rstrip(" ,;")
        if key not in keys:
            message = f"unknown key {key!r}; {_suggest(key, keys)}"
            raise ProposalError("proposal.key", message, match[0])
        if key in found:
            raise ProposalError("proposal.twice", f"{key} is said twice", match[0])
        found[key] = value
        end = match.end()
    _refuse_rest(text[end:])
    return found


def _refuse_rest(rest: str) -> None:
    if rest.strip(" ,;\t\n"):
        message = f"expected key=value pairs, got {rest.strip()[:40]!r}"
        raise ProposalError("proposal.syntax", message, rest)


def _amount(text: str, currency: str) -> Money:
    parts = text.replace("_", "").split()
    if len(parts) != 2 or not is_currency(parts[1]):
        message = (
            f"an amount is a number and a currency, such as 5000 {currency}, got {text[:40]!r}"
        )
        raise ProposalError("proposal.amount", message, text)
    if parts[1] != currency:
        message = (
            f"amounts are judged in {currency}, the currency of the directives, got {parts[1]}"
        )
        raise ProposalError("proposal.currency", message, text)
    try:
        minor = parse_minor(parts[0].replace(",", ""), currency)
    except MoneyError as error:
        message = f"the amount cannot be read: {error.reason}"
        raise ProposalError("proposal.amount", message, text) from error
    if minor <= 0:
        message = f"a proposal spends a positive amount, got {text[:40]!r}"
        raise ProposalError("proposal.amount", message, text)
    return Money(minor, currency)


def _category(text: str, categories: tuple[str, ...]) -> str:
    name = text.removeprefix("spend.")
    if not _NAME.match(name):
        message = f"a category is a name such as home, got {text[:40]!r}"
        raise ProposalError("proposal.category", message, text)
    check_category(name, categories)
    return name


def check_category(name: str, categories: tuple[str, ...]) -> None:
    """Refuse a spending category that nothing knows; with none known, any name is taken.

    Raises:
        ProposalError: it is unknown; the sentence offers the nearest.
    """
    if categories and name not in categories:
        message = f"unknown category {name[:40]!r}; {_suggest(name, categories)}"
        raise ProposalError("proposal.category", message, name)


def read_day(text: str, as_of: Day) -> tuple[Day, bool]:
    """Return the day and whether only a month was said.

    Raises:
        ProposalError: no date, in the past, or beyond the horizon.
    """
    match = _DATE.match(text)
    civil = _civil(match) if match else None
    if match is None or civil is None:
        message = f"a date is a month or a day, such as 2027-03 or 2027-03-15, got {text[:40]!r}"
        raise ProposalError("proposal.date", message, text)
    is_month = match[3] is None
    if civil.year > date_of(as_of).year + HORIZON_DAYS_MAX // 365 + 1:
        raise ProposalError("proposal.horizon", _too_far(text), text)
    day = day_from_date(civil)
    if is_month and month_of(day) == month_of(as_of):
        return as_of, True
    if day < as_of:
        message = f"a proposal lies ahead, and {text} is before {iso(as_of)}"
        raise ProposalError("proposal.past", message, text)
    if day - as_of > HORIZON_DAYS_MAX:
        raise ProposalError("proposal.horizon", _too_far(text), text)
    return (month_start(month_of(day)) if is_month else day), is_month


def _too_far(text: str) -> str:
    return f"{text} is more than {HORIZON_DAYS_MAX} days ahead, where no forecast means anything"


def _civil(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        return None


def _move(text: str) -> tuple[Movable, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = tuple(Movable)
    for name in names:
        if name not in known:
            message = f"move lists {', '.join(known)}, got {name[:40]!r}; {_suggest(name, known)}"
            raise ProposalError("proposal.move", message, text)
    return tuple(Movable(name) for name in dict.fromkeys(names))


def _only(text: str | None, levers: tuple[Lever, ...]) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ProposalError("proposal.only", "only names levers, and none is named", text)
    known = tuple(
        dict.fromkeys(name for lever in levers for name in (lever.id, lever.group) if name)
    )
    for name in names if known else ():
        if name not in known:
            message = f"there is no lever {name[:40]!r}; {_suggest(name, known)}"
            raise ProposalError("proposal.only", message, text)
    return names


def _suggest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1)
    listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"did you mean {close[0]!r}?" if close else f"known: {listed}"
