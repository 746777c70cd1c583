"""Wishes: several purchases asked about together, and which days each of them may take.

    [[wish]]                      # or --wish "name=couch amount=5900 USD category=home worth=3"
    name = "couch"
    amount = "5900 USD"
    category = "home"
    date = "2027-03"              # the first day it may be; today without it
    latest = "2027-12"            # the last; two years after the first without it
    worth = 3                     # how much it matters beside the others; 1 without it

A wish is bought whole on its first day or some whole months later, or not at all.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass

from lex7.base.civil import Day, add_months, iso
from lex7.base.limits import HORIZON_DAYS_MAX
from lex7.base.money import Money
from lex7.correct.proposal import ProposalError, parse_pairs, parse_proposal, read_day

WISHES_MAX = 10
WORTH_MAX = 1_000
MONTHS_MAX = 24
FILE_CHARACTERS_MAX = 100_000
KEYS = ("name", "amount", "category", "date", "latest", "worth")
HEAD = "wishes"


@dataclass(frozen=True, slots=True)
class Wish:
    """One purchase among several.

    Attributes:
        name: how it is called in the answer.
        amount: positive, exact.
        category: the spending category.
        day: the first day it may be.
        latest: the last day it may be.
        worth: how much it matters beside the others.
    """

    name: str
    amount: Money
    category: str
    day: Day
    latest: Day
    worth: int

    def days(self, as_of: Day) -> tuple[Day, ...]:
        """List the days it may take: whole months after the first, up to two years."""
        ahead = (add_months(self.day, count) for count in range(MONTHS_MAX + 1))
        last = min(self.latest, Day(as_of + HORIZON_DAYS_MAX))
        return tuple(day for day in ahead if day <= last)

    def sentence(self) -> str:
        """Spell it as it is asked for."""
        return f"{self.name}: {self.amount} for {self.category} on {iso(self.day)}"


def parse_wishes(texts: tuple[str, ...], *, currency: str, as_of: Day) -> tuple[Wish, ...]:
    """Read wishes, each as `key=value` pairs.

    Raises:
        ProposalError: one sentence about the first thing that is wrong.
    """
    if not 1 <= len(texts) <= WISHES_MAX:
        message = f"expected 1 to {WISHES_MAX} wishes, got {len(texts)}"
        raise ProposalError("proposal.wishes", message, "")
    found = tuple(_wish(text, number, currency, as_of) for number, text in enumerate(texts, 1))
    names = [wish.name for wish in found]
    for name in names:
        if names.count(name) > 1:
            raise ProposalError("proposal.wishes", f"two wishes are called {name!r}", name)
    return found


def read_wish_file(text: str) -> tuple[str, ...]:
    """Read a TOML or JSON file of wishes into the text of each.

    Raises:
        ProposalError: one sentence about what is wrong with the file.
    """
    if len(text) > FILE_CHARACTERS_MAX:
        message = f"a file of wishes has at most {FILE_CHARACTERS_MAX:,} characters"
        raise ProposalError("proposal.wishes", message, text[:40])
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"a file of wishes is TOML or JSON, and this is neither: {error}"
        raise ProposalError("proposal.wishes", message, text[:40]) from error
    rows = document.get("wish") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        message = "a file of wishes holds tables [[wish]], each with amount and category"
        raise ProposalError("proposal.wishes", message, text[:40])
    return tuple(" ".join(f"{key}={_plain(value)}" for key, value in row.items()) for row in rows)


def spell_wishes(texts: tuple[str, ...]) -> str:
    """Join wishes into the one text that a proposal entry holds."""
    return "\n".join((HEAD, *texts))


def split_wishes(text: str) -> tuple[str, ...] | None:
    """Return the wishes of a proposal entry, None where it holds one proposal."""
    head, *rest = text.split("\n")
    return tuple(rest) if head == HEAD else None


def _plain(value: object) -> str:
    return " ".join(str(value).split())


def _wish(text: str, number: int, currency: str, as_of: Day) -> Wish:
    found = parse_pairs(text, KEYS)
    own = {key: found[key] for key in ("amount", "category", "date") if key in found}
    said = " ".join(f"{key}={value}" for key, value in own.items())
    proposal = parse_proposal(said, currency=currency, as_of=as_of)
    latest = Day(as_of + HORIZON_DAYS_MAX)
    if "latest" in found:
        latest, is_month = read_day(found["latest"], as_of)
        latest = Day(add_months(latest, 1) - 1) if is_month else latest
    if latest < proposal.day:
        message = f"latest lies before the first day it may be, {iso(proposal.day)}"
        raise ProposalError("proposal.latest", message, text)
    worth = found.get("worth", "1")
    if not worth.isascii() or not worth.isdigit() or not 1 <= int(worth[:9]) <= WORTH_MAX:
        message = f"worth is a whole number from 1 to {WORTH_MAX}, got {worth[:20]!r}"
        raise ProposalError("proposal.worth", message, text)
    name = found.get("name", f"wish {number}")
    return Wish(name, proposal.amount, proposal.category, proposal.day, latest, int(worth[:9]))
