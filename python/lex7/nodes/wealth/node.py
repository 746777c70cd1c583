"""LEX-WTH as a node kind: from its archive to a ledger, models, beliefs and forecasts."""

from __future__ import annotations

from lex7.base.civil import Day
from lex7.base.errors import Finding
from lex7.base.record import Balance, Transaction
from lex7.nodes.archive import Archive
from lex7.nodes.interface import NodeState, Setting
from lex7.nodes.payload import decode_balance, decode_transactions
from lex7.nodes.wealth.belief import belief_bytes
from lex7.nodes.wealth.category import CategoryRule, Classified
from lex7.nodes.wealth.classify import classify
from lex7.nodes.wealth.forecast import WealthForecast
from lex7.nodes.wealth.ledger import Ledger, build_ledger
from lex7.nodes.wealth.model import (
    TooLittleHistoryError,
    WealthModel,
    fit,
    from_payload,
    to_payload,
    unfitted,
)
from lex7.nodes.wealth.rulebook import decode_rules, effective_rules


class WealthNode:
    """Follows cash, spending by category, scheduled bills, income and runway."""

    name = "wth"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._last: tuple[bytes, tuple[Ledger, tuple[Finding, ...]]] | None = None

    def own_rules(self, state: NodeState) -> tuple[CategoryRule, ...]:
        """Return the owner's category rules, in the order in which they are tried."""
        return decode_rules(state.categories) if state.categories else ()

    def rules(self, state: NodeState) -> tuple[CategoryRule, ...]:
        """Return the category rules in force: the owner's, then the built-in ones."""
        return effective_rules(self.own_rules(state))

    def classified(self, state: NodeState, as_of: Day) -> tuple[Classified, ...]:
        """Give every transaction up to a day its role and category."""
        return classify(transactions(state.archive.until(as_of)), self.rules(state))

    def ledger(self, state: NodeState, as_of: Day) -> tuple[Ledger, tuple[Finding, ...]]:
        """Make the ledger of everything booked up to a day.

        The last answer is kept by the digest of what it was made from: a fold and a forecast at
        the same state ask for the same ledger.
        """
        archive = state.archive.until(as_of)
        made_from = (
            archive.digest + state.categories + (b"" if archive.streams else str(as_of).encode())
        )
        if self._last is None or self._last[0] != made_from:
            rows = classify(transactions(archive), self.rules(state))
            made = build_ledger(
                rows, balances(archive), currency=self._setting.currency, as_of=as_of
            )
            self._last = (made_from, made)
        return self._last[1]

    def belief(self, state: NodeState, as_of: Day, parameters: bytes) -> bytes:
        """Return the raw bits of the filter states after everything up to `as_of`."""
        ledger, _ = self.ledger(state, as_of)
        return belief_bytes(from_payload(parameters), ledger)

    def fit(self, state: NodeState, as_of: Day) -> bytes | None:
        """Fit the models to the archive up to `as_of`; None where there is too little history."""
        ledger, _ = self.ledger(state, as_of)
        try:
            return to_payload(fit(ledger, as_of))
        except TooLittleHistoryError:
            return None

    def forecast(self, state: NodeState, as_of: Day) -> WealthForecast:
        """Return what can be said from `as_of` on, never with a model that has seen later days."""
        ledger, _ = self.ledger(state, as_of)
        return WealthForecast(self._model(state, ledger, as_of), ledger, as_of)

    def _model(self, state: NodeState, ledger: Ledger, as_of: Day) -> WealthModel:
        if state.model_day is not None and state.model_day <= as_of:
            return from_payload(state.model)
        try:
            return fit(ledger, as_of)
        except TooLittleHistoryError:
            # The forecast says itself that it has too few days; it is not asked for numbers then.
            return unfitted(ledger.currency, as_of)


def transactions(archive: Archive) -> tuple[Transaction, ...]:
    """Return every transaction, by account and day."""
    return tuple(
        transaction
        for name in archive.names()
        if name.startswith("tx.")
        for _, items in archive.days(name)
        for item in items
        for transaction in decode_transactions(item.payload)
    )


def balances(archive: Archive) -> tuple[Balance, ...]:
    """Return every stated balance, by account and day."""
    return tuple(
        decode_balance(item.payload)
        for name in archive.names()
        if name.startswith("balance.")
        for _, items in archive.days(name)
        for item in items
    )
