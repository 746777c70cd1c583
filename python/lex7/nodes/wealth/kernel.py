"""Covariances of sums of a mean-reverting flow, in closed form.

The rate of a flow on day u after the last observed one is m + l_u plus noise of its own, with
l_u = ρ l_{u-1} + w. With A(s) = ρ + ... + ρ^s and C(s) the flow summed over the days 1..s,

    Cov(C_s, C_t) = s t mm + (s A_t + t A_s) ml + A_s A_t ll + τ² (g_s + c_s A(t - s)) + D_s,  s ≤ t

plus the drift of scheduled amounts, where c_s = Cov(Σ l, l_s) / τ², g_s = Var(Σ l) / τ² for a
deviation known on day 0, and D_s the variance of what is independent from day to day. Independent
flows with one ρ add their parameters,
so any sum of flows is again one kernel. No matrix is ever multiplied: everything is by element.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.shapes import Series

Positions = NDArray[np.int64]
"""(n,), days after the last observed one; 0 for that day and every day before it"""

Table = NDArray[np.float64]
"""(n, k)"""


@dataclass(frozen=True, slots=True)
class Reversion:
    """Powers and sums of ρ on the days 0..n.

    Attributes:
        power: ρ^k for k = 0..2n.
        reach: A(k) for k = 0..n.
        along: c_k for k = 0..n.
        within: g_k for k = 0..n.
    """

    power: Series
    reach: Series
    along: Series
    within: Series


@dataclass(frozen=True, slots=True)
class Kernel:
    """The law of one flow or of a sum of independent ones, around its mean.

    Attributes:
        cov: mm, ml, ll of (m, l) on day 0.
        wander: τ², the variance of l in the long run.
        noise: (n + 1,) variance, summed over the days 1..k, of what is independent each day.
        ramps: (n + 1,) each: what the sums change when scheduled amounts drift by one standard
            deviation.
    """

    cov: tuple[float, float, float]
    wander: float
    noise: Series
    ramps: tuple[Series, ...] = ()


def make_reversion(rho: float, day_count: int) -> Reversion:
    """Tabulate ρ for forecasts of `day_count` days, by recursions in a fixed order."""
    power = np.ones(2 * day_count + 1)
    for k in range(1, len(power)):
        power[k] = power[k - 1] * rho
    reach, along, within = (np.zeros(day_count + 1) for _ in range(3))
    for k in range(1, day_count + 1):
        variance = 1.0 - power[2 * k]
        reach[k] = reach[k - 1] + power[k]
        within[k] = within[k - 1] + 2.0 * rho * along[k - 1] + variance
        along[k] = rho * along[k - 1] + variance
    return Reversion(power, reach, along, within)


def add_kernels(kernels: tuple[Kernel, ...]) -> Kernel:
    """Return the kernel of the sum of independent flows."""
    mm = ml = ll = wander = 0.0
    noise = np.zeros_like(kernels[0].noise)
    for kernel in kernels:
        mm, ml, ll = mm + kernel.cov[0], ml + kernel.cov[1], ll + kernel.cov[2]
        wander += kernel.wander
        noise = noise + kernel.noise
    ramps = tuple(ramp for kernel in kernels for ramp in kernel.ramps)
    return Kernel((mm, ml, ll), wander, noise, ramps)


def sums_with_sums(kernel: Kernel, table: Reversion, rows: Positions, columns: Positions) -> Table:
    """Return Cov(C_s, C_t) for every s of `rows` and t of `columns`."""
    mm, ml, ll = kernel.cov
    s, t = rows[:, None], columns[None, :]
    first = np.minimum(s, t)
    reach_s, reach_t = table.reach[rows][:, None], table.reach[columns][None, :]
    level = s * t * mm + (s * reach_t + t * reach_s) * ml + reach_s * reach_t * ll
    own = table.within[first] + table.along[first] * table.reach[np.abs(s - t)]
    result: Table = level + kernel.wander * own + kernel.noise[first]
    for ramp in kernel.ramps:
        result = result + ramp[rows][:, None] * ramp[columns][None, :]
    return result


def sums_with_levels(
    kernel: Kernel, table: Reversion, rows: Positions, columns: Positions, share: float
) -> Table:
    """Return Cov(C_s, m + share · l_t) for every s of `rows` and t of `columns`."""
    mm, ml, ll = kernel.cov
    s, t = rows[:, None], columns[None, :]
    reach, power = table.reach[rows][:, None], table.power[columns][None, :]
    later = table.along[np.minimum(s, t)] * table.power[np.maximum(t - s, 0)]
    variance = (1.0 - table.power[2 * columns])[None, :]
    own = later + variance * table.reach[np.maximum(s - t, 0)]
    deviation = power * (s * ml + reach * ll) + kernel.wander * own
    result: Table = s * mm + reach * ml + share * deviation
    return result


def levels_with_levels(
    kernel: Kernel, table: Reversion, rows: Positions, columns: Positions, share: float
) -> Table:
    """Return Cov(m + share · l_s, m + share · l_t) for every s of `rows` and t of `columns`."""
    mm, ml, ll = kernel.cov
    s, t = rows[:, None], columns[None, :]
    both = table.power[s + t]
    own = kernel.wander * (table.power[np.abs(s - t)] - both)
    mixed = (table.power[rows][:, None] + table.power[columns][None, :]) * ml
    result: Table = mm + share * mixed + share * share * (both * ll + own)
    return result
