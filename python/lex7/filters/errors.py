"""What filters refuse, with the argument, what was expected and what came."""

from __future__ import annotations

from lex7.base.errors import StateError


class FilterArgumentError(StateError):
    """An argument of a filter is not what it must be."""

    code = "state.filter.argument"

    def __init__(self, argument: str, expected: str, got: str) -> None:
        self.argument = argument
        self.expected = expected
        self.got = got
        super().__init__(f"expected {argument} to be {expected}, got {got}")


class FilterDiffuseError(StateError):
    """The observations so far do not determine every part of the state."""

    code = "state.filter.diffuse"

    def __init__(self, left: int) -> None:
        self.left = left
        super().__init__(
            f"expected observations that determine the whole state, got too few: {left} "
            "of its directions are still unknown"
        )


class FilterDivergedError(StateError):
    """A number left the finite range."""

    code = "state.filter.diverged"

    def __init__(self, row: int, series: int | None = None) -> None:
        self.row = row
        self.series = series
        place = f"row {row}" if series is None else f"row {row} of series {series}"
        super().__init__(
            f"expected numbers that stay finite, got an overflow at {place}; "
            "check the scale of values, times and noise there"
        )
