"""Two nodes with known arithmetic, and the way they are asked: by messages or in place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields
from lex7.base.civil import Day, day_from_date
from lex7.base.errors import Lex7Error
from lex7.base.ids import NodeName, QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.quantity import (
    Aggregate,
    Linear,
    Moments,
    Move,
    Per,
    QuantityInfo,
    Scenarios,
)
from lex7.directive.read import read
from lex7.nodes.answer import RoundedForecast, spell_infos
from lex7.runtime.border import RefusedError
from lex7.runtime.enforced import Enforced
from lex7.runtime.gate import Gate
from lex7.runtime.remote import QUANTITIES
from lex7.runtime.talk import Ask
from lex7.runtime.telling import Margins

TODAY = day_from_date(date(2026, 11, 22))
COUNCIL = NodeName("mon@desk")


RULES = """format = "lex7-directives/1"
currency = "USD"
time_zone = "Europe/Berlin"

[[directive]]
id = "council-reads"
say = "The council reads margins."
only = { node = "mon", action = "read", kind = "margin" }

[[directive]]
id = "cushion"
say = "I keep three thousand in cash."
rule = "always[0mo,4mo] cash >= 3000 USD"
confidence = 0.95
over = "jointly"
severity = "hard"
priority = 1

[[directive]]
id = "floor"
say = "Never below one thousand."
rule = "always[0d,90d] cash >= 1000 USD"
confidence = 0.99
over = "pointwise"
severity = "hard"
priority = 0

[[directive]]
id = "sleep-week"
say = "Seven hours a night."
rule = "always[0d,28d] mean(sleep, 7d) >= 6.5 h"
confidence = 0.8
over = "pointwise"
severity = "hard"
priority = 3

[[directive]]
id = "rested-spender"
say = "Tired, I keep more."
rule = "always[0d,40d] (mean(sleep, 7d) >= 7 h or cash >= 5000 USD)"
confidence = 0.9
over = "jointly"
severity = "hard"
priority = 2

[[directive]]
id = "both"
say = "Rested and liquid."
rule = "always[0d,30d] (sleep >= 3 h and cash >= 2500 USD)"
confidence = 0.9
over = "pointwise"
severity = "hard"
priority = 6

[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
by = ["-300 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 100 USD"

[[lever]]
id = "bedtime"
moves = "sleep"
per = "day"
by = ["0 h", "1 h"]
step = "0.25 h"
reluctance = "1 / 0.5 h"
"""


class Walk:
    """One quantity of a node: a walk with drift whose moments are in closed form."""

    def __init__(self, kind: str, level: float, drift: float, sd: float, paths: int = 0) -> None:
        self.as_of = TODAY
        self.kind, self.level, self.drift, self.sd, self.paths = kind, level, drift, sd, paths

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        name, unit = ("cash", "USD") if self.kind == "wth" else ("sleep", "h")
        info = QuantityInfo(QuantityName(name), self.kind, unit, False, 400, 14, TODAY, 30)
        return {info.name: info}

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        ((weight, atom),) = linear.terms
        factor, ahead = float(weight), np.maximum(days - TODAY, 0).astype(float)
        mean = factor * (self.level + self.drift * ahead) + float(linear.constant)
        gradient = np.zeros((len(days), len(moves)))
        for column, move in enumerate(moves):
            since = np.clip(days - move.first + 1, 0, None) * (days >= move.first)
            rate = {Per.ONCE: (since > 0) * 1.0, Per.DAY: since * 1.0, Per.MONTH: since / 30.0}
            sign = -1.0 if self.kind == "wth" else 1.0 / 7.0
            moved = rate[move.per] if self.kind == "wth" else np.minimum(since, 7) * 1.0
            gradient[:, column] = factor * sign * moved
        cov = (factor * self.sd) ** 2 * np.minimum.outer(ahead + 1.0, ahead + 1.0)
        if atom.aggregate is not Aggregate.VALUE or self.kind == "vit":
            cov = np.diag(np.full(len(days), (factor * self.sd) ** 2))
        return Moments(days, mean, cov, gradient)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        if not self.paths:
            return None
        known = self.moments(linear, days, moves)
        steps = np.random.default_rng(5).normal(size=(self.paths, len(days)))
        ahead = np.maximum(days - TODAY, 0).astype(float)
        walks = np.cumsum(steps * np.sqrt(np.diff(ahead, prepend=0.0)), axis=1) * self.sd
        return Scenarios(days, known.mean + walks, known.gradient[np.newaxis])


class Nodes:
    """Nodes that answer about their margins, with every message kept."""

    def __init__(self, rules: str, *walks: Walk) -> None:
        file, findings = read(rules)
        assert findings == ()
        self.current = Enforced(file, rules, b"digest", 1)
        self.forecasts = {walk.kind: RoundedForecast(walk) for walk in walks}
        self.gates = {kind: Gate(NodeName(f"{kind}@desk"), file.access) for kind in self.forecasts}
        self.messages: list[tuple[str, str, bytes]] = []
        self.margins = {kind: self.fresh(kind) for kind in self.forecasts}

    def fresh(self, kind: str) -> Margins:
        return Margins(self.gates[kind], lambda _: self.current, lambda _: self.forecasts[kind])

    def asks(self) -> dict[str, Ask]:
        def to(kind: str) -> Ask:
            def ask(method: str, arguments: tuple[Value, ...]) -> Value:
                crossed = canon.decode(canon.encode(arguments))
                assert isinstance(crossed, tuple)
                try:
                    answer = self._answer(kind, method, Fields(method, crossed))
                except Lex7Error as refusal:
                    raise RefusedError(kind, refusal.code, str(refusal)) from refusal
                spelled = canon.encode(answer)
                self.messages.append((kind, method, spelled))
                return canon.decode(spelled)

            return ask

        return {kind: to(kind) for kind in sorted(self.forecasts)}

    def _answer(self, kind: str, method: str, question: Fields) -> Value:
        if method == QUANTITIES:
            return spell_infos(self.forecasts[kind].quantities())
        return self.margins[kind].methods()[method](COUNCIL, question)


@pytest.fixture(scope="session")
def nodes() -> Callable[..., Nodes]:
    def make(
        cash: tuple[float, float, float] = (9_000.0, 20.0, 10.0),
        sleep: tuple[float, float, float] = (7.4, 0.0, 0.4),
        paths: int = 0,
        rules: str = RULES,
    ) -> Nodes:
        return Nodes(rules, Walk("wth", *cash, paths), Walk("vit", *sleep))

    return make


@pytest.fixture(scope="session")
def today() -> Day:
    return TODAY


@pytest.fixture(scope="session")
def simple_rules() -> str:
    """Return the same file without the rules over both nodes."""
    tables = RULES.split("\n\n")
    return "\n\n".join(one for one in tables if "cash >= 5000" not in one and "2500" not in one)
