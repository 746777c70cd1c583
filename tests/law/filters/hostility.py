"""Values that no caller should pass, by kind of argument, and what may come of them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from lex7.base.errors import Lex7Error
from lex7.filters import Belief, Model
from lex7.filters.components import (
    AutoRegression,
    DampedTrend,
    Free,
    Initial,
    Level,
    Regression,
    Season,
    Step,
    Trend,
)
from lex7.filters.robust import Huber, StudentT

WIDE = (1 << 63) - 1
NUMBERS: tuple[Any, ...] = (
    math.nan,
    math.inf,
    -math.inf,
    1e300,
    -1e300,
    1e-300,
    -1.0,
    0.0,
    1e9,
    1e-9,
    None,
    "x",
    b"x",
    1j,
    Decimal(1),
    True,
    np.float32(0.5),
    np.array([0.5, 0.5]),
    np.array("x"),
    np.datetime64("2024-01-01"),
    10**400,
    [],
    {},
)
COUNTS: tuple[Any, ...] = (
    -1,
    0,
    10**6,
    WIDE,
    WIDE + 1,
    -WIDE - 1,
    -WIDE - 2,
    1 << 64,
    10**30,
    1.5,
    math.nan,
    None,
    "x",
    1j,
    True,
    np.int64(1),
    np.array([1, 2]),
    np.datetime64("NaT"),
    [],
)
BYTES: tuple[Any, ...] = (b"", b"x", b"L7", bytes(300), None, "x", 1, [1], bytearray(b"x"))
PARTS: tuple[Any, ...] = (
    None,
    "x",
    Level("x"),  # type: ignore[arg-type]
    Level(None),  # type: ignore[arg-type]
    Level(1j),  # type: ignore[arg-type]
    Level(math.nan),
    Level(math.inf),
    Level(-1.0),
    Level(1e300),
    Level(Free()),
    Level(0.0, initial=Initial((0.0, 1.0), (1.0,))),
    Level(0.0, initial=Initial((math.nan,), (1.0,))),
    Level(0.0, initial=Initial((0.0,), (-1.0,))),
    Level(0.0, initial=Initial(("x",), (1.0,))),  # type: ignore[arg-type]
    Level(0.0, initial="x"),  # type: ignore[arg-type]
    Trend(1e200, 0.0),
    DampedTrend(0.1, 0.1, 0.0),
    AutoRegression(0.1, -1.0),
    AutoRegression(0.1, 1e-300),
    Season(0.1, 0.0, 1),
    Season(0.1, 7.0, 0),
    Season(0.1, 7.0, 10**6),
    Season(0.1, 7.0, 2.5),  # type: ignore[arg-type]
    Season(0.1, 7.0, "x"),  # type: ignore[arg-type]
    Regression(-1),
    Regression(10**9),
    Regression(0.5),  # type: ignore[arg-type]
    Step(1 << 63),
    Step("x"),  # type: ignore[arg-type]
    Step(0.5),  # type: ignore[arg-type]
)


def arrays(good: np.ndarray) -> list[Any]:
    """Every way we know to get an array wrong, or unusual, beside a good one."""
    out: list[Any] = [None, "x", b"x", 1, {}, object(), [[1.0], [1.0, 2.0]], ["a", "b"], set()]
    for dtype in (np.int8, np.float32, np.bool_, complex, object, ">f8", "U4", "S4", "f2"):
        with np.errstate(all="ignore"):
            out.append(good.astype(dtype))
    with np.errstate(all="ignore"):
        out.append(good.astype(np.int64).astype("datetime64[ns]"))
    out.append(np.full(good.shape, None))
    out += [np.zeros(0), np.zeros((3, 0)), np.zeros((0, 3)), np.zeros((0, 0, 0)), good[None]]
    out += [good[:-1], np.concatenate([good, good]), good.T, good[..., :0], good[..., None]]
    frozen = good.copy()
    frozen.setflags(write=False)
    out += [frozen, np.repeat(good, 2, axis=0)[::2], np.asfortranarray(good), good[::-1]]
    out += [np.ma.masked_array(good, mask=True), good.tolist()]
    return out


def series(good: np.ndarray) -> list[Any]:
    """Hostile arrays of numbers."""
    out = arrays(good)
    for value in (math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-300, 1e100, 0.0, -1.0):
        whole, one = np.full_like(good, value), good.copy()
        one.flat[one.size // 2] = value
        out += [whole, one]
    return out


def instants(good: np.ndarray) -> list[Any]:
    """Hostile arrays of times."""
    ends = good.copy()
    ends[0], ends[-1] = -WIDE, WIDE
    size = np.arange(good.size, dtype=np.int64).reshape(good.shape)
    wrapped = good.copy()
    wrapped.flat[-1] = -WIDE
    out = [*arrays(good), np.zeros_like(good), size, size * 10**18]
    out += [ends, wrapped, good.astype(float), good.astype(np.uint64), -good, good * 1.5]
    out += [np.full(good.shape, WIDE), np.full(good.shape, np.datetime64("NaT", "ns"))]
    out += [[10**30] * len(good), size * 86_400 * 10**13, good.astype("datetime64[D]")]
    return out


def models(good: Model) -> list[Any]:
    """Hostile models."""
    out: list[Any] = [None, "x", b"x", 1, object(), Model((), 1.0), Model(None, 1.0)]  # type: ignore[arg-type]
    out += [replace(good, observation_sd=value) for value in (*NUMBERS, Free())]
    out += [replace(good, components=(part,)) for part in PARTS]
    out += [replace(good, components=(*good.components, part)) for part in PARTS]
    out += [replace(good, components=good.components * 100), replace(good, components=[Level(1.0)])]  # type: ignore[arg-type]
    out += [replace(good, components="x"), replace(good, components=Level(1.0))]  # type: ignore[arg-type]
    for noise in (StudentT(1.0), StudentT(math.nan), StudentT("x"), Huber(-1.0), Huber(0.0), "x"):  # type: ignore[arg-type]
        out.append(replace(good, robust=noise))  # type: ignore[arg-type]
    return [*out, replace(good, observation_sd=0.0), replace(good, robust=None)]  # type: ignore[arg-type]


def beliefs(good: Belief) -> list[Any]:
    """Hostile beliefs."""
    size = len(good.mean)
    out: list[Any] = ["x", 1, object(), replace(good, mean=np.zeros(size + 1))]
    out += [replace(good, time_ns=value) for value in COUNTS]
    for name in ("mean", "cov", "diffuse", "factor"):
        array = getattr(good, name)
        array = array if array.size else np.eye(size)
        out += [replace(good, **{name: bad}) for bad in series(array)]
    lopsided = good.cov + np.triu(np.ones((size, size)), 1)
    return [*out, replace(good, cov=lopsided), replace(good, cov=-np.eye(size))]


def hostile(good: Any) -> list[Any]:  # noqa: C901 - one case per kind
    """Hostile stand-ins for a good argument."""
    if isinstance(good, Model):
        return models(good)
    if isinstance(good, Belief):
        return beliefs(good)
    if isinstance(good, np.ndarray):
        return instants(good) if good.dtype.kind == "i" else series(good)
    if isinstance(good, bytes):
        flips = [bytes([*good[:at], good[at] ^ 255, *good[at + 1 :]]) for at in range(len(good))]
        return [*BYTES, good[:-1], good + b"\0", good[1:], good * 2, *flips]
    if isinstance(good, bool):
        return [True, False]
    if isinstance(good, int):
        return list(COUNTS)
    if isinstance(good, float):
        return list(NUMBERS)
    if isinstance(good, tuple | list):
        single = [type(good)([bad, *good[1:]]) for bad in (hostile(good[0]) if good else NUMBERS)]
        return [*single, type(good)(), type(good)([*good, *good]), None, "x", 1, object()]
    if dataclasses.is_dataclass(good):
        out = ["x", None, object()]
        for field in dataclasses.fields(good):
            bad = hostile(getattr(good, field.name))
            out += [replace(good, **{field.name: one}) for one in bad]  # type: ignore[type-var]
        return out
    return [None, "x", 1, object()]


def is_typed(error: BaseException) -> bool:
    """Whether an exception is one of ours and says what was expected and what came."""
    return isinstance(error, Lex7Error) and "expected" in str(error)


MAY_BE_NAN = {"deviation", "break_scores", "outlier_scores", "nis", "noise", "innovations"}
MAY_BE_NAN |= {
    "told",
    "missing",
    "innovation_vars",
    "noise_vars",
    "noise_spreads",
    "innovation",
    "variance",
}
MAY_BE_INFINITE = {"told", "innovation_vars", "variance", "log_sd", "standard_error"}


def unsound(  # noqa: C901 - one case per kind
    value: Any, name: str = "", *, had_nan: bool = True
) -> str | None:
    """Name the first number of a result that is not finite where it has to be."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            if found := unsound(inner, field.name, had_nan=had_nan):
                return found
        return None
    if isinstance(value, tuple | list):
        for inner in value:
            # What an update tells: innovation, its variance, a weight.
            told = name or ("told" if isinstance(inner, float) else "")
            if found := unsound(inner, told, had_nan=had_nan):
                return found
        return None
    if isinstance(value, float | np.ndarray | np.floating):
        array = np.asarray(value)
        if array.dtype.kind != "f":
            return None
        if np.isnan(array).any() and not (
            name in MAY_BE_NAN and (had_nan or "scores" in name or name == "deviation")
        ):
            return f"NaN in {name or 'the result'}"
        if np.isinf(array).any() and name not in MAY_BE_INFINITE:
            return f"infinity in {name or 'the result'}"
    return None


def has_nan(value: Any) -> bool:
    """Whether an argument marks something as missing or unknown."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return any(has_nan(getattr(value, field.name)) for field in dataclasses.fields(value))
    if isinstance(value, tuple | list):
        return any(has_nan(one) for one in value)
    if isinstance(value, np.ma.MaskedArray):
        return True
    if isinstance(value, float | np.ndarray | np.floating):
        array = np.asarray(value)
        return array.dtype.kind == "f" and not bool(np.isfinite(array).all())
    return False
