"""The answer about one rule: its standing, the numbers behind it, and one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid, RowMean
from lex7.directive.plan import CompiledRule, Leaf


class Standing(StrEnum):
    """How a rule stands.

    SATISFIED, VIOLATED and UNDECIDED compare bounds of the probability with the confidence asked
    for; the other two say that no comparison was made.
    """

    SATISFIED = "SATISFIED"
    VIOLATED = "VIOLATED"
    UNDECIDED = "UNDECIDED"
    NOT_ENOUGH_DATA = "NOT_ENOUGH_DATA"
    STALE = "STALE"


@dataclass(frozen=True, slots=True, eq=False)
class AssessedRows:
    """One test of a rule, day by day, at the z the rule asks of it.

    Attributes:
        leaf: the test or band.
        unit: the unit of mean, sd and error.
        days: (n_row,) civil days.
        mean: (n_row,) expected margin μ; for a band to its nearer edge.
        sd: (n_row,) standard deviation s.
        z: (n_row,) back-off in standard deviations.
        error: (n_row,) μ - z s: what is left after the confidence back-off; negative fails.
        probability: (n_row,) of each day by itself.
    """

    leaf: Leaf
    unit: str
    days: DayGrid
    mean: RowMean
    sd: RowMean
    z: NDArray[np.float64]
    error: NDArray[np.float64]
    probability: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WorstRow:
    """The day with the smallest error, with its numbers apart."""

    day: Day
    unit: str
    mean: float
    sd: float
    z: float
    error: float
    probability: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rule speaks of, as it is now.

    Attributes:
        value: the rule's own left side.
        sd: its standard deviation.
        low: the lower end of the 90 % band.
        high: the upper end.
        threshold: what the rule compares it with; for a band the half width.
        unit: the unit of all of these.
        day: the day they speak of.
    """

    value: float
    sd: float
    low: float
    high: float
    threshold: float
    unit: str
    day: Day


@dataclass(frozen=True, slots=True)
class Breach:
    """Days from the day of evaluation until the rule's error turns negative.

    Attributes:
        days: at the rule's own z, or None if not in its window.
        earliest: if things go badly (5 %), or None.
        latest: if things go well (95 %), or None.
    """

    days: int | None
    earliest: int | None
    latest: int | None


@dataclass(frozen=True, slots=True)
class Sampling:
    """What scenarios said, where they decide.

    Attributes:
        paths: how many were drawn.
        standard_error: of the probability, at the confidence asked for.
    """

    paths: int
    standard_error: float


@dataclass(frozen=True, slots=True)
class Shortage:
    """A quantity that has too few valid days, or none that is recent.

    Attributes:
        quantity: its name.
        sample: what one value is called.
        have: valid days so far.
        need: days needed before it is trusted.
        last_day: the newest day with a value, or None.
        near: where no node knows the name, a known one spelled much like it, else empty.
    """

    quantity: QuantityName
    sample: str
    have: int
    need: int
    last_day: Day | None
    near: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """How one rule stands and why.

    Attributes:
        rule: the rule.
        standing: the outcome.
        reason: one plain sentence.
        p_low: never above the probability that the rule holds; None without a comparison.
        p_high: never below it; None without a comparison.
        is_failing: True for VIOLATED, and for UNDECIDED where the rule is hard.
        is_uncertainty: True where the expected margin is enough and only its uncertainty is not.
        rows: the tests of the way to satisfy the rule that looks best now, day by day.
        worst: the row with the smallest error.
        reading: the value now, with its band.
        breach: days until the error turns negative.
        sampling: scenarios behind the probability, where they decide.
        shortage: what is missing, where no comparison was made.
    """

    rule: CompiledRule
    standing: Standing
    reason: str
    p_low: float | None
    p_high: float | None
    is_failing: bool
    is_uncertainty: bool
    rows: tuple[AssessedRows, ...]
    worst: WorstRow | None
    reading: Reading | None
    breach: Breach
    sampling: Sampling | None
    shortage: Shortage | None
