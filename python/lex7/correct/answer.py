"""What a verdict is taken on and what it says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lex7.base.civil import Day
from lex7.base.money import Money
from lex7.correct.certificate import Certificate
from lex7.correct.levers import LeverChange
from lex7.correct.price import Price
from lex7.correct.proposal import Movable, Proposal
from lex7.directive.document import Directive, Lever
from lex7.directive.quantity import Forecast


class VerdictKind(StrEnum):
    """The four answers."""

    ACCEPT = "ACCEPT"
    CORRECT = "CORRECT"
    REJECT = "REJECT"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a verdict is taken on.

    Attributes:
        directives: the rules in force.
        levers: what the owner can move.
        forecast: what all nodes say together.
        currency: of all amounts.
        last: the last day that levers are moved; None for the last that one of these rules looks
            at. Who judges a part of the rules says it, so that all move the same levers.
    """

    directives: tuple[Directive, ...]
    levers: tuple[Lever, ...]
    forecast: Forecast
    currency: str
    last: Day | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to make a proposal acceptable.

    Attributes:
        way: what moves.
        amount: the amount then.
        day: the day then.
        changes: the levers that move; empty unless levers do.
        sentence: the same in words.
        gives_up: what of the proposal or of the owner's habits it costs, in words.
    """

    way: Movable
    amount: Money
    day: Day
    changes: tuple[LeverChange, ...]
    sentence: str
    gives_up: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a proposal does to one rule.

    Attributes:
        directive: its id.
        say: the owner's sentence.
        before: p_low with nothing moved, or None without a comparison.
        after: p_low with the proposal.
        needed: the confidence asked for.
        is_hard: whether it may never give way.
        is_uncertainty: whether its bounds leave open if it holds.
    """

    directive: str
    say: str
    before: float | None
    after: float | None
    needed: float
    is_hard: bool
    is_uncertainty: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a proposal.

    Attributes:
        kind: the answer.
        reason: one sentence built from named numbers.
        proposal: what was asked.
        alternatives: the most welcome first, which is the order in which the owner listed what may
            move.
        broken: rules that the proposal would break or worsen.
        soft: soft rules that it would break; they do not block.
        standing: rules that fail already and that it does not worsen.
        prices: of the rules that bind the amount.
        certificate: the proof.
    """

    kind: VerdictKind
    reason: str
    proposal: Proposal
    alternatives: tuple[Alternative, ...]
    broken: tuple[RuleChange, ...]
    soft: tuple[RuleChange, ...]
    standing: tuple[RuleChange, ...]
    prices: tuple[Price, ...]
    certificate: Certificate
