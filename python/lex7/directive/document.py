"""What a directives file says, once read: directives, access rules and levers, all frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.directive.example import Example
from lex7.directive.plan import CompiledRule
from lex7.directive.quantity import Per

FORMAT = "lex7-directives/1"


@dataclass(frozen=True, slots=True)
class Directive:
    """One rule about the owner's state, as written and as compiled.

    Attributes:
        id: unique in the file.
        say: the owner's own sentence.
        text: the rule as written.
        rule: the rule compiled; confidence, over, severity, priority and weight stand there.
        line: where its table starts in the file, from 1.
        examples: what the owner expects of it, for `lex7 directives test`.
    """

    id: str
    say: str
    text: str
    rule: CompiledRule
    line: int
    examples: tuple[Example, ...] = ()


class Action(StrEnum):
    """What may be done with data off the node that holds them."""

    READ = "read"
    PUBLISH = "publish"
    EXPORT = "export"


class AccessShape(StrEnum):
    """The two kinds of access rules."""

    DENY = "deny"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may do what with data of one kind.

    Attributes:
        id: unique in the file.
        say: the owner's own sentence.
        shape: `deny` refuses what it matches; `only` permits the nodes it names and refuses all
            others.
        actions: what it speaks of.
        kinds: first parts of stream and quantity names; `*` is every kind.
        raw: True for raw data only, False for derived data only, None for both.
        nodes: for `deny` the nodes that are excepted, for `only` the nodes that are permitted;
            `vit` is every device of that kind, `vit@phone` is one.
        line: where its table starts in the file, from 1.
        examples: what the owner expects of it, for `lex7 directives test`.
    """

    id: str
    say: str
    shape: AccessShape
    actions: tuple[Action, ...]
    kinds: tuple[str, ...]
    raw: bool | None
    nodes: tuple[str, ...]
    line: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Lever:
    """Something the owner can move, and how gladly.

    Attributes:
        id: unique in the file.
        say: the owner's own words for it; may be empty.
        moves: the quantity it changes.
        per: whether one unit counts once, per day or per calendar month.
        low: the least change, in `unit`.
        high: the largest change, in `unit`.
        step: changes are whole multiples of it, in `unit`.
        reluctance: cost of one unit of change; the correction minimises the sum of squares.
        unit: the quantity's unit.
        group: levers of one group count as one change; empty for none.
        line: where its table starts in the file, from 1.
        ramp: the most that the change may grow or shrink from one calendar month to the next, in
            `unit`; None where it starts at once and stays.
    """

    id: str
    say: str
    moves: QuantityName
    per: Per
    low: Fraction
    high: Fraction
    step: Fraction
    reluctance: Fraction
    unit: str
    group: str
    line: int
    ramp: Fraction | None = None


@dataclass(frozen=True, slots=True)
class DirectiveFile:
    """Everything one directives file says.

    Attributes:
        version: counts up with every signed change, from 1.
        supersedes: SHA-256 (hexadecimal) of the canonical form it replaces, empty for the first.
        effective: the first day it holds, or None for at once.
        owner: the owner key as `ed25519:` and hexadecimal, empty until the file is first signed.
        currency: the currency of money quantities.
        time_zone: the zone whose civil days count.
        directives: in file order.
        access: in file order.
        levers: in file order.
    """

    version: int
    supersedes: str
    effective: date | None
    owner: str
    currency: str
    time_zone: str
    directives: tuple[Directive, ...]
    access: tuple[AccessRule, ...]
    levers: tuple[Lever, ...]
