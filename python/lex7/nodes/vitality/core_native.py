"""Logarithms and log-normal moments from the compiled core, the same bits on every machine."""

from __future__ import annotations

import numpy as np

from lex7 import _core
from lex7.base.shapes import RowCov, RowMean, Series


def logarithms(values: Series) -> Series:
    """Return natural logarithms of positive values."""
    return _core.elementary_log(np.ascontiguousarray(values, dtype=np.float64))


def log_normal(mean: RowMean, cov: RowCov) -> tuple[RowMean, RowCov]:
    """Return mean and covariance of exp(x) for jointly Gaussian x."""
    return _core.elementary_log_normal(np.ascontiguousarray(mean), np.ascontiguousarray(cov))
