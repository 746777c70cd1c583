"""The work of `lex7 propose`: a question becomes a verdict that every affected node has signed.

    margins heard (each node) ─► decide (council) ─► PROPOSAL ─► MARGINS (each affected node)
        ─► VERDICT with certificate (council) ─► COUNTERSIGN (each affected node)

The council sees no forecast: it hears rounded gradients, rows and bounds (`runtime.hearing`) and
decides on them. A node countersigns only what it finds again on its own state: the numbers of its
rules, and every amount, date and lever that is offered (`runtime.countersign`). A verdict is in
force when every affected node has countersigned; it is never recomputed.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind
from lex7.bark.faults import NotCanonicalError
from lex7.bark.fields import read_fields
from lex7.base.civil import Day, iso
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash, KeyId, NodeName
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.correct.answer import Verdict, VerdictKind
from lex7.correct.certificate import Certificate, StateStamp, encode
from lex7.correct.plan import Plan, plan_wishes
from lex7.correct.proposal import check_category, parse_proposal
from lex7.correct.verdict import decide
from lex7.correct.wish import parse_wishes, split_wishes
from lex7.lattice import LatticeState
from lex7.lattice import digest as lattice_digest
from lex7.lattice.fold import Decision
from lex7.runtime.countersign import most_of
from lex7.runtime.evaluate import FOLLOWING, known_categories, listen
from lex7.runtime.seat import Seat
from lex7.runtime.service import COUNTERSIGN, MARGINS
from lex7.runtime.verdict import spell_verdict
from lex7.transport.interface import UnreachableError

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


def propose(lattice: Seat, text: str, as_of: Day, request: bytes = b"") -> Json:
    """Judge a proposal, write the verdict, collect countersignatures; return the answer.

    Args:
        lattice: where the council sits.
        text: the proposal as typed.
        as_of: the day of evaluation.
        request: names a request that may come twice, because the council that got it first died.

    Raises:
        ProposalError: the proposal cannot be read; nothing was written.
        TransportError: an access rule denies what a rule needs.
    """
    known = _asked_before(lattice.state(), request)
    if known is not None:
        return _countersigned(lattice, known)
    judged, told = _judged(lattice, text, as_of)
    fields = {1: text, 2: int(as_of), 3: lattice.versions.on(as_of).digest}
    body = canon.encode({**fields, 4: request} if request else fields)
    council = lattice.writer
    council.append([(EntryKind.PROPOSAL, body)], lattice.heads)
    asked = EntryHash(council.log.head.hash)
    affected, missing = _margins(lattice, asked, text, as_of)
    if judged is None and not missing:
        missing = tuple(f"a node of kind {kind}" for kind in FOLLOWING)
    said, certificate = _undecided(missing) if judged is None or missing else judged
    stamped = replace(certificate, state=_stamp(lattice, as_of))
    answer = {
        "format": FORMAT,
        "as_of": iso(as_of),
        "proposal": text,
        "proposal_entry": asked.hex(),
        **said,
        "certificate": json.loads(encode(stamped)),
    }
    keys = (*(lattice.key_of(name) for name in affected), *_absent(lattice, missing))
    payload = spell_decision(asked, keys, answer, told)
    council.append([(EntryKind.VERDICT, payload)], lattice.heads)
    decision = lattice.state().decisions[asked]
    return _countersigned(lattice, decision)


def spell_decision(asked: EntryHash, keys: tuple[KeyId, ...], answer: Json, told: Value) -> bytes:
    """Spell the payload of a VERDICT entry; UNDECIDED where its proof is too large."""
    stated = _canonical(answer).encode()
    fields: dict[int, Value] = {1: asked, 2: keys, 3: answer["verdict"], 4: stated, 5: told}
    try:
        return canon.encode(fields)
    except NotCanonicalError:
        reason = (
            f"the proof of an answer has {len(stated):,} bytes and an entry of the log holds "
            f"{PAYLOAD_BYTES_MAX:,}; with fewer hard rules, or shorter windows, it is answered"
        )
    kind = VerdictKind.UNDECIDED.value
    state = answer["certificate"]["state"]
    heads = tuple((str(log), int(at), str(end)) for log, at, end in state["heads"])
    stamp = StateStamp(state["as_of_day"], state["hash"], heads)
    proof: Json = json.loads(encode(Certificate(kind, (), stamp)))
    wishes = [
        {**one, "date": None, "gives_up": one["amount"], "sentence": "not decided"}
        for one in answer["alternatives"]
        if one["kind"] == "wish"
    ]
    less = {"verdict": kind, "reason": reason, "alternatives": wishes, "binding": [], "rules": []}
    short = _canonical({**answer, **less, "certificate": proof})
    return canon.encode({**fields, 3: kind, 4: short.encode()})


def _margins(
    lattice: Seat, asked: EntryHash, text: str, as_of: Day
) -> tuple[list[NodeName], tuple[str, ...]]:
    """Ask every following node for its margins: who is affected, and who does not answer."""
    affected, missing = [], []
    for kind in FOLLOWING:
        name = None
        try:
            name = lattice.answering(kind)
            if lattice.border.ask(name, MARGINS, (asked, text, int(as_of))) is True:
                affected.append(name)
        except UnreachableError:
            missing.append(name or f"a node of kind {kind}")
    return affected, tuple(missing)


def _judged(lattice: Seat, text: str, as_of: Day) -> tuple[tuple[Json, Certificate] | None, Value]:
    """Judge a proposal or wishes, None where a node does not answer; and what was told."""
    currency, levers = lattice.setting.currency, lattice.versions.on(as_of).levers
    wishes = split_wishes(text)
    # Read before anybody is asked, so that what cannot be read is refused whoever is away.
    if wishes is None:
        wished = parse_proposal(text, currency=currency, as_of=as_of, levers=levers)
    else:
        planned = parse_wishes(wishes, currency=currency, as_of=as_of)
    most = most_of(text, currency, as_of)
    try:
        heard = listen(lattice, as_of)
        current = lattice.versions.on(as_of)
        taken = heard.situation(current, currency, most)
        known = known_categories(current, taken.forecast)
        for one in (wished,) if wishes is None else planned:
            check_category(one.category, known)
        verdict: Verdict | Plan = (
            decide(taken, wished) if wishes is None else plan_wishes(taken, planned)
        )
    except UnreachableError:
        return None, ()
    return (spell_verdict(verdict), verdict.certificate), heard.transcript()


def _undecided(missing: tuple[str, ...]) -> tuple[Json, Certificate]:
    who, verb = " and ".join(missing), "does" if len(missing) == 1 else "do"
    kind = VerdictKind.UNDECIDED.value
    reason = f"{who} {verb} not answer, so what your rules say is not known; ask again later"
    empty: Json = {"alternatives": [], "binding": [], "rules": [], "standing": []}
    said = {"verdict": kind, "reason": reason, **empty, "missing": list(missing)}
    return said, Certificate(kind, ())


def _absent(lattice: Seat, missing: tuple[str, ...]) -> tuple[KeyId, ...]:
    """Keys of those who must sign before this is in force, although they are away."""
    membership = lattice.state().membership
    found = [] if membership is None else [membership.key_of(NodeName(name)) for name in missing]
    return tuple(key for key in found if key is not None)


def _asked_before(state: LatticeState, request: bytes) -> Decision | None:
    if not request:
        return None
    for decision in state.decisions.values():
        fields = canon.decode(decision.proposal.payload or b"\xf6")
        if isinstance(fields, dict) and fields.get(4) == request and decision.verdict is not None:
            return decision
    return None


def _countersigned(lattice: Seat, decision: Decision) -> Json:
    """Ask those who have not signed yet, and tell whether all have."""
    assert decision.verdict is not None, "only a verdict is countersigned"
    answer = _stored(decision)
    payload = decision.verdict.payload
    assert payload is not None, "the fold keeps only entries with a payload"
    fields = read_fields(payload, "verdict", 4, optional=1)
    told = fields.items(5) if len(fields.values) > 4 else ()
    asked, decided = decision.proposal.hash, decision.verdict.hash
    membership = lattice.state().membership
    names = {} if membership is None else membership.names
    open_keys = [key for key in decision.affected if key not in decision.countersigned]
    signing = tuple(names[key] for key in open_keys if key in names)
    for name in signing:
        if name in answer.get("missing", ()):
            continue
        # A node that is away has not signed; the answer is then not in force, and says so.
        with suppress(UnreachableError):
            lattice.border.ask(name, COUNTERSIGN, (asked, decided, fields.data(4), told))
    lattice.settle(signing)
    in_force = lattice.state().decisions[asked].in_force
    return {**answer, "in_force": in_force}


def find_verdict(lattice: Seat, name: str | None) -> Json:
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
    fields = read_fields(decision.verdict.payload, "verdict", 4, optional=1)
    answer: Json = json.loads(fields.data(4))
    return {**answer, "id": _id(decision)[:ID_DIGITS], "in_force": decision.in_force}


def _id(decision: Decision) -> str:
    return "" if decision.verdict is None else decision.verdict.hash.hex()


def _stamp(lattice: Seat, as_of: Day) -> StateStamp:
    return StateStamp(int(as_of), lattice_digest(lattice.state()).hex(), lattice.log_heads())


def _canonical(answer: object) -> str:
    return json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
