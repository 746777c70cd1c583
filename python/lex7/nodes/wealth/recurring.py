"""Recurring payments: bills and salaries found in the ledger, with their next dates and amounts.

A schedule is a run of at least three movements of one payee on one account in one cadence, with
amounts within 5 %, one lasting price step allowed. Metered bills may vary more, if they are
strictly on time. What is bought often at a regular shop is not a schedule: irregular dates and
amounts do not pass. Several contracts with one payee are told apart by their amounts.

Each schedule names the movements it is made of, so that they are not counted as everyday flow, and
the part of each that is regular: a thirteenth salary is the regular pay and something beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lex7.base.civil import Day
from lex7.nodes.wealth.cadence import Cadence, Step, find_cadence, yearly_from
from lex7.nodes.wealth.ledger import Flow, Ledger, Movement

HITS_MIN = 3
METERED_HITS_MIN = 4
PARTED_HITS_MIN = 4
YEARLY_HITS = 2
YEARLY_REST_MAX = 6
"""A payee with more unscheduled payments than this is a place where one shops."""

ONCE_SHARE = 5
"""What comes beside a regular income counts as an extra if it is at least one part in so many."""

AMOUNT_SHARE = 20
"""Amounts are alike within one part in so many: 5 %."""

METERED_SHARE_PERCENT = 35
"""A metered bill's largest distance from its mean, in per cent of the mean."""

ODD_HITS = 6
"""One hit in so many may have another amount (a thirteenth salary, a correction)."""

RECENT_HITS = 6
"""The amount to come is told from so many last hits of the price in force."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One bill, salary or standing transfer.

    Attributes:
        flow: what it changes.
        category: the spending category; empty for other flows.
        payee: one spelling of the payee.
        account: where it is booked.
        cadence: its calendar.
        last_index: index in the calendar of the last hit.
        amount_minor: the amount to come, signed like its movements.
        sd_minor: standard deviation of one amount.
        hits: how many movements it is made of.
        is_ended: whether a payment is overdue by more than the cadence allows.
        is_inside: whether both ends are accounts of the ledger.
        regular: (index into the ledger's movements, regular part in minor units) of each hit.
    """

    flow: Flow
    category: str
    payee: str
    account: str
    cadence: Cadence
    last_index: int
    amount_minor: int
    sd_minor: int
    hits: int
    is_ended: bool
    is_inside: bool
    regular: tuple[tuple[int, int], ...]

    def due_days(self, after: Day, until: Day) -> Iterator[Day]:
        """Yield the days later than `after` and not later than `until` on which it is due."""
        if self.is_ended:
            return
        index = self.last_index + 1
        while (day := self.cadence.due(index)) <= until:
            if day > after:
                yield day
            index += 1


Hit = tuple[int, Movement]


def find_schedules(ledger: Ledger) -> tuple[Schedule, ...]:
    """Find the schedules of a ledger, in order of (flow, category, payee, account, amount)."""
    groups: dict[tuple[Flow, str, str, str, bool], list[Hit]] = {}
    for index, movement in enumerate(ledger.movements):
        if movement.minor and not movement.is_refund and movement.payee:
            is_in = movement.minor > 0
            key = (movement.flow, movement.category, movement.payee, movement.account, is_in)
            groups.setdefault(key, []).append((index, movement))
    return tuple(
        schedule for key in sorted(groups) for schedule in _of_group(groups[key], ledger.last)
    )


def regular_parts(schedules: Sequence[Schedule]) -> dict[int, int]:
    """Return the scheduled part of each movement, by its index in the ledger."""
    parts: dict[int, int] = {}
    for schedule in schedules:
        for index, part in schedule.regular:
            parts[index] = parts.get(index, 0) + part
    return parts


def _of_group(hits: Sequence[Hit], last: Day) -> Iterator[Schedule]:
    known = list(_of_payee(hits, last))
    yield from known
    taken = regular_parts(known)
    rest = [
        (index, replace(movement, minor=movement.minor - taken.get(index, 0)))
        for index, movement in hits
        if movement.minor != taken.get(index, 0)
    ]
    if len(rest) <= YEARLY_REST_MAX:
        yearly = list(_yearly(rest, last))
        yield from yearly
        again = regular_parts(yearly)
        for schedule in known:
            yield from _once(schedule, [hit for hit in rest if hit[0] not in again], last)


