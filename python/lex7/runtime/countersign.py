"""What a node checks before it signs a verdict: every number and every way out, on its own state.

    rules          before and after of each own rule are what the node finds, and none that blocks
                   is left out
    amount, date   the node's own rules accept them; whose rules see every purchase also finds that
                   one cent more and one month earlier are refused
    levers         likewise; the steps stand beside the words, which say the same
    wishes         the whole plan is accepted
    certificate    every part of it is proven
    transcript     of rules over several nodes: every answer given in the node's name is its own

A rule over several nodes is put together by each of them from its own state and the others' answers
in the transcript. Nothing is signed where anything differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from lex7.bark.canon import Value
from lex7.base.civil import Day, day_from_date, iso
from lex7.base.errors import TransportError
from lex7.base.ids import QuantityName
from lex7.base.money import Money, minor_digits
from lex7.correct.amount import fits
from lex7.correct.answer import RuleChange, Situation
from lex7.correct.case import along, is_blocking, is_touched
from lex7.correct.check_certificate import canonical, check
from lex7.correct.desk import lay_out
from lex7.correct.levers import changes_of, column_of
from lex7.correct.plan import changes_of_all
from lex7.correct.proposal import Movable, Proposal, parse_proposal
from lex7.correct.question import Question, ask, last_day
from lex7.correct.verdict import change_of
from lex7.correct.wish import Wish, parse_wishes, split_wishes
from lex7.directive.catalogue import node_of
from lex7.directive.heard import Tells
from lex7.directive.plan import leaves
from lex7.runtime.enforced import Enforced
from lex7.runtime.hearing import Heard, Reader, TranscriptError
from lex7.runtime.verdict import spell_levers

Json = dict[str, Any]


class DisagreementError(TransportError):
    """A verdict says something that a node does not find."""

    code = "transport.disagreement"

    def __init__(self, node: str, what: str) -> None:
        self.node = node
        self.what = what
        super().__init__(
            f"{node} does not countersign: the verdict says of {what} what the node does not find"
        )


def most_of(text: str, currency: str, as_of: Day) -> Fraction:
    """Return the most that a proposal spends, in major units.

    Raises:
        ProposalError: it cannot be read.
    """
    wishes = split_wishes(text)
    if wishes is None:
        amounts = [parse_proposal(text, currency=currency, as_of=as_of).amount]
    else:
        amounts = [w.amount for w in parse_wishes(wishes, currency=currency, as_of=as_of)]
    total = Fraction(0)
    for amount in amounts:
        total += Fraction(amount.minor, 10 ** minor_digits(amount.currency))
    return total


def check_answer(
    node: str,
    tests: Tells,
    current: Enforced,
    answer: Json,
    told: Mapping[str, Mapping[bytes, Value]],
) -> None:
    """Check everything that a verdict says of one node's rules.

    Args:
        node: the kind of the node.
        tests: its own tests.
        current: the directives in force.
        answer: the verdict as it stands in the log.
        told: the transcript, by kind of node.

    Raises:
        DisagreementError: the first thing that the node does not find.
        TranscriptError: an answer of another node is missing.
    """
    if answer.get("missing"):
        if answer["verdict"] != "UNDECIDED" or answer["rules"] or answer["alternatives"]:
            raise DisagreementError(node, "a node that did not answer")
        return
    if check(canonical(answer["certificate"])):
        raise DisagreementError(node, "its proof")
    assert current.file is not None, "a verdict speaks of rules in force"
    currency, as_of = current.file.currency, _day(answer)
    text = str(answer["proposal"])
    heard = Heard(
        {kind: Reader(kind, told.get(kind, {})) for kind in told}, as_of, here={node: tests}
    )
    whole = heard.situation(current, currency, most_of(text, currency, as_of))
    own = tuple(
        one
        for one in current.directives
        if any(leaf.node == node for leaf in leaves(one.rule.plan))
    )
    taken = replace(whole, directives=own, last=last_day(current.directives, as_of))
    wishes = split_wishes(text)
    if wishes is None:
        proposal = parse_proposal(text, currency=currency, as_of=as_of, levers=current.levers)
        _check_single(node, taken, proposal, answer)
    else:
        _check_plan(node, taken, parse_wishes(wishes, currency=currency, as_of=as_of), answer)


def _day(answer: Json) -> Day:
    return day_from_date(date.fromisoformat(answer["as_of"]))


def _check_single(node: str, taken: Situation, proposal: Proposal, answer: Json) -> None:
    question = ask(taken, proposal)
    unit = question.direction(0)
    changes = []
    for case in question.cases:
        if case.before is None:
            continue
        blocks = case.is_hard and is_touched(case, unit)
        blocks = blocks and is_blocking(along(case, unit), question.units)
        changes.append((change_of(case, unit, question.units), blocks))
    _check_rules(node, changes, answer)
    if answer["verdict"] == "ACCEPT" and not fits(question.touched(0), proposal.amount):
        raise DisagreementError(node, "the purchase as asked")
    checks: dict[str, Callable[[Question, Json], bool]] = {
        Movable.AMOUNT.value: _is_amount_right,
        Movable.DATE.value: _is_date_right,
        Movable.LEVERS.value: _are_levers_right,
    }
    # A purchase touches rules of one node only: there nothing else can refuse what it accepts.
    tight = {Movable.AMOUNT.value: _is_amount_tight, Movable.DATE.value: _is_date_tight}
    is_whole = node == node_of(QuantityName("spend"))
    for one in answer["alternatives"]:
        kind = one["kind"]
        if not checks[kind](question, one):
            raise DisagreementError(node, f"the {kind} it offers")
        # Of a point that nobody asked the other node about, a rule over both can say nothing.
        with suppress(TranscriptError):
            if is_whole and kind in tight and not tight[kind](question, one):
                raise DisagreementError(node, f"the {kind} it offers")


def _check_rules(node: str, changes: list[tuple[RuleChange, bool]], answer: Json) -> None:
    stated = {row["directive"]: row for row in answer["rules"]}
    for change, blocks in changes:
        row = stated.get(change.directive)
        if row is None:
            if blocks and answer["verdict"] != "UNDECIDED":
                raise DisagreementError(node, change.directive)
        elif (row["before"], row["after"]) != (change.before, change.after):
            raise DisagreementError(node, change.directive)


def _is_amount_right(question: Question, stated: Json) -> bool:
    proposal = question.proposal
    own = _money(stated["amount"], proposal.amount.currency)
    if stated["date"] != iso(proposal.day) or own.minor > proposal.amount.minor:
        return False
    return fits(question.touched(0), own)


def _is_amount_tight(question: Question, stated: Json) -> bool:
    """Answer whether one cent more is refused."""
    own = _money(stated["amount"], question.proposal.amount.currency)
    return not fits(question.touched(0), Money(own.minor + 1, own.currency))


def _is_date_tight(question: Question, stated: Json) -> bool:
    """Answer whether one month earlier is refused."""
    at = [iso(day) for day in question.later].index(stated["date"])
    cases = question.touched_later(at, at) if at else question.touched(0)
    return cases is None or not fits(cases, question.proposal.amount)


def _is_date_right(question: Question, stated: Json) -> bool:
    days = {iso(day): at for at, day in enumerate(question.later)}
    at = days.get(stated["date"])
    if at is None or stated["amount"] != str(question.proposal.amount):
        return False
    cases = question.touched_later(1 + at, 1 + at)
    return cases is not None and fits(cases, question.proposal.amount)


def _are_levers_right(question: Question, stated: Json) -> bool:
    moved: dict[str, int] = stated["steps"]
    own = tuple(column_of(part) for part in question.levers)
    if not moved or not set(moved) <= {column.lever for column in own}:
        return False
    steps = tuple(moved.get(column.lever, 0) for column in own)
    if any(not column.lo <= n <= column.hi for column, n in zip(own, steps, strict=True)):
        return False
    if spell_levers(changes_of(question.levers, steps)) != stated["levers"]:
        return False
    shift = question.direction(0) * question.units
    first = len(question.moves) - len(own)
    for at, (column, n) in enumerate(zip(own, steps, strict=True)):
        shift[first + at] = float(n * column.step)
    return not any(
        is_blocking(along(case, shift), 1.0) for case in question.hard if case.evidence is not None
    )


def _check_plan(node: str, taken: Situation, wishes: tuple[Wish, ...], answer: Json) -> None:
    desk = lay_out(taken, wishes)
    as_asked = tuple((index, 0) for index in range(len(wishes)))
    _check_rules(node, list(changes_of_all(desk, as_asked)), answer)
    bought = []
    for index, (wish, one) in enumerate(zip(wishes, answer["alternatives"], strict=True)):
        days = {iso(day): months for months, day in enumerate(wish.days(desk.as_of))}
        if one["date"] is None:
            continue
        if one["date"] not in days or one["amount"] != str(wish.amount):
            raise DisagreementError(node, wish.name)
        bought.append((index, days[one["date"]]))
    if bought and not desk.accepts(tuple(bought)):
        raise DisagreementError(node, "the plan")


def _money(text: str, currency: str) -> Money:
    digits = "".join(one for one in text if one.isdigit())
    return Money(int(digits or "0"), currency)
