"""What a running node answers to the owner's commands, as plain values."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from lex7.bark.canon import Value
from lex7.bark.fields import Fields
from lex7.base.civil import Day
from lex7.base.ids import NodeName
from lex7.lattice.view import AWAY_NS, COUNCIL_KIND
from lex7.runtime.border import PROPOSE, STATUS, RefusedError
from lex7.runtime.clock import read_day
from lex7.runtime.evaluate import evaluate
from lex7.runtime.gate import AccessDeniedError
from lex7.runtime.node import BEHIND, Node
from lex7.runtime.propose import propose
from lex7.runtime.summary import status_json
from lex7.transport.interface import UnreachableError

COUNCIL_NS_MAX = 30 * 10**9
"""How long a proposal is handed from one council to the next before it is given up."""

PASSING = frozenset({AccessDeniedError.code, BEHIND})
"""Refusals that pass by themselves: who serves is seen a moment later, an entry is on its way."""

Json = dict[str, Any]


class Answers:
    """The commands of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._status: tuple[object, Json] | None = None
        node.unlocked[PROPOSE] = self._propose_for
        node.unlocked[STATUS] = self._status_for

    def answer(self, question: Json) -> Json:
        """Answer one command.

        Raises:
            Lex7Error: it cannot be done.
        """
        known = {
            "status": self._status_json,
            "propose": self._propose,
            "nodes": self._nodes,
            "sync": self._sync,
            "forks": self._forks,
            "route": self._route,
            "rotate": self._rotate,
        }
        work = known.get(str(question.get("do")))
        if work is None:
            raise UnreachableError(f"the command {question.get('do')!r}")
        return work(question)

    def _status_json(self, question: Json) -> Json:
        """Answer here where this node may judge, else have the council answer."""
        node = self._node
        as_of = self._day(question)
        serving = node.serving()
        if serving != node.spec.name and node.spec.kind != COUNCIL_KIND:
            try:
                return dict(json.loads(str(node.border.ask(serving, STATUS, (int(as_of),)))))
            except UnreachableError:
                node.peer.lose(serving)
        return self._status_on(as_of)

    def _status_for(self, asker: NodeName, question: Fields) -> Value:
        shown = self._status_on(Day(question.integer(1)))
        return json.dumps(shown, ensure_ascii=False)

    def _status_on(self, as_of: Day) -> Json:
        node = self._node
        node.settle(tuple(node.answering(kind) for kind in ("vit", "wth")))
        node.refresh()
        try:
            draft = node.paths.directives.stat().st_mtime_ns
        except OSError:
            draft = 0
        key = (node.peer.heads(), int(as_of), draft, tuple(sorted(node.peer.findings)))
        if self._status is None or self._status[0] != key:
            shown = self._patiently(lambda: status_json(node, evaluate(node, as_of)))
            self._status = (key, shown)
        return self._status[1]

    def _propose(self, question: Json) -> Json:
        text, request = str(question["text"]), bytes.fromhex(str(question["request"]))
        as_of = self._day(question)
        node = self._node
        until = time.monotonic_ns() + COUNCIL_NS_MAX
        while True:
            serving = node.serving()
            try:
                if serving == node.spec.name:
                    return propose(node, text, as_of, request)
                answer = node.border.ask(serving, PROPOSE, (text, int(as_of), request))
                return dict(json.loads(str(answer)))
            except UnreachableError:
                # It was there a moment ago; the next one takes over.
                node.peer.lose(serving)
            except RefusedError as error:
                # Nodes see within seconds of each other who serves.
                if error.refusal_code not in PASSING or serving.startswith("mon@"):
                    raise
            if time.monotonic_ns() > until:
                raise UnreachableError("a council")
            time.sleep(0.5)

    def _judge(self, text: str, as_of: Day, request: bytes) -> Json:
        return self._patiently(lambda: propose(self._node, text, as_of, request))

    def _patiently(self, work: Callable[[], Json]) -> Json:
        """Work as council; others may see only seconds later that the former one is gone."""
        until = time.monotonic_ns() + 2 * AWAY_NS
        while True:
            try:
                return work()
            except RefusedError as error:
                is_early = error.refusal_code in PASSING
                if not is_early or time.monotonic_ns() > until or self._node.spec.kind == "mon":
                    raise
            time.sleep(0.5)

    def _propose_for(self, asker: NodeName, question: Fields) -> Value:
        text, as_of, request = question.text(1), Day(question.integer(2)), question.data(3)
        answer = self._judge(text, as_of, request)
        return json.dumps(answer, ensure_ascii=False)

    def _nodes(self, question: Json) -> Json:
        node, now = self._node, time.monotonic_ns()
        heads, view = node.peer.heads(), node.peer.view
        rows = []
        for key, name in sorted(node.peer.names.items(), key=lambda item: item[1]):
            is_self = name == node.spec.name
            seen = view.sightings.get(key)
            head, told = heads.get(key), view.descriptions.get(key)
            told = node.peer.beats.description if is_self else told
            rows.append(
                {
                    "node": name,
                    "key": key.hex(),
                    "live": is_self or view.is_live(key, now),
                    "seen_seconds": 0.0 if is_self else _ago(seen, now),
                    "entries": 0 if head is None else head.sequence,
                    "incarnation": 0 if head is None else head.incarnation,
                    "lattice": node.peer.lattice_hash.hex()
                    if is_self
                    else ("" if seen is None else seen.beat.lattice_hash.hex()),
                    "capabilities": list(node.peer.capabilities if is_self else view.able(key)),
                    "version": "" if told is None else told.version,
                    "heard_by": [] if is_self else list(node.peer.beats.heard_elsewhere(key)),
                    "clock_seconds": 0.0 if seen is None else round(seen.drift_ns / 1e9, 1),
                    "clock_off": seen is not None and seen.is_drifting,
                }
            )
        return {
            "format": "lex7-nodes/1",
            "asked": node.spec.name,
            "council": node.serving(),
            "lattice": node.peer.lattice_hash.hex(),
            "nodes": rows,
            "findings": [
                {"code": one.code, "where": one.where, "sentence": one.sentence}
                for one in node.findings
            ],
        }

    def _sync(self, question: Json) -> Json:
        node, now = self._node, time.monotonic_ns()
        node.settle(
            tuple(name for key, name in node.peer.names.items() if node.peer.view.is_live(key, now))
        )
        node.turn()
        node.peer.beat()
        return self._nodes(question)

    def _forks(self, question: Json) -> Json:
        names = self._node.peer.names
        forks = [
            {
                "node": names.get(fork.writer, fork.writer.hex()[:16]),
                "incarnation": fork.incarnation,
                "common": fork.common,
                "frozen": fork.frozen,
                "healed": self._node.peer.state.is_healed(fork),
            }
            for fork in self._node.peer.state.forks.values()
        ]
        ends = {}
        for key, name in names.items():
            seen = self._node.peer.view.sightings.get(key)
            head = None if seen is None else seen.beat.heads.get(key)
            if head is not None:
                ends[name] = [head.incarnation, head.sequence, head.hash.hex()]
        copied = self._node.peer.twin.finding(time.monotonic_ns())
        found = () if copied is None else (copied,)
        return {
            "format": "lex7-forks/1",
            "forks": forks,
            "ends": ends,
            "findings": [
                {"code": one.code, "where": one.where, "sentence": one.sentence} for one in found
            ],
        }

    def _rotate(self, question: Json) -> Json:
        peer = self._node.peer
        with peer.lock:
            return {"node": self._node.spec.name, "epoch": peer.epochs.begin()}

    def _route(self, question: Json) -> Json:
        node, wanted = self._node, str(question["capability"])
        found = node.peer.view.route(wanted, node.peer.names, time.monotonic_ns())
        if wanted in node.peer.capabilities:
            found = tuple(sorted((*found, node.spec.name)))
        if wanted == "council":
            found = (node.serving(), *(one for one in found if one != node.serving()))
        return {"format": "lex7-route/1", "capability": wanted, "nodes": list(found)}

    def _day(self, question: Json) -> Day:
        given = question.get("as_of")
        return read_day(None if given is None else str(given), self._node.setting.zone)


def _ago(seen: Any, now_ns: int) -> float | None:  # noqa: ANN401 - a sighting or none
    return None if seen is None else round((now_ns - seen.seen_ns) / 1e9, 1)
