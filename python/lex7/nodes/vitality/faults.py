"""What the vitality node cannot answer, in one sentence each."""

from __future__ import annotations

from lex7.base.errors import StateError
from lex7.base.ids import QuantityName


class QuantityError(StateError):
    """A quantity is not one of this node's."""

    code = "state.vitality.quantity"

    def __init__(self, name: QuantityName, known: tuple[QuantityName, ...]) -> None:
        self.name = name
        super().__init__(f"expected one of {', '.join(known)}, got {name}")


class NotEnoughDaysError(StateError):
    """A quantity has too few valid days to be forecast."""

    code = "state.vitality.days"

    def __init__(self, name: QuantityName, have: int, need: int) -> None:
        self.name = name
        self.have = have
        self.need = need
        super().__init__(f"expected at least {need} valid days of {name}, got {have}")


class HorizonError(StateError):
    """A row lies farther ahead than forecasts reach."""

    code = "state.vitality.horizon"

    def __init__(self, days: int, days_max: int) -> None:
        self.days = days
        self.days_max = days_max
        super().__init__(f"expected at most {days_max} days ahead, got {days}")


class MoveError(StateError):
    """A lever would move something that nobody can decide directly."""

    code = "state.vitality.move"

    def __init__(self, name: QuantityName, movable: tuple[QuantityName, ...]) -> None:
        self.name = name
        super().__init__(f"expected a lever on {' or '.join(movable)}, got one on {name}")
