"""Whatever is passed to `lex7.filters`: a finite answer, or a typed refusal in one sentence.

The public functions are found by looking, so a new one fails here until it has a good call of its
own; every argument of every good call is then replaced by everything hostile of its kind.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import warnings

import pytest
from good_arguments import Call
from good_calls import FUNCTION_CALLS
from good_streams import STREAM_CALLS
from hostility import has_nan, hostile, is_typed, unsound
from hypothesis import given, settings
from hypothesis import strategies as st

import lex7.filters as package

CALLS = FUNCTION_CALLS + STREAM_CALLS


def outcome(call: Call, arguments: dict[str, object]) -> str | None:
    """Make a call; say what is wrong with what came of it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            answer = call.make(**arguments)
    except BaseException as error:  # noqa: BLE001 - a panic of the kernels is no Exception
        if is_typed(error):
            return None
        return f"{type(error).__name__}: {error}"
    # Only ⊟ passes a missing value on.
    named = "missing" if "box_minus" in call.names else ""
    return unsound(answer, named, had_nan=any(has_nan(value) for value in arguments.values()))


@pytest.mark.parametrize("place", range(len(CALLS)), ids=[call.names[0] for call in CALLS])
def test_every_argument_is_refused_in_a_sentence_or_answered_in_numbers(place: int) -> None:
    call = CALLS[place]
    assert unsound(call.make(**call.good), had_nan=False) is None
    wrong = [
        f"{name}={bad!r}: {found}"
        for name, good in call.good.items()
        for bad in hostile(good)
        if (found := outcome(call, {**call.good, name: bad}))
    ]
    assert not wrong, "\n".join(wrong[:20])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_several_hostile_arguments_at_once_are_no_worse(data: st.DataObject) -> None:
    call = data.draw(st.sampled_from(CALLS))
    names = data.draw(st.lists(st.sampled_from(sorted(call.good)), min_size=1, unique=True))
    bad = {name: data.draw(st.sampled_from(hostile(call.good[name]))) for name in names}
    assert outcome(call, {**call.good, **bad}) is None


def test_every_public_function_and_method_has_a_call() -> None:
    named = {name for call in CALLS for name in call.names}
    assert public() - named == set()
    assert named - public() <= INSIDE


PLAIN_DATA = {"core_native", "errors", "components", "robust", "plots", "tables"}
"""Modules without public behaviour of their own here: the door, data, and two that need other
libraries' objects and are tested beside them."""


INSIDE = set("arguments beside moved_by result_of checked observed_cov scaled lane_of".split())
INSIDE |= set("bytes_of parts_of start_of choice Filter.to_bytes_or_empty".split())
"""Steps that public functions share; they are met through those."""


def public() -> set[str]:
    """Every public function and method of the package, found by looking."""
    out: set[str] = set()
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if info.name in PLAIN_DATA:
            continue
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                out.add(name)
            elif inspect.isclass(thing) and not getattr(thing, "_is_protocol", False):
                out |= methods(name, thing)
    return out - INSIDE


def methods(name: str, kind: type) -> set[str]:
    """The methods of one class, and the class itself where its constructor does work."""
    skipped = (property,) if hasattr(kind, "__dataclass_fields__") else ()
    out = {
        f"{name}.{member}"
        for member, value in vars(kind).items()
        if not member.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, property | classmethod))
        and not isinstance(value, skipped)
    }
    has_work = "__init__" in vars(kind) and not hasattr(kind, "__dataclass_fields__")
    is_error = issubclass(kind, Exception)
    return out | ({name} if has_work and not is_error else set())
