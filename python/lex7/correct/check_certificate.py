"""Check a LEX-7 certificate with integers only; nothing of LEX-7 is needed or trusted.

    python check_certificate.py FILE        exit code 0: proven, 1: not proven, 2: not readable

A certificate holds parts. Each part has a problem, a claim and a proof. The problem: levers,
counted in whole steps n within lo..hi, and rows

    sum over levers of  coefficient x n / 2^exponent  <=  bound

where each row is one directive on one day ("rules" and "rows" name them). The claims:

holds       the steps satisfy every row
fails       the steps break the named row
largest     the steps satisfy every row, and one step more of the named lever breaks the named row
smallest    the steps satisfy every row, one step less of any moved lever breaks a row, and the cost
            is at most gap_ppm millionths above the least possible one
conflict    no point within lo..hi satisfies the named rules together, and leaving out any one of
            them makes the others satisfiable
best        no choice of wishes and days costs less than the bound, where by each day no more than a
            cap may have been spent; and the chosen events cost what is said
decided     a probability, counted in billionths, reaches the needed one or does not

Two short proofs carry it. Least cost, sum of (n / 2^exponent / ease)^2: with multipliers y >= 0 of
rows, the point x = clip(-ease^2 (A^T y)) is the least-cost point of the whole box if it satisfies
every row and every row with y > 0 exactly (Karush, Kuhn, Tucker). Impossible: with y >= 0, the
smallest value of (y^T A) x over the box exceeds y^T b, so no x has A x <= b (Farkas).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from math import gcd, lcm
from pathlib import Path
from typing import Any

FORMAT = "lex7-certificate/1"
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z", re.ASCII)
EXPONENT_MAX = 50
CHARACTERS_MAX = 256 << 20
DIGITS_AT_ONCE = 4000
WISHES_MAX = 12
EVENTS_MAX = 1000
Json = dict[str, Any]


class RefusedError(Exception):
    """The certificate does not prove what it claims; the text says why."""


def main(arguments: list[str]) -> int:
    """Check one file and say the outcome."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python check_certificate.py FILE\n")
        return 2
    try:
        with Path(arguments[0]).open(encoding="utf-8") as file:
            text = file.read(CHARACTERS_MAX)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot read the file: {error}\n")
        return 2
    faults = check(text)
    sys.stdout.write("".join(f"not proven: {fault}\n" for fault in faults) or "proven\n")
    return 1 if faults else 0


def check(text: str) -> list[str]:
    """Return one sentence for each part that is not proven; an empty list is a proof."""
    try:
        certificate = read(text)
    except RefusedError as error:
        return [str(error)]
    faults = []
    for part in certificate["parts"]:
        try:
            check_part(part)
        except RefusedError as error:
            faults.append(f"part {part.get('name')!r}: {error}")
        except (
            KeyError,
            TypeError,
            IndexError,
            ValueError,
            AttributeError,
            OverflowError,
        ) as error:
            faults.append(f"part {part.get('name')!r} is malformed: {type(error).__name__} {error}")
    return faults


def read(text: str) -> Json:
    """Parse the one spelling a certificate has and compare its digest."""
    try:
        certificate: Json = json.loads(text)
        spelled = canonical(certificate)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"this is not JSON: {error}") from error
    require(isinstance(certificate, dict), "this is not a JSON object")
    require(certificate.get("format") == FORMAT, f"the format is not {FORMAT}")
    require(spelled == text.rstrip("\n"), "this is not the canonical spelling")
    # Keys are sorted, so the digest stands first and the rest is what it was taken over.
    digest = certificate.get("digest")
    head = f'{{"digest":{canonical(digest)},'
    require(spelled.startswith(head), "the digest is missing")
    body = "{" + spelled[len(head) :]
    require(digest == hashlib.sha256(body.encode()).hexdigest(), "the digest does not match")
    parts = certificate.get("parts")
    require(
        isinstance(parts, list) and all(isinstance(part, dict) for part in parts),
        "the parts are not a list of objects",
    )
    return certificate


