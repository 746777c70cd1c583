"""Several wishes at once: which of them the rules allow, and when, at the least waiting.

Everything is judged by the rules on all purchases together; `schedule` searches. One purchase more
is taken never to help a rule. First as many wishes as possible, by their worth, are bought; then
they wait as few months as possible, each month counted with the worth of the wish.

The certificate holds what proves the plan, what refuses each postponed wish a month earlier, and a
claim `best`: the caps on what may have been spent by each day and the least cost they leave. What
refuses more than a cap is a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from lex7.correct.polish import proof_at
from lex7.correct.polish import refutation_at as refutation_point
from lex7.correct.schedule import (
    ASKED_BESIDE_MAX,
    Accepts,
    Event,
    Schedule,
    Task,
    cheapest,
    cost_of,
    first_whole,
    improved,
    keeps_caps,
    least_ahead,
)
from lex7.correct.search import Found, ladder_of, narrowed
from lex7.correct.totals import Choice, search_of, searched
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
    task, refusals, found = planned_on(desk)
    bought = _bought(desk, task, found.chosen)
    parts = (*_proof(desk, bought), *_earlier(desk, bought), *refusals, _best(desk, task, found))
    return _answer(desk, found, bought, None, parts)


def planned_on(desk: Desk) -> tuple[Task, tuple[Part, ...], Schedule]:
    """Find a schedule; with the task it answers and the parts that prove its caps.

    Searched on sums where every rule allows it; the rules themselves have the last word.
    """
    task, choices = _open_task(desk)
    asked = search_of(desk, task, choices)
    found = None if asked is None else searched(*asked)
    hints = None if found is None else dict(_by_day(task, found.caps))
    caps, refusals = _caps(desk, hints)
    capped = tuple(min(caps[Day(event.day)], event.cap) for event in task.events)
    if asked is not None and found is not None and found.caps != capped:
        again = replace(asked[0], task=narrowed(task, capped, (True,) * len(capped)))
        found = searched(again, asked[1])
    if found is not None:
        task = narrowed(task, capped, found.fits)
        schedule = _settled(desk, task, found)
        if schedule is not None:
            return task, refusals, schedule
        task, _ = _open_task(desk)
    fits = tuple(
        _fits_alone(desk, event, cap) for event, cap in zip(task.events, capped, strict=True)
    )
    task = narrowed(task, capped, fits)
    return task, refusals, cheapest(task, lambda chosen: desk.accepts(_bought(desk, task, chosen)))


def _by_day(task: Task, caps: tuple[int, ...]) -> Iterator[tuple[Day, int]]:
    return ((Day(event.day), cap) for event, cap in zip(task.events, caps, strict=True))


def _settled(desk: Desk, task: Task, found: Found) -> Schedule | None:
    """Return what a search found, as the rules and the proven caps have it; None if refused."""
    accepts: Accepts = lambda chosen: desk.accepts(_bought(desk, task, chosen))  # noqa: E731
    chosen = found.schedule.chosen
    if not keeps_caps(task, chosen) or not accepts(chosen):
        return None
    ahead = least_ahead(task)
    bound, cost = int(ahead[0][0]), cost_of(task, chosen)
    is_cheapest = cost == bound or (found.is_exact and found.schedule.is_cheapest)
    if found.is_exact or is_cheapest:
        return Schedule(chosen, cost, bound, is_cheapest=is_cheapest)
    first = first_whole(task, accepts, ahead, ASKED_BESIDE_MAX)
    if first is not None:
        return first
    chosen = improved(task, chosen, accepts)
    return Schedule(chosen, cost_of(task, chosen), bound, is_cheapest=False)


def _is_lacking(case: Case) -> bool:
    plan = case.directive.rule.plan
    return case.short is not None and any(
        leaf.node == node_of(QuantityName("spend")) for leaf in leaves(plan)
    )


def _open_task(desk: Desk) -> tuple[Task, tuple[Choice, ...]]:
    """Turn wishes into events without caps; and which wish, how much later, each of them is."""
    wishes = desk.wishes
    waiting = sum(wish.worth for wish in wishes) * MONTHS_MAX + 1
    everything = sum(wish.amount.minor for wish in wishes)
    choices = sorted(
        (day, index, months)
        for index, wish in enumerate(wishes)
        for months, day in enumerate(wish.days(desk.as_of))
    )
    events = tuple(
        Event(int(day), index, wishes[index].worth * months, everything)
        for day, index, months in choices
    )
    keys = [(w.amount.minor, w.category, w.day, w.latest, w.worth) for w in wishes]
    after = tuple(
        max((other for other in range(index) if keys[other] == key), default=-1)
        for index, key in enumerate(keys)
    )
    amounts = tuple(wish.amount.minor for wish in wishes)
    dropped = tuple(wish.worth * waiting for wish in wishes)
    named = tuple((index, months) for _, index, months in choices)
    return Task(events, amounts, dropped, after), named


def _fits_alone(desk: Desk, event: Event, cap: int) -> bool:
    """Answer whether one purchase by itself is accepted."""
    wish = desk.wishes[event.wish]
    is_small = wish.amount.minor <= cap
    return is_small and desk.accepts(((event.wish, event.cost // wish.worth),))


def _caps(desk: Desk, hints: dict[Day, int] | None) -> tuple[dict[Day, int], tuple[Part, ...]]:
    """Return for each day the largest sum of wishes that may have been spent by then.

    A hint only says where to look first.
    """
    ladder = ladder_of(tuple(wish.amount.minor for wish in desk.wishes))
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
        near = low if hints is None else ladder.index(hints[day])
        low, high = _edge(desk, cases, ladder, near, is_known=hints is not None)
        caps[day] = ladder[low]
        if high < len(ladder) and low not in refusals:
            title = f"more than {Money(ladder[low], currency)} by {iso(day)}"
            refusals[low] = refutation_at(cases, Money(ladder[high], currency), title)
    return caps, tuple(part for parts in refusals.values() for part in parts)


def _edge(
    desk: Desk, cases: tuple[Case, ...], ladder: list[int], near: int, *, is_known: bool
) -> tuple[int, int]:
    """Return the last sum that rules accept and the next one, from a place near it outward.

    Where a place is known to be accepted only the next one is asked about; if that is wrong, the
    cap is too large, which makes a bound weaker and never wrong.
    """

    def is_open(index: int) -> bool:
        units = desk.units(ladder[index])
        return index == 0 or not any(is_blocking(case, units) for case in cases)

    low, high, stride = 0, len(ladder), 1
    if is_known or is_open(near):
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
