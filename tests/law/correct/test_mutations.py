"""The checker accepts every kind of certificate the system makes, and no changed one.

Any number, sign, word or field that is changed, added or left out is refused: by the proof itself,
or by the digest that the proof was stored under.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from purse import CUSHION, HEAD, LEVERS, RESTAURANTS, RUNWAY, TODAY, Purse

from lex7.correct import check_certificate
from lex7.correct.answer import Situation
from lex7.correct.certificate import encode
from lex7.correct.plan import plan_wishes
from lex7.correct.proposal import parse_proposal
from lex7.correct.verdict import decide
from lex7.correct.wish import parse_wishes
from lex7.directive.read import read

CASES = {
    "ACCEPT": ({"level": 20_000.0}, "pointwise", "amount=500 USD category=home"),
    "CORRECT": (
        {"level": 20_000.0},
        "pointwise",
        "amount=14700 USD category=home move=amount,date,levers",
    ),
    "REJECT": ({"level": 20_000.0}, "pointwise", "amount=50000 USD category=home move=levers"),
}
WISHES = ("name=a amount=2500 USD category=home worth=2", "amount=2500 USD category=travel")
KINDS = (*CASES, "wishes", "wishes on paths")


def certificate_of(kind: str) -> str:
    paths, over, asked = 0, "jointly", ""
    made = {"level": 6_000.0, "drift": 20.0, "daily_sd": 1.0}
    if kind in CASES:
        made, over, asked = CASES[kind]
    elif kind == "wishes on paths":
        paths = 400
    rules = (CUSHION.format(over=over), RESTAURANTS.format(severity="hard", weight=""), LEVERS)
    file, findings = read(HEAD + "".join((*rules, RUNWAY) if kind in CASES else rules[:1]))
    assert findings == ()
    where = Situation(file.directives, file.levers, Purse(**made, path_count=paths), "USD")
    if asked:
        proposal = parse_proposal(asked, currency="USD", as_of=TODAY, levers=file.levers)
        return encode(decide(where, proposal).certificate)
    return encode(plan_wishes(where, parse_wishes(WISHES, currency="USD", as_of=TODAY)).certificate)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of everything that is not a container; of long lists the ends only."""
    if isinstance(value, dict):
        return [found for key in value for found in places(value[key], (*path, key))]
    if isinstance(value, list):
        shown = range(len(value)) if len(value) <= 6 else (0, 1, len(value) // 2, len(value) - 1)
        return [found for index in shown for found in places(value[index], (*path, index))]
    return [path]


def others(old: Any) -> list[Any]:
    """Return what a value could be changed into."""
    if isinstance(old, bool):
        return [not old]
    if isinstance(old, int):
        return [old + 1, old - 1, -old if old else 7]
    if isinstance(old, str):
        return [old + "1", f"-{old}", ""] if old else ["x"]
    return [0]


def changed(source: Any, path: tuple[Any, ...], new: Any) -> str:
    copy = json.loads(json.dumps(source))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return check_certificate.canonical(copy)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_certificate_can_be_changed(kind: str) -> None:
    text = certificate_of(kind)
    assert check_certificate.check(text) == []
    source = json.loads(text)
    assert source["kind"] == (kind if kind in CASES else "CORRECT")
    for path in places(source):
        old = source
        for key in path:
            old = old[key]
        for new in others(old):
            assert check_certificate.check(changed(source, path, new)), (path, new)


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_can_be_left_out_or_added(kind: str) -> None:
    source = json.loads(certificate_of(kind))
    for part in (source, *source["parts"], *(part["proof"] for part in source["parts"])):
        for key in tuple(part):
            kept = part.pop(key)
            assert check_certificate.check(check_certificate.canonical(source)), key
            part[key] = kept
        part["extra"] = 1
        assert check_certificate.check(check_certificate.canonical(source))
        del part["extra"]


def test_the_cases_hold_every_claim_there_is() -> None:
    claims = {part["claim"] for kind in KINDS for part in json.loads(certificate_of(kind))["parts"]}
    known = {"holds", "fails", "largest", "smallest", "conflict", "decided", "best"}
    assert claims == known
