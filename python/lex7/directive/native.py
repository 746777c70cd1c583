"""The one door to the numbers that decide: Φ and the joint bounds of `lex7._core`."""

from __future__ import annotations

from lex7._core import (
    band_probability,
    band_reach,
    joint_bounds,
    joint_common_z,
    joint_reallocate,
    normal_cdf,
    normal_quantile,
)

__all__ = [
    "band_probability",
    "band_reach",
    "joint_bounds",
    "joint_common_z",
    "joint_reallocate",
    "normal_cdf",
    "normal_quantile",
]
