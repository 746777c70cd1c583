"""The gate: every read, publish and export off a node is decided here and written into its log.

The decision itself is `lex7.directive.access.decide`, a pure total function that denies by
default. The gate adds who asks and what the directives in force say, and keeps every decision
until the member writes them as one ACCESS entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from lex7.bark import canon
from lex7.base.errors import TransportError
from lex7.base.ids import NodeName
from lex7.directive.access import Decision, Request, decide
from lex7.directive.document import AccessRule, Action


class AccessDeniedError(TransportError):
    """An access rule says no."""

    code = "access.denied"

    def __init__(self, request: Request, decision: Decision) -> None:
        self.request = request
        self.decision = decision
        super().__init__(decision.reason)


class Gate:
    """The access rules in force at one node, and the decisions they made."""

    def __init__(self, node: NodeName, rules: Sequence[AccessRule]) -> None:
        self._node = node
        self._rules = tuple(rules)
        self._decisions: dict[tuple[Request, Decision], int] = {}

    def follow(self, rules: Sequence[AccessRule]) -> None:
        """Decide by these rules from now on."""
        self._rules = tuple(rules)

    def pass_or_refuse(self, asker: NodeName, action: Action, kind: str, *, is_raw: bool) -> None:
        """Let one request pass.

        Raises:
            AccessDeniedError: a rule, or the default, denies it.
        """
        request, decision = self._decide(asker, action, kind, is_raw=is_raw)
        if not decision.allowed:
            raise AccessDeniedError(request, decision)

    def permits(self, asker: NodeName, action: Action, kind: str, *, is_raw: bool) -> bool:
        """Answer whether one request passes."""
        return self._decide(asker, action, kind, is_raw=is_raw)[1].allowed

    def would_permit(self, asker: NodeName, action: Action, kind: str, *, is_raw: bool) -> bool:
        """Answer what `permits` would, where nothing goes out yet; nothing is written down."""
        request = Request(action, kind, raw=is_raw, holder=self._node, node=asker)
        return decide(request, self._rules).allowed

    def _decide(
        self, asker: NodeName, action: Action, kind: str, *, is_raw: bool
    ) -> tuple[Request, Decision]:
        request = Request(action, kind, raw=is_raw, holder=self._node, node=asker)
        decision = decide(request, self._rules)
        key = (request, decision)
        self._decisions[key] = self._decisions.get(key, 0) + 1
        return request, decision

    def take(self, now_ns: int) -> bytes | None:
        """Return the payload of an ACCESS entry with every decision since the last call."""
        if not self._decisions:
            return None
        rows = [
            [
                request.node,
                request.action.value,
                request.kind,
                request.raw,
                decision.allowed,
                decision.rule_id,
                count,
            ]
            for (request, decision), count in self._decisions.items()
        ]
        self._decisions = {}
        return canon.encode({1: now_ns, 2: rows})
