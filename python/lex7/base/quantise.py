"""The one door from floats to the integers that stand in entries, packets and certificates."""

from __future__ import annotations

from fractions import Fraction

from lex7.base.errors import StateError

INTEGER_MAX = (1 << 63) - 1


class NotFiniteError(StateError):
    """A number that must cross into a log is NaN, infinite or out of range."""

    code = "state.not_finite"

    def __init__(self, what: str, value: float) -> None:
        self.what = what
        self.value = value
        super().__init__(f"expected {what} to be a finite number within 64 bits, got {value!r}")


def quantise(value: float, scale: int, *, what: str) -> int:
    """Round value × scale to the nearest integer, ties to even, exactly.

    The product is taken over the rationals, so the result does not depend on float rounding.

    Raises:
        NotFiniteError: the value is NaN, infinite, or does not fit 64 bits.
    """
    if value != value or value in (float("inf"), float("-inf")):
        raise NotFiniteError(what, value)
    result = round(Fraction(value) * scale)
    if abs(result) > INTEGER_MAX:
        raise NotFiniteError(what, value)
    return result
