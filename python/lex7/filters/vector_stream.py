"""A filter of several outputs that takes in rows as they come, one call each.

The steps are those of `run_vector`: the belief after a stream of updates has the bits of a run over
the same rows, and a filter restored from its bytes goes on with the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.ids import StateHash
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.vector import VectorModel, VectorSeries, arguments

_NONE = np.zeros((0, 0))
_NONE_BY_ROW = np.zeros((0, 0, 0))
_NO_INPUTS = np.zeros((1, 0))


@dataclass(frozen=True, slots=True, eq=False)
class VectorUpdate:
    """What one row of outputs did.

    Attributes:
        innovations: (outputs,) each entry less its prediction before the row, NaN where missing.
        innovation_vars: (outputs,) their variances, infinite while the start is diffuse.
        loglik: the log-density of the row; exact diffuse.
    """

    innovations: NDArray[np.float64]
    innovation_vars: NDArray[np.float64]
    loglik: float


class VectorFilter:
    """Several outputs under way: a model and its belief, a resource with mutable state."""

    __slots__ = ("_kernel", "_outputs", "model")

    def __init__(self, model: VectorModel, belief: Belief | None = None) -> None:
        if not isinstance(model, VectorModel):
            raise FilterArgumentError("model", "a VectorModel", type(model).__name__)
        outputs = len(core_native.floats("loading", model.loading, 2))
        empty = VectorSeries(np.zeros(0, dtype=np.int64), np.zeros((0, outputs)))
        self.model, self._outputs = model, outputs
        self._kernel = core_native.FilterVectorStream(arguments(model, empty, belief)[0])

    def update(
        self,
        time_ns: int,
        values: ArrayLike,
        *,
        inputs: ArrayLike | None = None,
        controls: ArrayLike | None = None,
        observation_cov: ArrayLike | None = None,
    ) -> VectorUpdate:
        """Take in one row of outputs, NaN where missing; a row of NaN only moves time on.

        `inputs` are the row's of regressions, `controls` the known inputs that move the state, and
        `observation_cov` is (outputs, outputs) in place of the model's. A row that is refused
        leaves the filter as it was.

        Raises:
            FilterArgumentError: an argument has the wrong shape, dtype, order or range.
            FilterDivergedError: a number left the finite range.
        """
        when = core_native.instant("time_ns", time_ns)
        row = core_native.floats("values", values, 1)[None]
        core_native.check_columns("values", row, self._outputs)
        if inputs is None and controls is None and observation_cov is None:
            columns = (row, _NONE, _NONE, _NONE_BY_ROW, _NONE_BY_ROW)
            return VectorUpdate(*self._kernel.update((np.array([when]), _NO_INPUTS, columns)))
        series = VectorSeries(
            np.array([when]),
            row,
            inputs=_row("inputs", inputs, 1),
            controls=_row("controls", controls, 1),
            observation_covs=_row("observation_cov", observation_cov, 2),
        )
        return VectorUpdate(*self._kernel.update(arguments(self.model, series, None)[1]))

    def belief(self) -> Belief:
        """Return the belief after the last row.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return Belief.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the belief.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("filter", "one that has taken in a row", "a fresh one")
        return data

    @classmethod
    def from_bytes(cls, model: VectorModel, data: bytes) -> VectorFilter:
        """Go on from the bytes of a filter of the same model.

        Raises:
            FilterArgumentError: these are not the bytes of a belief, or of another model's.
        """
        return cls(model, Belief.from_bytes(data))

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names the belief."""
        return core_native.state_hash(self.to_bytes())


def _row(argument: str, values: ArrayLike | None, dimensions: int) -> NDArray[np.float64] | None:
    return None if values is None else core_native.floats(argument, values, dimensions)[None]
