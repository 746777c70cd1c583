"""Every answer proves itself to a checker that shares no code with the solver."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from lex7.correct import certificate as certificates
from lex7.correct import check_certificate, exact_native
from lex7.correct.exact import Infeasible
from lex7.correct.problem import Problem

ProblemOf = Callable[[int], Problem]
CHUNK = 50


def certificate_of(problem: Problem) -> str | None:
    found = exact_native.solve_on_grid(problem)
    if isinstance(found, Infeasible):
        conflict = exact_native.find_conflict(problem)
        assert conflict is not None
        part = certificates.conflict("conflict", problem, conflict)
    elif found.steps is None:
        return None
    else:
        part = certificates.smallest("levers", problem, found)
    return certificates.encode(certificates.Certificate("CORRECT", (part,)))


def assert_chunk_is_proven(problem_of: ProblemOf, chunk: int) -> None:
    gave_up = 0
    for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        text = certificate_of(problem_of(seed))
        gave_up += text is None
        assert text is None or check_certificate.check(text) == [], seed
    assert gave_up <= CHUNK // 10


@pytest.mark.parametrize("chunk", range(20))
def test_every_answer_passes_the_independent_checker(problem_of: ProblemOf, chunk: int) -> None:
    assert_chunk_is_proven(problem_of, chunk)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(20, 200))
def test_nine_thousand_more_pass_the_checker(problem_of: ProblemOf, chunk: int) -> None:
    assert_chunk_is_proven(problem_of, chunk)


def integers_in(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the path of every integer, whether it stands as a number or as a string."""
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in integers_in(item, (*path, key))]
    if isinstance(value, list):
        return [p for index, item in enumerate(value) for p in integers_in(item, (*path, index))]
    is_spelled = isinstance(value, str) and value.lstrip("-").isdigit() and path != ("digest",)
    return [path] if (type(value) is int or is_spelled) else []


def mutated(source: object, path: tuple[object, ...], by: int) -> object:
    copy = json.loads(json.dumps(source))
    place = copy
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = str(int(old) + by) if isinstance(old, str) else old + by
    return copy


@pytest.mark.parametrize("seed", range(40))
def test_a_changed_integer_fails_the_certificate(problem_of: ProblemOf, seed: int) -> None:
    text = certificate_of(problem_of(seed))
    if text is None:
        pytest.skip("the search gave up on this problem")
    source = json.loads(text)
    rng = random.Random(seed)
    for path in integers_in(source):
        changed = mutated(source, path, rng.choice([-1, 1, 1 << 40]))
        assert check_certificate.check(check_certificate.canonical(changed)), path


def resealed(body: object) -> str:
    assert isinstance(body, dict)
    del body["digest"]
    text = check_certificate.canonical(body)
    body["digest"] = check_certificate.hashlib.sha256(text.encode()).hexdigest()
    return check_certificate.canonical(body)


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_optimum_fails_even_with_a_new_digest(problem_of: ProblemOf, seed: int) -> None:
    text = certificate_of(problem_of(seed))
    if text is None:
        pytest.skip("the search gave up on this problem")
    source = json.loads(text)
    if source["parts"][0]["claim"] != "smallest":
        pytest.skip("this problem has no optimum")
    proof = ("parts", 0, "proof")
    places = [
        path
        for path in integers_in(source)
        if path[:3] == proof and path[3] in ("multipliers", "denominator", "gap_ppm")
    ]
    for path in places:
        assert check_certificate.check(resealed(mutated(source, path, 1))), path


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"format":"lex7-certificate/1"}', '{"a":NaN}', "[" * 100_000, "\x00"],
)
def test_what_is_no_certificate_gets_one_sentence(text: str) -> None:
    assert len(check_certificate.check(text)) == 1


def test_a_second_spelling_is_refused(problem_of: ProblemOf) -> None:
    text = certificate_of(problem_of(1))
    assert text is not None
    assert check_certificate.check(text.replace(",", ", ", 1)) == [
        "this is not the canonical spelling"
    ]
