"""Certificates: a claim about an integer problem and its proof, in one canonical spelling.

The format is docs/spec/certificate.md. It may gain claims; a claim or field never changes meaning
under the same format name. `check_certificate.py` beside this file checks them and imports nothing
of ours; what it accepts is the definition of a valid certificate.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from lex7.base.errors import Finding
from lex7.correct import check_certificate
from lex7.correct.exact_native import Conflict, Rounded, check_smallest, spell_rows
from lex7.correct.problem import Problem
from lex7.correct.schedule import Schedule, Task

FORMAT = "lex7-certificate/1"
DIGITS_AT_ONCE = 4_000
PROBABILITY_SCALE = 10**9

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"


class Claim(StrEnum):
    """What a part says about its problem."""

    HOLDS = "holds"
    FAILS = "fails"
    LARGEST = "largest"
    SMALLEST = "smallest"
    CONFLICT = "conflict"
    DECIDED = "decided"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Part:
    """One claim with its problem (None for DECIDED and BEST) and its proof."""

    name: str
    claim: Claim
    problem: Problem | None
    proof: dict[str, Json]


@dataclass(frozen=True, slots=True)
class StateStamp:
    """Which state the numbers came from; filled in by whoever owns the logs.

    Attributes:
        as_of_day: the civil day of the evaluation.
        state_hash: hexadecimal, empty until filled in.
        heads: (log, sequence, hash) of every log that was read.
    """

    as_of_day: int = 0
    state_hash: str = ""
    heads: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A verdict's kind and everything that proves it."""

    kind: str
    parts: tuple[Part, ...]
    state: StateStamp = field(default_factory=StateStamp)


def encode(certificate: Certificate) -> str:
    """Spell a certificate as canonical JSON with its digest."""
    heads: list[Json] = [
        [log, sequence, digest] for log, sequence, digest in certificate.state.heads
    ]
    state: Json = {
        "as_of_day": certificate.state.as_of_day,
        "hash": certificate.state.state_hash,
        "heads": heads,
    }
    parts = ",".join(_spell_part(part) for part in certificate.parts)
    rest = (
        f'"format":{_canonical(FORMAT)},"kind":{_canonical(certificate.kind)},'
        f'"parts":[{parts}],"state":{_canonical(state)}}}'
    )
    # Keys stand in order, so the digest goes in front of what it is taken over.
    digest = hashlib.sha256(("{" + rest).encode()).hexdigest()
    return f'{{"digest":"{digest}",{rest}'


def verify(text: str) -> tuple[Finding, ...]:
    """Return one finding for each part of a certificate that is not proven."""
    return tuple(
        Finding("certificate.unproven", "certificate", sentence)
        for sentence in check_certificate.check(text)
    )


def holds(name: str, problem: Problem, steps: tuple[int, ...]) -> Part:
    """Claim that steps satisfy every row."""
    return Part(name, Claim.HOLDS, problem, {"steps": list(steps)})


def fails(name: str, problem: Problem, steps: tuple[int, ...]) -> Part | None:
    """Claim that steps break a row; None where they break none."""
    row = first_broken_row(problem, steps)
    if row is None:
        return None
    return Part(name, Claim.FAILS, problem, {"row": row, "steps": list(steps)})


def largest(name: str, problem: Problem, steps: tuple[int, ...], column: int) -> Part | None:
    """Claim that steps hold and one step more of a column breaks a row; None where neither."""
    more = tuple(n + (index == column) for index, n in enumerate(steps))
    row = first_broken_row(problem, more)
    if row is None or first_broken_row(problem, steps) is not None:
        return None
    proof: dict[str, Json] = {"column": column, "row": row, "steps": list(steps)}
    return Part(name, Claim.LARGEST, problem, proof)


def smallest(name: str, problem: Problem, found: Rounded) -> Part:
    """Claim that steps satisfy every row at a cost near the least, none of them one too many."""
    checked = check_smallest(problem, found)
    assert checked is not None, "the solver's answer proves itself"
    assert found.steps is not None, "what was checked has steps"
    gap, blocking = checked
    proof: dict[str, Json] = {
        "blocking": [[column, row] for column, row in blocking],
        "denominator": spell(found.denominator),
        "gap_ppm": gap,
        "multipliers": _multipliers_json(found.multipliers),
        "steps": list(found.steps),
    }
    return Part(name, Claim.SMALLEST, problem, proof)


