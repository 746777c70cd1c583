"""The work of `lex7 categorise`: rules in the wealth node's log, and what they file where."""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark.entry import EntryKind
from lex7.base.civil import DAY_MAX, Day
from lex7.base.money import Money
from lex7.base.record import Transaction
from lex7.nodes.wealth import rulebook
from lex7.nodes.wealth.category import CategoryRule, Looks, categorise
from lex7.nodes.wealth.node import WealthNode
from lex7.runtime.compose import Lattice
from lex7.runtime.ingest import refit

WEALTH = "wth"


@dataclass(frozen=True, slots=True)
class Filed:
    """What is filed under one role and category."""

    role: str
    category: str
    count: int
    amount: Money

    def as_json(self) -> dict[str, object]:
        """Spell it for JSON; the amount in minor units."""
        return {
            "role": self.role,
            "category": self.category,
            "count": self.count,
            "amount_minor": self.amount.minor,
            "currency": self.amount.currency,
        }


def list_rules(lattice: Lattice) -> tuple[CategoryRule, ...]:
    """Return the rules in the order in which they are tried."""
    return _node(lattice).rules(lattice.members[WEALTH].state)


def add_rule(lattice: Lattice, pattern: str, category: str) -> CategoryRule:
    """Put a rule before all others and fit the models again.

    Raises:
        CategoryRuleError: the rule cannot mean anything.
    """
    member = lattice.members[WEALTH]
    own = _node(lattice).own_rules(member.state)
    looks = Looks.GLOB if "*" in pattern or "?" in pattern else Looks.WORDS
    rule = CategoryRule(f"own-{rulebook.next_number(own)}", category, looks, (pattern,))
    payload = rulebook.encode_rules(rulebook.add_rule(own, rule))
    member.append([(EntryKind.CATEGORIES, payload)], lattice.heads)
    if member.state.model_day is not None:
        refit(lattice, member.state.model_day)
    return rule


def test_payee(lattice: Lattice, payee: str) -> tuple[str, str]:
    """Return the category of a payee and the id of the rule that says so."""
    currency = lattice.setting.currency
    paid = Transaction("test", Day(0), -1, currency, payee)
    return categorise(paid, list_rules(lattice))


def overview(lattice: Lattice) -> tuple[Filed, ...]:
    """Return what is filed under each role and category, largest first."""
    totals: dict[tuple[str, str, str], list[int]] = {}
    for one in _node(lattice).classified(lattice.members[WEALTH].state, DAY_MAX):
        what = one.transaction
        key = (one.role.value, one.category, what.currency)
        counted = totals.setdefault(key, [0, 0])
        counted[0] += 1
        counted[1] += what.amount_minor
    rows = [
        Filed(role, category, count, Money(minor, currency))
        for (role, category, currency), (count, minor) in totals.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.role, row.amount.minor, row.category)))


def _node(lattice: Lattice) -> WealthNode:
    kind = lattice.members[WEALTH].kind
    assert isinstance(kind, WealthNode), "the wealth member is a wealth node"
    return kind
