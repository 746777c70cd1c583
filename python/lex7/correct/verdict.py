"""The verdict on a proposal: ACCEPT, CORRECT, REJECT or UNDECIDED, with reason and certificate.

    every hard rule that the purchase touches still holds                        -> ACCEPT
    one of them would fail, and what may move can be moved so that all hold      -> CORRECT
    one of them would fail, and nothing that may move helps                      -> REJECT
    a rule about the same node has too few or stale data, chance itself is not
    known well enough, or the search for levers gave up                          -> UNDECIDED

Rules that fail already are standing: they are reported, and block only what worsens them. Soft
rules never block; those that the purchase breaks are named. Nothing here recommends anything; it
speaks of the owner's own rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lex7.base.ids import QuantityName
from lex7.correct import sentences
from lex7.correct.amount import blocking, fits, largest_amount, proof_at, refutation_at
from lex7.correct.answer import Alternative, RuleChange, Situation, Verdict, VerdictKind
from lex7.correct.case import Case, Shift, after, along, fails, is_touched, reaches
from lex7.correct.certificate import Certificate, Part, StateStamp
from lex7.correct.lever_change import LeverAnswer, LeverTask, find_lever_change
from lex7.correct.price import Price, price_of
from lex7.correct.proposal import Movable, Proposal
from lex7.correct.question import Question, ask
from lex7.directive.catalogue import node_of
from lex7.directive.plan import leaves


def decide(situation: Situation, proposal: Proposal) -> Verdict:
    """Judge a proposal.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
        ProblemError: the numbers are outside what can be solved exactly.
    """
    question = ask(situation, proposal)
    lacking = tuple(case for case in question.hard if _is_lacking(case, proposal))
    if lacking:
        return _verdict(question, _Found(VerdictKind.UNDECIDED), sentences.lacking(lacking))
    touched = question.touched(0)
    if fits(touched, proposal.amount):
        parts = proof_at(touched, proposal.amount, "as asked")
        found = _Found(VerdictKind.ACCEPT, list(parts))
    else:
        found = _correct(question)
    return _verdict(question, found, None)


@dataclass(slots=True)
class _Found:
    """What has been found so far."""

    kind: VerdictKind
    parts: list[Part] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    is_open: bool = False


def _correct(question: Question) -> _Found:
    proposal = question.proposal
    touched = question.touched(0)
    found = _Found(VerdictKind.CORRECT)
    found.parts += refutation_at(touched, proposal.amount, "as asked")
    found.is_open = _is_sampling(touched, question)
    ways = {Movable.AMOUNT: _amount, Movable.DATE: _date, Movable.LEVERS: _levers}
    for way in proposal.move:
        ways[way](question, found)
    if not found.alternatives:
        found.kind = VerdictKind.UNDECIDED if found.is_open else VerdictKind.REJECT
    return found


def _amount(question: Question, found: _Found) -> None:
    proposal = question.proposal
    answer = largest_amount(question.touched(0), proposal.amount, "amount")
    found.parts += answer.parts
    if answer.amount.minor <= 0:
        return
    sentence = sentences.amount_way(answer.amount, proposal.day, answer.binding)
    gives_up = sentences.less(proposal.amount, answer.amount)
    found.alternatives.append(
        Alternative(Movable.AMOUNT, answer.amount, proposal.day, (), sentence, gives_up)
    )
    named = {directive.id: directive for directive in question.situation.directives}
    for name in answer.binding:
        price = price_of(named[name], question.situation.forecast, question.moves[0], answer.amount)
        found.prices += [price] if price is not None else []


def _date(question: Question, found: _Found) -> None:
    """Find the first later month that takes the full amount while every rule sees it."""
    amount = question.proposal.amount
    earlier, earlier_day = question.touched(0), question.proposal.day
    for index, day in enumerate(question.later):
        cases = question.touched_later(1 + index, 1 + index)
        if cases is None:
            return
        if fits(cases, amount):
            found.parts += proof_at(cases, amount, "date")
            found.parts += refutation_at(earlier, amount, "date, one month earlier")
            looking = sentences.further(cases, question.cases)
            sentence = sentences.date_way(amount, day, earlier_day) + looking
            gives_up = sentences.delay(index + 1)
            found.alternatives.append(
                Alternative(Movable.DATE, amount, day, (), sentence, gives_up)
            )
            return
        earlier, earlier_day = cases, day


def _levers(question: Question, found: _Found) -> None:
    if not question.levers:
        return
    proposal = question.proposal
    base = question.direction(0) * question.units
    first = len(question.moves) - len(question.levers)
    soft = tuple(case for case in question.cases if not case.is_hard)
    task = LeverTask(question.hard, soft, question.levers, first, base, frozenset())
    answer = find_lever_change(task, "levers")
    if not isinstance(answer, LeverAnswer):
        found.is_open = found.is_open or not answer.is_proven
        found.parts += [answer.part] if answer.part is not None else []
        return
    found.parts += answer.parts
    sentence = sentences.lever_way(proposal.amount, proposal.day, answer)
    gives_up = sentences.moved(answer.changes)
    found.alternatives.append(
        Alternative(
            Movable.LEVERS, proposal.amount, proposal.day, answer.changes, sentence, gives_up
        )
    )


def _is_lacking(case: Case, proposal: Proposal) -> bool:
    """Answer whether a rule without data speaks of the node whose quantity the purchase moves."""
    node = node_of(QuantityName(f"spend.{proposal.category}"))
    return case.short is not None and any(
        leaf.node == node for leaf in leaves(case.directive.rule.plan)
    )


def _is_sampling(touched: tuple[Case, ...], question: Question) -> bool:
    """Answer whether only the error of scenarios stands between the proposal and its rules."""
    amount = question.proposal.amount
    breaking = blocking(touched, amount.minor, amount.currency)
    return bool(breaking) and all(
        case.evidence is not None
        and any(leaf.is_sampled for leaf in case.evidence.leaves)
        and after(case, question.units).high >= case.needed
        for case in breaking
    )


def _verdict(question: Question, found: _Found, reason: str | None) -> Verdict:
    proposal = question.proposal
    touched = question.touched(0)
    breaking = {
        case.directive.id
        for case in blocking(touched, proposal.amount.minor, proposal.amount.currency)
    }
    unit = question.direction(0)
    changes = [
        (case, change_of(case, unit, question.units)) for case in question.cases if case.before
    ]
    broken = tuple(change for _, change in changes if change.directive in breaking)
    standing = tuple(
        change for case, change in changes if case.is_standing and change.directive not in breaking
    )
    soft = tuple(
        change
        for case, change in changes
        if not case.is_hard and not case.is_standing and _breaks(question, case, unit)
    )
    if reason is None:
        reason = sentences.reason(found.kind, proposal, broken, tuple(found.alternatives))
    stamp = StateStamp(question.situation.forecast.as_of)
    return Verdict(
        found.kind,
        reason,
        proposal,
        tuple(found.alternatives),
        broken,
        soft,
        standing,
        tuple(found.prices),
        Certificate(found.kind, tuple(found.parts), stamp),
    )


def change_of(case: Case, unit: Shift, amount: float) -> RuleChange:
    """Say what a purchase along a direction does to one rule."""
    assert case.before is not None, "only compared rules change"
    is_moved = is_touched(case, unit)
    later = after(along(case, unit), amount) if is_moved else case.before
    return RuleChange(
        case.directive.id,
        case.directive.say,
        case.before.low,
        later.low,
        case.needed,
        case.is_hard,
        is_uncertainty=not reaches(case, later) and later.high >= case.needed,
    )


def _breaks(question: Question, case: Case, unit: Shift) -> bool:
    moved = is_touched(case, unit)
    return moved and fails(case, after(along(case, unit), question.units))