def conflict(name: str, problem: Problem, found: Conflict) -> Part:
    """Claim that some rules cannot hold together, and that any one less can."""
    proof: dict[str, Json] = {
        "multipliers": _multipliers_json(found.multipliers),
        "rules": list(found.rules),
        "witnesses": [_witness_json(point) for point in found.witnesses],
    }
    return Part(name, Claim.CONFLICT, problem, proof)


def decided(name: str, directive: str, probability_e9: int, needed_e9: int) -> Part:
    """Record a probability that decided where no row does."""
    proof: dict[str, Json] = {
        "directive": directive,
        "holds": probability_e9 >= needed_e9,
        "needed_e9": needed_e9,
        "probability_e9": probability_e9,
    }
    return Part(name, Claim.DECIDED, None, proof)


def best(name: str, wishes: tuple[str, ...], task: Task, found: Schedule) -> Part:
    """Claim that no schedule within caps on what may have been spent costs less than a bound."""
    proof: dict[str, Json] = {
        "after": list(task.after),
        "amounts": list(task.amounts),
        "bound": found.bound,
        "chosen": list(found.chosen),
        "cost": found.cost,
        "dropped": list(task.dropped),
        "events": [[one.day, one.wish, one.cost, one.cap] for one in task.events],
        "wishes": list(wishes),
    }
    return Part(name, Claim.BEST, None, proof)


def first_broken_row(problem: Problem, steps: tuple[int, ...]) -> int | None:
    """Return the first row that steps break, by exact integers."""
    shift = max(problem.exponents.tolist(), default=0)
    scaled = [
        n << (shift - exponent)
        for n, exponent in zip(steps, problem.exponents.tolist(), strict=True)
    ]
    moved = [(j, n) for j, n in enumerate(scaled) if n]
    columns = [problem.coefficients[:, j].tolist() for j, _ in moved]
    for row, bound in enumerate(problem.bounds.tolist()):
        activity = 0
        for (_, n), column in zip(moved, columns, strict=True):
            activity += n * column[row]
        if activity > bound << shift:
            return row
    return None


def spell(value: int) -> str:
    """Spell an integer of any size in decimal; Python's own conversion stops at 4,300 digits."""
    chunks = []
    rest = abs(value)
    base = 10**DIGITS_AT_ONCE
    while rest >= base:
        rest, chunk = divmod(rest, base)
        chunks.append(str(chunk).rjust(DIGITS_AT_ONCE, "0"))
    return ("-" if value < 0 else "") + str(rest) + "".join(reversed(chunks))


def _canonical(body: Json) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _spell_part(part: Part) -> str:
    problem = "null" if part.problem is None else _spell_problem(part.problem)
    return (
        f'{{"claim":{_canonical(part.claim)},"name":{_canonical(part.name)},'
        f'"problem":{problem},"proof":{_canonical(part.proof)}}}'
    )


def _spell_problem(problem: Problem) -> str:
    """Spell a problem in canonical JSON; the long lists of integers by compiled code."""
    scales = zip(problem.columns, problem.exponents.tolist(), problem.eases.tolist(), strict=True)
    columns: list[Json] = [
        {
            "ease": ease,
            "exponent": exponent,
            "hi": column.hi,
            "lever": column.lever,
            "lo": column.lo,
            "reluctance": str(column.reluctance),
            "step": str(column.step),
            "unit": column.unit,
        }
        for column, exponent, ease in scales
    ]
    rules: list[Json] = [
        {
            "directive": rule.directive,
            "priority": rule.priority,
            "sentence": rule.sentence,
            "unit": rule.unit,
        }
        for rule in problem.rules
    ]
    lists = {
        "bound": _canonical(problem.bounds.tolist()),
        "coefficients": spell_rows(problem.coefficients),
        "day": _canonical(problem.days.tolist()),
        "exponent": _canonical(problem.row_exponents.tolist()),
        "rule": _canonical(problem.rule_of_row.tolist()),
    }
    rows = ",".join(f'"{name}":{text}' for name, text in lists.items())
    return f'{{"columns":{_canonical(columns)},"rows":{{{rows}}},"rules":{_canonical(rules)}}}'


def _multipliers_json(multipliers: tuple[tuple[int, int], ...]) -> Json:
    return [[row, spell(value)] for row, value in multipliers]


def _witness_json(point: tuple[Fraction, ...]) -> Json:
    shared = lcm(*(x.denominator for x in point))
    return {
        "denominator": spell(shared),
        "numerators": [spell(int(x * shared)) for x in point],
    }