def _once(schedule: Schedule, rest: Sequence[Hit], last: Day) -> Iterator[Schedule]:
    """Yield what came once beside a regular income: a year later it comes with even odds.

    A thirteenth salary that the history holds once is neither sure to come again nor chance. Half
    of it is expected, and half of it is its standard deviation.
    """
    if schedule.flow is not Flow.INCOME or schedule.is_ended or len(rest) != 1:
        return
    for index, movement in rest:
        extra = movement.minor
        if extra * ONCE_SHARE < schedule.amount_minor:
            continue
        calendar = yearly_from(schedule.cadence, movement.day)
        if last <= calendar.due(1) + calendar.grace_days():
            half = extra // 2
            part = ((index, extra),)
            yield replace(
                schedule, cadence=calendar, last_index=0, amount_minor=half, sd_minor=half,
                hits=1, is_ended=False, regular=part,
            )  # fmt: skip


def _yearly(hits: Sequence[Hit], last: Day) -> Iterator[Schedule]:
    """Yield what came twice, a year apart, from a payee that hardly sends anything else.

    Two hits would be chance at a regular shop; an insurer's policy or the thirteenth part of a
    salary is not.
    """
    for run in _by_amount(hits):
        if len(run) == YEARLY_HITS and (cadence := find_cadence([one.day for _, one in run])):
            parts = [abs(movement.minor) for _, movement in run]
            if cadence[0].step is Step.YEARLY and _are_alike(parts):
                yield _schedule(run, cadence, parts, last)


def _of_payee(hits: Sequence[Hit], last: Day) -> Iterator[Schedule]:
    if len(hits) < HITS_MIN:
        return
    whole = _priced(hits, last) or _metered(hits, last)
    if whole is not None:
        yield whole
        return
    runs: list[list[Hit]] = []
    for chain in _chains(hits):
        runs += [chain] if _priced(chain, last) else _by_amount(chain)
    for run in _joined_at_price_steps(runs, last):
        schedule = _priced(run, last) if _is_no_accident(run) else None
        if schedule is not None:
            yield schedule


def _is_no_accident(run: Sequence[Hit]) -> bool:
    """Answer whether a run parted from other payments to one payee is more than chance."""
    return len(run) >= PARTED_HITS_MIN or len({movement.minor for _, movement in run}) == 1


