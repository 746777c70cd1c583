"""Several wishes at once: which of them the rules allow, and when, at the least waiting.

Everything is judged by the rules on all purchases together; `schedule` searches. One purchase more
is taken never to help a rule. First as many wishes as possible, by their worth, are bought; then
they wait as few months as possible, each month counted with the worth of the wish.

The certificate holds what proves the plan, what refuses each postponed wish a month earlier, and a
claim `best`: the caps on what may have been spent by each day and the least cost they leave. What
refuses more than a cap is a part of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lex7.base.civil import Day, iso
from lex7.base.ids import QuantityName
from lex7.base.money import Money
from lex7.correct import certificate as certificates
from lex7.correct import sentences
from lex7.correct.amount import refutation_at
from lex7.correct.answer import RuleChange, Situation, VerdictKind
from lex7.correct.case import Case, after, along, is_blocking, is_touched, reaches
from lex7.correct.certificate import Certificate, Part, StateStamp
from lex7.correct.desk import Bought, Desk, lay_out
from lex7.correct.frontier import Judge, cheapest_on_totals
from lex7.correct.polish import proof_at
from lex7.correct.polish import refutation_at as refutation_point
from lex7.correct.schedule import Event, Schedule, Task, cheapest
from lex7.correct.totals import judges_of
from lex7.correct.wish import MONTHS_MAX, Wish
from lex7.directive.catalogue import node_of
from lex7.directive.plan import leaves


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one wish: its day and how many months it waits; None where it is left out."""

    wish: Wish
    day: Day | None
    months: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to several wishes.

    Attributes:
        kind: ACCEPT where all fit as asked, CORRECT where some wait or are left out, REJECT where
            none fits, UNDECIDED where data are lacking or the search gave up without a plan.
        reason: one sentence.
        planned: every wish, in the order of asking.
        rules: what all wishes as asked would do to each rule.
        standing: rules that fail already and that the wishes do not worsen.
        is_cheapest: whether no other plan buys more or waits less.
        certificate: the proof.
    """

    kind: VerdictKind
    reason: str
    planned: tuple[Planned, ...]
    rules: tuple[RuleChange, ...]
    standing: tuple[str, ...]
    is_cheapest: bool
    certificate: Certificate


def plan_wishes(situation: Situation, wishes: tuple[Wish, ...]) -> Plan:
    """Plan several wishes.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
    """
    desk = lay_out(situation, wishes)
    lacking = tuple(case for case in desk.hard if _is_lacking(case))
    if lacking:
        return _answer(desk, Schedule((), 0, 0, is_cheapest=False), (), sentences.lacking(lacking))
    task, refusals, judges = _task(desk)
    found = _schedule(desk, task, judges)
    bought = _bought(desk, task, found.chosen)
    parts = (*_proof(desk, bought), *_earlier(desk, bought), *refusals, _best(desk, task, found))
    return _answer(desk, found, bought, None, parts)


def _schedule(desk: Desk, task: Task, judges: tuple[Judge, ...] | None) -> Schedule:
    """Search on sums where every rule allows it; the rules themselves have the last word."""
    if judges is not None:
        found = cheapest_on_totals(task, judges)
        if desk.accepts(_bought(desk, task, found.chosen)):
            return found
    return cheapest(task, lambda chosen: desk.accepts(_bought(desk, task, chosen)))


def _is_lacking(case: Case) -> bool:
    plan = case.directive.rule.plan
    return case.short is not None and any(
        leaf.node == node_of(QuantityName("spend")) for leaf in leaves(plan)
    )


def _task(desk: Desk) -> tuple[Task, tuple[Part, ...], tuple[Judge, ...] | None]:
    """Turn wishes into events with caps; and the parts that prove the caps, and the judges."""
    wishes = desk.wishes
    waiting = sum(wish.worth for wish in wishes) * MONTHS_MAX + 1
    caps, refusals = _caps(desk)
    choices = sorted(
        (day, index, months)
        for index, wish in enumerate(wishes)
        for months, day in enumerate(wish.days(desk.as_of))
    )
    open_events = tuple(
        Event(int(day), index, wishes[index].worth * months, caps[day])
        for day, index, months in choices
    )
    named = tuple((index, months) for _, index, months in choices)
    judges = judges_of(desk, open_events, named)
    events = tuple(
        event if _fits_alone(desk, judges, at, event) else replace(event, cap=0)
        for at, event in enumerate(open_events)
    )
    keys = [(w.amount.minor, w.category, w.day, w.latest, w.worth) for w in wishes]
    after = tuple(
        max((other for other in range(index) if keys[other] == key), default=-1)
        for index, key in enumerate(keys)
    )
    amounts = tuple(wish.amount.minor for wish in wishes)
    dropped = tuple(wish.worth * waiting for wish in wishes)
    return Task(events, amounts, dropped, after), refusals, judges


def _fits_alone(desk: Desk, judges: tuple[Judge, ...] | None, at: int, event: Event) -> bool:
    """Answer whether one purchase by itself is accepted."""
    wish = desk.wishes[event.wish]
    if wish.amount.minor > event.cap:
        return False
    if judges is None:
        return desk.accepts(((event.wish, event.cost // wish.worth),))
    known = (judge.settle(judge.start(), event.day, 0) for judge in judges)
    return all(
        own is not None and judge.buy(own, at, wish.amount.minor) is not None
        for judge, own in zip(judges, known, strict=True)
    )


def _caps(desk: Desk) -> tuple[dict[Day, int], tuple[Part, ...]]:
    """Return for each day the largest sum of wishes that may have been spent by then."""
    sums = {0}
    for wish in desk.wishes:
        sums |= {total + wish.amount.minor for total in sums}
    ladder = sorted(sums)
    currency = desk.wishes[0].amount.currency
    orderly = desk.orderly()
    caps: dict[Day, int] = {}
    refusals: dict[int, tuple[Part, ...]] = {}
    low = 0
    for day in sorted({day for _, day in desk.columns}):
        cases = desk.watching(orderly, day)
        if cases is None:
            caps[day] = 0
            continue
        low, high = _edge(desk, cases, ladder, low)
        caps[day] = ladder[low]
        if high < len(ladder) and low not in refusals:
            title = f"more than {Money(ladder[low], currency)} by {iso(day)}"
            refusals[low] = refutation_at(cases, Money(ladder[high], currency), title)
    return caps, tuple(part for parts in refusals.values() for part in parts)


def _edge(desk: Desk, cases: tuple[Case, ...], ladder: list[int], near: int) -> tuple[int, int]:
    """Return the last sum that rules accept and the next one, from a place near it outward."""

    def is_open(index: int) -> bool:
        units = desk.units(ladder[index])
        return index == 0 or not any(is_blocking(case, units) for case in cases)

    low, high, stride = 0, len(ladder), 1
    if is_open(near):
        low = near
        while low + stride < high and is_open(low + stride):
            low, stride = low + stride, 2 * stride
        high = min(high, low + stride)
    else:
        high = near
        while not is_open(max(0, high - stride)):
            high, stride = max(0, high - stride), 2 * stride
        low = max(0, high - stride)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_open(middle) else (low, middle)
    return low, high


def _bought(desk: Desk, task: Task, chosen: tuple[int, ...]) -> Bought:
    found = []
    for index in chosen:
        event = task.events[index]
        found.append((event.wish, event.cost // desk.wishes[event.wish].worth))
    return tuple(sorted(found))


def _proof(desk: Desk, bought: Bought) -> tuple[Part, ...]:
    """Prove that the rules accept a plan: rows where they are rows, else probabilities."""
    cases = desk.narrowed(bought) if bought else ()
    assert cases is not None, "an accepted plan was judged"
    return proof_at(cases, "the plan")


def _earlier(desk: Desk, bought: Bought) -> tuple[Part, ...]:
    """Prove for every wish that waits that one month less is refused, the others as planned."""
    parts: list[Part] = []
    for wish, months in bought:
        if not months:
            continue
        sooner = tuple((w, m - 1 if w == wish else m) for w, m in bought)
        cases = desk.narrowed(sooner)
        if cases is None:
            continue
        title = f"{desk.wishes[wish].name}, one month earlier"
        parts += refutation_point(cases, title)
    return tuple(parts)


def _best(desk: Desk, task: Task, found: Schedule) -> Part:
    wishes = tuple(wish.name for wish in desk.wishes)
    return certificates.best("no plan waits less", wishes, task, found)


def _answer(
    desk: Desk,
    found: Schedule,
    bought: Bought,
    reason: str | None,
    parts: tuple[Part, ...] = (),
) -> Plan:
    months = dict(bought)
    planned = tuple(
        Planned(
            wish, desk.day(index, months[index]) if index in months else None, months.get(index, 0)
        )
        for index, wish in enumerate(desk.wishes)
    )
    as_asked = tuple((index, 0) for index in range(len(desk.wishes)))
    changes = changes_of_all(desk, as_asked)
    kind = VerdictKind.CORRECT
    if reason is not None or (not bought and not found.is_cheapest):
        kind = VerdictKind.UNDECIDED
    elif not bought:
        kind = VerdictKind.REJECT
    elif bought == as_asked:
        kind = VerdictKind.ACCEPT
    if reason is None:
        failing = tuple(one.directive for one, is_bad in changes if is_bad)
        reason = sentences.plan_reason(planned, failing, is_cheapest=found.is_cheapest)
    return Plan(
        kind,
        reason,
        planned,
        tuple(change for change, _ in changes),
        tuple(
            case.directive.id
            for case, (_, is_bad) in zip(_compared(desk), changes, strict=True)
            if case.is_standing and not is_bad
        ),
        found.is_cheapest,
        Certificate(kind, parts, StateStamp(desk.as_of)),
    )


def _compared(desk: Desk) -> tuple[Case, ...]:
    return tuple(case for case in desk.cases if case.before is not None)


def changes_of_all(desk: Desk, bought: Bought) -> tuple[tuple[RuleChange, bool], ...]:
    """Say what purchases do to every rule, and whether it forbids them."""
    shift = desk.shift(bought)
    found = []
    for case in _compared(desk):
        assert case.before is not None, "only compared rules change"
        later, is_bad = case.before, False
        if is_touched(case, shift):
            narrow = along(case, shift)
            later, is_bad = after(narrow, 1.0), is_blocking(narrow, 1.0)
        open_ = not reaches(case, later) and later.high >= case.needed
        directive = case.directive
        change = RuleChange(
            directive.id,
            directive.say,
            case.before.low,
            later.low,
            case.needed,
            case.is_hard,
            is_uncertainty=open_,
        )
        found.append((change, is_bad and case.is_hard))
    return tuple(found)
