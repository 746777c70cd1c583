"""Cutting a failing plan down to the steps that matter (delta debugging, Zeller 2002)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lex7.sim.plan import Plan, Step


def shrink(plan: Plan, is_failing: Callable[[Plan], bool]) -> Plan:
    """Return a failing plan of which no single step can be left out."""
    steps = plan.steps
    width = max(len(steps) // 2, 1)
    while True:
        shorter = _leave_out(plan, steps, width, is_failing)
        if shorter is not None:
            steps = shorter
        elif width == 1:
            return replace(plan, steps=steps)
        else:
            width = max(width // 2, 1)


def _leave_out(
    plan: Plan, steps: tuple[Step, ...], width: int, is_failing: Callable[[Plan], bool]
) -> tuple[Step, ...] | None:
    for start in range(0, len(steps), width):
        rest = (*steps[:start], *steps[start + width :])
        if is_failing(replace(plan, steps=rest)):
            return rest
    return None
