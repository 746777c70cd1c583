"""Schedules found on sums are the cheapest of all schedules, tried one by one."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from lex7.correct.frontier import PathJudge, RowJudge, Windows, cheapest_on_totals
from lex7.correct.schedule import Event, Task

DAYS = (5, 15, 25, 35)
ROWS = (0, 10, 20, 30, 40)
FREE = 10**6


def drawn(seed: int) -> tuple[Task, tuple[RowJudge, PathJudge], np.ndarray, np.ndarray, int]:
    rng = random.Random(seed)
    draw = np.random.default_rng(seed)
    amounts = tuple(rng.randint(1, 9) * 100 for _ in range(3))
    worths = [rng.randint(1, 3) for _ in range(3)]
    events = tuple(
        Event(day, wish, worths[wish] * at, FREE)
        for at, day in enumerate(DAYS)
        for wish in range(3)
    )
    task = Task(events, amounts, tuple(50 * worth for worth in worths), (-1,) * 3)
    room = draw.uniform(300, 2_000, len(ROWS))
    paths = 900 + np.cumsum(draw.normal(60, 300, (64, len(ROWS))), axis=1)
    needed = rng.choice([20, 40, 55])
    # The last day is beyond the window of four rows: for it the rule looks one month further.
    further = tuple(int(event.day == DAYS[-1]) for event in events)
    windows = Windows(ROWS, (4, 5), further)
    days = tuple(event.day for event in events)
    rows = RowJudge(windows, days, room.tolist())
    return task, (rows, PathJudge(windows, days, paths.T, needed)), room, paths, needed


def is_open(choice: tuple[int | None, ...], task: Task, drawn_: tuple) -> bool:
    _, _, room, paths, needed = drawn_
    count = 5 if DAYS.index(35) in choice else 4
    spent = np.array(
        [
            sum(
                amount
                for at, amount in zip(choice, task.amounts, strict=True)
                if at is not None and DAYS[at] <= row
            )
            for row in ROWS[:count]
        ]
    )
    holds = (paths[:, :count] >= spent).all(axis=1).sum()
    is_any = any(at is not None for at in choice)
    return not is_any or bool((spent <= room[:count]).all() and holds >= needed)


@pytest.mark.parametrize("seed", range(60))
def test_the_schedule_is_the_cheapest_there_is(seed: int) -> None:
    case = drawn(seed)
    task, judges = case[0], case[1]
    costs = []
    for choice in itertools.product([None, 0, 1, 2, 3], repeat=3):
        if is_open(choice, task, case):
            worth = [task.dropped[wish] // 50 for wish in range(3)]
            parts = [
                task.dropped[wish] if at is None else worth[wish] * at
                for wish, at in enumerate(choice)
            ]
            costs.append(sum(parts))
    found = cheapest_on_totals(task, judges)
    assert found.is_cheapest
    assert found.cost == min(costs)
    assert found.bound <= found.cost


def test_a_rule_that_fails_without_any_purchase_leaves_the_empty_schedule() -> None:
    task, _, _, _, _ = drawn(1)
    windows = Windows(ROWS, (5,), (0,) * len(task.events))
    none = PathJudge(
        windows, tuple(event.day for event in task.events), np.zeros((len(ROWS), 8)), 8
    )
    found = cheapest_on_totals(task, (none,))
    assert (found.chosen, found.cost) == ((), sum(task.dropped))
