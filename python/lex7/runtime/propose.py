"""The work of `lex7 propose`: a question becomes a verdict that every affected node has signed.

    PROPOSAL (council) ─► MARGINS (each affected node, from its own forecast) ─► decide (council)
        ─► VERDICT with certificate (council) ─► COUNTERSIGN (each affected node)

A node countersigns only a verdict that states the same probabilities for its own rules as it
computed itself. A verdict is in force when every affected node has countersigned; it is never
recomputed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.fields import read_fields
from lex7.base.civil import Day, iso
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash
from lex7.correct.answer import Verdict
from lex7.correct.certificate import StateStamp, encode
from lex7.correct.plan import Plan, plan_wishes
from lex7.correct.proposal import parse_proposal
from lex7.correct.verdict import decide
from lex7.correct.wish import parse_wishes, split_wishes
from lex7.lattice import digest as lattice_digest
from lex7.lattice.fold import Decision
from lex7.runtime.compose import COUNCIL, Lattice
from lex7.runtime.evaluate import FOLLOWING, situation
from lex7.runtime.service import COUNTERSIGN, MARGINS
from lex7.runtime.verdict import spell_verdict

FORMAT = "lex7-verdict/1"
ID_DIGITS = 12

Json = dict[str, Any]


class UnknownVerdictError(BarkError):
    """No verdict has this id."""

    code = "bark.unknown_verdict"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"expected the id of a verdict, got {name!r}; `lex7 log show mon` lists entries"
        )


def propose(lattice: Lattice, text: str, as_of: Day) -> Json:
    """Judge a proposal, write the verdict, collect countersignatures; return the answer.

    Raises:
        ProposalError: the proposal cannot be read; nothing was written.
        TransportError: a node does not answer, or an access rule denies what a rule needs.
    """
    taken = situation(lattice, as_of)
    wishes = split_wishes(text)
    if wishes is None:
        asked_for = parse_proposal(text, currency=taken.currency, as_of=as_of, levers=taken.levers)
        verdict: Verdict | Plan = decide(taken, asked_for)
    else:
        verdict = plan_wishes(taken, parse_wishes(wishes, currency=taken.currency, as_of=as_of))
    council = lattice.members[COUNCIL]
    body = canon.encode({1: text, 2: int(as_of), 3: lattice.versions.on(as_of).digest})
    council.append([(EntryKind.PROPOSAL, body)], lattice.heads)
    asked = EntryHash(council.log.head.hash)
    border = lattice.borders[COUNCIL]
    names = [lattice.members[kind].name for kind in FOLLOWING]
    affected = [
        name for name in names if border.ask(name, MARGINS, (asked, text, int(as_of))) is True
    ]
    stamped = replace(verdict.certificate, state=_stamp(lattice, as_of))
    answer = {
        "format": FORMAT,
        "as_of": iso(as_of),
        "proposal": text,
        "proposal_entry": asked.hex(),
        **spell_verdict(verdict),
        "certificate": json.loads(encode(stamped)),
    }
    keys = tuple(lattice.keys.nodes[name].public for name in affected)
    payload = canon.encode(
        {1: asked, 2: keys, 3: verdict.kind.value, 4: _canonical(answer).encode()}
    )
    council.append([(EntryKind.VERDICT, payload)], lattice.heads)
    decided = council.log.head.hash
    stated = _canonical(answer["rules"]).encode()
    for name in affected:
        border.ask(name, COUNTERSIGN, (asked, decided, stated))
    in_force = lattice.state().decisions[asked].in_force
    return {**answer, "id": decided.hex()[:ID_DIGITS], "in_force": in_force}


def find_verdict(lattice: Lattice, name: str | None) -> Json:
    """Return a verdict by the start of its id, or the newest.

    Raises:
        UnknownVerdictError: none, or more than one, has this id.
    """
    decisions = [one for one in lattice.state().decisions.values() if one.verdict is not None]
    if name is not None:
        decisions = [one for one in decisions if _id(one).startswith(name.lower())]
        if len(decisions) > 1 or len(name) < 4:
            raise UnknownVerdictError(name)
    if not decisions:
        raise UnknownVerdictError(name or "")
    return _stored(decisions[-1])


def _stored(decision: Decision) -> Json:
    assert decision.verdict is not None, "only decisions with a verdict are stored"
    assert decision.verdict.payload is not None, "the fold keeps only entries with a payload"
    fields = read_fields(decision.verdict.payload, "verdict", 4)
    answer: Json = json.loads(fields.data(4))
    return {**answer, "id": _id(decision)[:ID_DIGITS], "in_force": decision.in_force}


def _id(decision: Decision) -> str:
    return "" if decision.verdict is None else decision.verdict.hash.hex()


def _stamp(lattice: Lattice, as_of: Day) -> StateStamp:
    heads = tuple(
        (member.name, member.log.head.sequence, member.log.head.hash.hex())
        for member in lattice.members.values()
    )
    return StateStamp(int(as_of), lattice_digest(lattice.state()).hex(), heads)


def _canonical(answer: object) -> str:
    return json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
