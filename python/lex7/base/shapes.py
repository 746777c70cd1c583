"""Array types, named once: the name says the meaning, the comment the shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

StateMean = NDArray[np.float64]
"""(n_state,)"""

StateCov = NDArray[np.float64]
"""(n_state, n_state), symmetric, positive semi-definite"""

Series = NDArray[np.float64]
"""(n_time,), NaN where missing"""

TimesNs = NDArray[np.int64]
"""(n_time,), nanoseconds UTC, ascending"""

DayGrid = NDArray[np.int64]
"""(n_day,), civil days, ascending"""

RowMean = NDArray[np.float64]
"""(n_row,)"""

RowCov = NDArray[np.float64]
"""(n_row, n_row)"""

RowGradient = NDArray[np.float64]
"""(n_row, n_lever): change of each row for one unit of each lever"""