def _chains(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Part the hits of one payee where amounts leave a gap, smallest first.

    Pay that rises by a few per cent every year is one chain though its ends are not alike.
    """
    chains: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda one: (abs(one[1].minor), one[0])):
        if chains and _is_alike(abs(hit[1].minor), abs(chains[-1][-1][1].minor)):
            chains[-1].append(hit)
        else:
            chains.append([hit])
    return [sorted(chain) for chain in chains]


def _by_amount(hits: Sequence[Hit]) -> list[list[Hit]]:
    """Part the hits of one payee into runs of like amounts, smallest first."""
    runs: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda one: (abs(one[1].minor), one[0])):
        if runs and _is_alike(abs(hit[1].minor), abs(runs[-1][0][1].minor)):
            runs[-1].append(hit)
        else:
            runs.append([hit])
    return [sorted(run) for run in runs]


def _joined_at_price_steps(runs: list[list[Hit]], last: Day) -> list[list[Hit]]:
    """Join a run that stops with the one that goes on in its place at another price."""
    joined: list[list[Hit]] = []
    rest = [run for run in runs if len(run) > 1]
    while rest:
        run = rest.pop(0)
        for at, other in enumerate(rest):
            first, second = sorted((run, other), key=lambda one: one[0][0])
            if first[-1][0] < second[0][0] and _priced([*first, *second], last) is not None:
                run = [*first, *second]
                del rest[at]
                break
        joined.append(run)
    return joined


def _priced(hits: Sequence[Hit], last: Day) -> Schedule | None:
    """Return the schedule of hits at one price with at most one lasting step, or None."""
    if len(hits) < HITS_MIN:
        return None
    cadence = find_cadence([movement.day for _, movement in hits])
    if cadence is None:
        return None
    amounts = [abs(movement.minor) for _, movement in hits]
    prices = _prices(amounts)
    return None if prices is None else _schedule(hits, cadence, prices, last)


def _metered(hits: Sequence[Hit], last: Day) -> Schedule | None:
    """Return the schedule of a metered bill: strictly on time, amounts that vary, or None."""
    if len(hits) < METERED_HITS_MIN:
        return None
    cadence = find_cadence([movement.day for _, movement in hits])
    if cadence is None or not cadence[0].day_of_month or cadence[1] != len(hits) - 1:
        return None
    amounts = [abs(movement.minor) for _, movement in hits]
    mean = _mean(amounts)
    if any(abs(amount - mean) * 100 > METERED_SHARE_PERCENT * mean for amount in amounts):
        return None
    return _schedule(hits, cadence, amounts, last)


def _prices(amounts: Sequence[int]) -> list[int] | None:
    """Return the regular part of each amount, or None where there is no regular price."""
    odd_count = len(amounts) // ODD_HITS
    for odd in range(odd_count + 1):
        kept = _without_odd(amounts, odd)
        for step in (len(kept), *range(len(kept) - 1, 0, -1)):
            before, after = kept[:step], kept[step:]
            if _are_alike([amounts[at] for at in before]) and _are_alike(
                [amounts[at] for at in after]
            ):
                return _regular_parts(amounts, before, after)
    return None


def _without_odd(amounts: Sequence[int], odd: int) -> list[int]:
    middle = _median(amounts)
    by_distance = sorted(range(len(amounts)), key=lambda at: (abs(amounts[at] - middle), at))
    return sorted(by_distance[: len(amounts) - odd])


def _regular_parts(
    amounts: Sequence[int], before: Sequence[int], after: Sequence[int]
) -> list[int]:
    """Replace each odd amount by the price in force on its date."""
    parts = list(amounts)
    kept = {*before, *after}
    for at in range(len(amounts)):
        if at not in kept:
            run = after if after and at >= after[0] else before
            parts[at] = _median([amounts[one] for one in run])
    return parts


def _schedule(
    hits: Sequence[Hit], cadence: tuple[Cadence, int], parts: Sequence[int], last: Day
) -> Schedule:
    calendar, last_index = cadence
    amount, spread = _expected(parts)
    movement = hits[-1][1]
    sign = 1 if movement.minor > 0 else -1
    return Schedule(
        movement.flow,
        movement.category,
        movement.payee,
        movement.account,
        calendar,
        last_index,
        sign * amount,
        math.isqrt(spread),
        len(hits),
        last > calendar.due(last_index + 1) + calendar.grace_days(),
        movement.is_inside,
        tuple((index, sign * part) for (index, _), part in zip(hits, parts, strict=True)),
    )


def _expected(parts: Sequence[int]) -> tuple[int, int]:
    """Return the amount to come and its variance.

    A price is the middle of the recent hits. A meter is the mean of the last hits, and as uncertain
    as such means were so far about the hit after them, so that a meter that climbs is known to.
    """
    recent = _price_in_force(parts)
    if _are_alike(recent):
        amount = _median(recent)
        if _is_stepped(recent):
            return recent[-1], 0
        return amount, sum((part - amount) ** 2 for part in recent) // max(len(recent) - 1, 1)
    errors = [
        parts[at] - _mean(parts[max(at - METERED_HITS_MIN, 0) : at]) for at in range(1, len(parts))
    ]
    return _mean(parts[-METERED_HITS_MIN:]), _mean([error * error for error in errors])


def _is_stepped(parts: Sequence[int]) -> bool:
    """Answer whether the parts are one amount to the cent, or one and then another."""
    steps = sum(1 for before, after in pairwise(parts) if before != after)
    return steps <= 1


def _price_in_force(parts: Sequence[int]) -> list[int]:
    """Return the last hits at the price in force; for a metered bill simply the last ones."""
    recent = list(parts[-RECENT_HITS:])
    if _are_alike(recent):
        return recent
    for at in range(1, len(recent)):
        if _are_alike(recent[:at]) and _are_alike(recent[at:]):
            return recent[at:]
    return recent


def _are_alike(amounts: Sequence[int]) -> bool:
    if not amounts:
        return True
    middle = _median(amounts)
    return all(_is_alike(amount, middle) for amount in amounts)


def _is_alike(one: int, other: int) -> bool:
    return abs(one - other) * AMOUNT_SHARE <= max(one, other)


def _mean(values: Sequence[int]) -> int:
    return sum(values) // len(values)


def _median(values: Sequence[int]) -> int:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
