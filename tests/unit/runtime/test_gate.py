"""Nothing is read, published or exported past the gate."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import lex7.runtime
from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, read_fields
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.civil import Day, zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName, QuantityName
from lex7.directive.quantity import Aggregate, Atom, Linear
from lex7.nodes.answer import spell_question
from lex7.nodes.interface import Setting
from lex7.nodes.wealth.node import WealthNode
from lex7.runtime.enforced import Enforced
from lex7.runtime.gate import AccessDeniedError, Gate
from lex7.runtime.member import Member
from lex7.runtime.remote import MOMENTS, QUANTITIES, SCENARIOS
from lex7.runtime.service import COUNTERSIGN, MARGINS, READ, Service
from lex7.runtime.talk import BOUNDS, OPEN, ROOM, SEARCH
from lex7.storage.memory import MemoryStorage

AS_OF = Day(20_779)
CASH = Linear(((Fraction(1), Atom(QuantityName("cash"), Aggregate.VALUE, None)),), Fraction(0))
ABOUT_CASH: Value = spell_question(CASH, np.array([AS_OF], dtype=np.int64), ())
QUESTIONS: dict[str, tuple[Value, ...]] = {
    QUANTITIES: (int(AS_OF),),
    MOMENTS: (int(AS_OF), ABOUT_CASH),
    SCENARIOS: (int(AS_OF), ABOUT_CASH),
    READ: ("tx.checking", 30),
    MARGINS: (b"\x01" * 32, "amount=1 USD category=home", int(AS_OF)),
    COUNTERSIGN: (b"\x01" * 32, b"\x02" * 32, b"{}", ()),
    OPEN: (int(AS_OF), ()),
    BOUNDS: (int(AS_OF), ()),
    ROOM: (int(AS_OF), b"", ()),
    SEARCH: (int(AS_OF), (), ()),
}

SHARED = {
    "range": "control entries, and records the rules allow the asker",
    "heads": "ends of logs",
    "epoch": "the key that answers are sealed under",
    "membership": "who is a member",
}
"""What `Peer` answers to members without the gate, and why: no record, no margin of a state."""

RUNTIME = Path(lex7.runtime.__file__).parent


@pytest.fixture
def service() -> tuple[Service, Gate]:
    entropy = SeededEntropy(4)
    lattice = LatticeId(b"lattice of tests")
    log = Log(
        MemoryStorage(), key=draw_key(entropy), lattice=lattice, incarnation=0, entropy=entropy
    )
    member = Member(NodeName("wth@desk"), log)
    member.start(WealthNode(Setting("USD", zone("UTC"))))
    gate = Gate(member.name, ())
    return Service(member, gate, lambda _: Enforced(), lambda: ()), gate


def test_every_question_a_node_answers_is_tried_here(service: tuple[Service, Gate]) -> None:
    assert set(service[0].methods()) == set(QUESTIONS)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_without_a_rule_every_question_is_denied_and_logged(
    service: tuple[Service, Gate], name: str
) -> None:
    answering, gate = service
    method = answering.methods()[name]
    with pytest.raises(AccessDeniedError):
        method(NodeName("mon@desk"), Fields(name, QUESTIONS[name]))
    logged = gate.take(7)
    assert logged is not None
    rows = read_fields(logged, "access", 2).rows(2, 7)
    assert [(row.text(1), row.flag(5)) for row in rows] == [("mon@desk", False)]
    assert canon.decode(logged)


def _calls(name: str) -> set[str]:
    """Return the modules of the runtime that call a method of this name."""
    found = set()
    for path in RUNTIME.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == name
            ):
                found.add(path.stem)
    return found


def test_nodes_answer_nowhere_else() -> None:
    """A new place that serves questions, or hands out records, is looked at and named here."""
    assert _calls("serve") == {"border", "compose", "peer"}
    assert _calls("forecast") <= {"evaluate", "compose", "service", "telling", "node", "record"}
    source = (RUNTIME / "peer.py").read_text()
    assert set(SHARED) <= {"range", "heads", "epoch", "membership"}
    assert "**self._logs()" in source
    assert "shown_bodies" in source


def test_what_leaves_the_home_asks_first() -> None:
    """Exports of a home are few; each passes the gate or holds nothing of a node's records."""
    assert _calls("pass_gate") == {"backup", "sessions"}
    assert _calls("pass_or_refuse") == {"compose", "service", "telling"}