def canonical(value: object) -> str:
    """Spell JSON in the one way that digests are taken over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def require(condition: bool, otherwise: str) -> None:  # noqa: FBT001
    """Go on only if a condition holds."""
    if not condition:
        raise RefusedError(otherwise)


def check_part(part: Json) -> None:
    """Check one claim against its proof."""
    if part["claim"] == "decided":
        check_decided(part["proof"])
        return
    if part["claim"] == "best":
        check_best(part["proof"])
        return
    checks = {
        "holds": check_holds,
        "fails": check_fails,
        "largest": check_largest,
        "smallest": check_smallest,
        "conflict": check_conflict,
    }
    require(part["claim"] in checks, f"unknown claim {part['claim']!r}")
    checks[part["claim"]](Problem(part["problem"]), part["proof"])


class Problem:
    """The numbers of a problem, all integers."""

    def __init__(self, source: Json) -> None:
        columns, rows = source["columns"], source["rows"]
        self.lo = [whole(column["lo"]) for column in columns]
        self.hi = [whole(column["hi"]) for column in columns]
        self.ease = [whole(column["ease"]) for column in columns]
        exponents = [whole(column["exponent"]) for column in columns]
        self.rule = [whole(index) for index in rows["rule"]]
        self.bound = [whole(value) for value in rows["bound"]]
        self.matrix: list[list[int]] = rows["coefficients"]
        numbers = (value for row in self.matrix for value in row)
        require(all(type(value) is int for value in numbers), "a coefficient is not an integer")
        require(all(0 <= e <= EXPONENT_MAX for e in exponents), "an exponent is out of range")
        require(all(ease > 0 for ease in self.ease), "an ease is not positive")
        require(
            all(lo <= hi for lo, hi in zip(self.lo, self.hi, strict=True)),
            "a column has lo above hi",
        )
        require(all(len(row) == len(columns) for row in self.matrix), "a row has the wrong length")
        require(len(self.bound) == len(self.matrix) == len(self.rule), "rows differ in number")
        require(all(0 <= index < len(source["rules"]) for index in self.rule), "a row has no rule")
        # Everything is compared in units of 2^-shift of a column's unit.
        self.shift = max(exponents, default=0)
        self.step = [1 << (self.shift - exponent) for exponent in exponents]

    def excess(self, row: int, point: list[int], denominator: int) -> int:
        """Return activity - bound of a row; the point is over 2^shift x denominator."""
        own = self.matrix[row]
        activity = sum(own[column] * x for column, x in enumerate(point) if x)
        return activity - self.bound[row] * denominator * (1 << self.shift)

    def at(self, steps: list[int]) -> list[int]:
        """Return whole steps as a point, after checking the bounds."""
        require(len(steps) == len(self.lo), "there is not one step count for each column")
        for n, lo, hi in zip(steps, self.lo, self.hi, strict=True):
            require(lo <= whole(n) <= hi, "a column moves outside its bounds")
        return [n * step for n, step in zip(steps, self.step, strict=True)]

    def require_holds(self, point: list[int], denominator: int = 1) -> None:
        """Require every row."""
        for row in range(len(self.matrix)):
            require(self.excess(row, point, denominator) <= 0, f"row {row} is broken")


def check_holds(problem: Problem, proof: Json) -> None:
    """Check that steps satisfy every row."""
    problem.require_holds(problem.at(proof["steps"]))


def check_fails(problem: Problem, proof: Json) -> None:
    """Check that steps break the named row."""
    point = problem.at(proof["steps"])
    row = index_of(proof["row"], problem.matrix)
    require(problem.excess(row, point, 1) > 0, f"row {row} is not broken")


def check_largest(problem: Problem, proof: Json) -> None:
    """Check that steps hold and that one step more of one column does not."""
    point = problem.at(proof["steps"])
    problem.require_holds(point)
    column = index_of(proof["column"], problem.lo)
    row = index_of(proof["row"], problem.matrix)
    point[column] += problem.step[column]
    require(problem.excess(row, point, 1) > 0, "one step more does not break the row")


def check_smallest(problem: Problem, proof: Json) -> None:
    """Check the least-cost point, the whole steps near it, and the distance in cost."""
    optimum, denominator = least_cost_point(problem, proof)
    point = problem.at(proof["steps"])
    problem.require_holds(point)
    blocked = dict(proof["blocking"])
    require(len(blocked) == len(proof["blocking"]), "a column is named twice")
    for column, n in enumerate(proof["steps"]):
        rest = min(max(0, problem.lo[column]), problem.hi[column])
        if n == rest:
            require(column not in blocked, "a column that did not move is named")
            continue
        row = index_of(blocked.get(column), problem.matrix)
        less = list(point)
        less[column] += problem.step[column] if n < rest else -problem.step[column]
        require(problem.excess(row, less, 1) > 0, f"column {column} can move one step less")
    shared = lcm(*problem.ease)
    weights = [shared // ease for ease in problem.ease]
    least = sum((x * w) ** 2 for x, w in zip(optimum, weights, strict=True))
    found = sum((x * denominator * w) ** 2 for x, w in zip(point, weights, strict=True))
    gap = whole(proof["gap_ppm"])
    require(gap >= 0 and found * 10**6 <= least * (10**6 + gap), "the cost is above the gap")
    require(gap == 0 or found * 10**6 > least * (10**6 + gap - 1), "the gap is not the least one")


def least_cost_point(problem: Problem, proof: Json) -> tuple[list[int], int]:
    """Return the point that the multipliers prove to cost least, over 2^shift x denominator."""
    denominator = big(proof["denominator"])
    multipliers = read_multipliers(problem, proof)
    require(denominator > 0, "the denominator is not positive")
    require(gcd(denominator, *multipliers.values()) == 1, "a fraction is not in lowest terms")
    point = []
    for column, ease in enumerate(problem.ease):
        pull = sum(value * problem.matrix[row][column] for row, value in multipliers.items())
        lowest = problem.lo[column] * problem.step[column] * denominator
        highest = problem.hi[column] * problem.step[column] * denominator
        point.append(min(max(-ease * ease * pull * (1 << problem.shift), lowest), highest))
    for row in range(len(problem.matrix)):
        excess = problem.excess(row, point, denominator)
        require(excess <= 0, f"the least-cost point breaks row {row}")
        require(row not in multipliers or excess == 0, f"row {row} has a multiplier and is loose")
    return point, denominator


def check_conflict(problem: Problem, proof: Json) -> None:
    """Check that the named rules cannot hold together, and that all but any one of them can."""
    rules = [whole(rule) for rule in proof["rules"]]
    require(len(set(rules)) == len(rules), "a rule is named twice")
    require(len(proof["witnesses"]) == len(rules), "there is not one witness for each rule")
    multipliers = read_multipliers(problem, proof)
    require(all(problem.rule[row] in rules for row in multipliers), "a multiplier is off the rules")
    least = 0
    for column, step in enumerate(problem.step):
        pull = sum(value * problem.matrix[row][column] for row, value in multipliers.items())
        least += pull * step * (problem.hi[column] if pull < 0 else problem.lo[column])
    right = sum(value * problem.bound[row] for row, value in multipliers.items())
    require(least > right * (1 << problem.shift), "the multipliers prove nothing")
    for left_out, witness in zip(rules, proof["witnesses"], strict=True):
        denominator = big(witness["denominator"])
        numerators = [big(value) for value in witness["numerators"]]
        require(denominator > 0 and len(numerators) == len(problem.lo), "a witness is malformed")
        point = [value << problem.shift for value in numerators]
        for x, step, lo, hi in zip(point, problem.step, problem.lo, problem.hi, strict=True):
            is_inside = lo * step * denominator <= x <= hi * step * denominator
            require(is_inside, "a witness is outside the bounds")
        for row, rule in enumerate(problem.rule):
            if rule in rules and rule != left_out:
                excess = problem.excess(row, point, denominator)
                require(excess <= 0, f"the witness without rule {left_out} breaks row {row}")


def check_decided(proof: Json) -> None:
    """Check the comparison of a probability with the one that the rule needs."""
    reaches = whole(proof["probability_e9"]) >= whole(proof["needed_e9"])
    require(proof["holds"] is reaches, "the probability says otherwise")


def check_best(proof: Json) -> None:
    """Compute the least cost again, set of bought wishes by set, from the last event backward."""
    amounts = [whole(value) for value in proof["amounts"]]
    dropped = [whole(value) for value in proof["dropped"]]
    first = [whole(value) for value in proof["after"]]
    events = [[whole(value) for value in event] for event in proof["events"]]
    count = len(amounts)
    require(0 < count <= WISHES_MAX and len(events) <= EVENTS_MAX, "there are too many wishes")
    require(len(dropped) == len(first) == count, "there is not one cost for each wish")
    require(all(len(event) == 4 and 0 <= event[1] < count for event in events), "no such wish")
    require(all(a[:2] < b[:2] for a, b in zip(events, events[1:])), "events are not in order")  # noqa: B905, RUF007
    require(all(-1 <= other < wish for wish, other in enumerate(first)), "no such order of wishes")
    equal = all(amounts[other] == amounts[wish] for wish, other in enumerate(first) if other >= 0)
    require(equal, "wishes in order are not equal")

    totals = [sum(a for w, a in enumerate(amounts) if s >> w & 1) for s in range(1 << count)]

    def bought(event: list[int], have: int) -> int | None:
        """Return the set after an event, None where it may not buy its wish."""
        _, wish, _, cap = event
        then = have | 1 << wish
        is_next = first[wish] < 0 or have >> first[wish] & 1
        return then if then != have and is_next and totals[then] <= cap else None

    least = [sum(c for w, c in enumerate(dropped) if not s >> w & 1) for s in range(1 << count)]
    for event in reversed(events):
        after = [bought(event, have) for have in range(1 << count)]
        pairs = enumerate(after)
        least = [least[s] if t is None else min(least[s], event[2] + least[t]) for s, t in pairs]
    require(proof["bound"] == least[0], "the bound is not the least cost")
    have, cost = 0, sum(dropped)
    chosen = [index_of(index, events) for index in proof["chosen"]]
    require(chosen == sorted(set(chosen)), "chosen events are not in order")
    for index in chosen:
        then = bought(events[index], have)
        require(then is not None, "a chosen event may not buy its wish")
        have = then or 0
        cost += events[index][2] - dropped[events[index][1]]
    require(proof["cost"] == cost >= least[0], "the chosen events cost something else")


def read_multipliers(problem: Problem, proof: Json) -> dict[int, int]:
    """Return positive multipliers by row, in ascending order of rows."""
    found = {index_of(row, problem.matrix): big(value) for row, value in proof["multipliers"]}
    require(list(found) == sorted(found), "multipliers are not in order of rows")
    require(len(found) == len(proof["multipliers"]), "a row has two multipliers")
    require(all(value > 0 for value in found.values()), "a multiplier is not positive")
    return found


def index_of(value: object, items: list[Any]) -> int:
    """Return a list index, or refuse."""
    position = whole(value)
    require(0 <= position < len(items), f"there is no row or column {position}")
    return position


def whole(value: object) -> int:
    """Return an integer that stands as a JSON number."""
    if type(value) is not int:
        raise RefusedError(f"{value!r} is not an integer")
    return value


def big(value: object) -> int:
    """Return an integer of any size that stands as a decimal string."""
    if not isinstance(value, str) or INTEGER.match(value) is None:
        raise RefusedError(f"{value!r} is not an integer in a string")
    digits, total = value.lstrip("-"), 0
    for start in range(0, len(digits), DIGITS_AT_ONCE):
        chunk = digits[start : start + DIGITS_AT_ONCE]
        total = total * 10 ** len(chunk) + int(chunk)
    return -total if value.startswith("-") else total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
