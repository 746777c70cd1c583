"""What a torch checkpoint's pickle says, read without running anything.

This is not Python's unpickler with a filter: it is a small machine of its own that knows the
opcodes `torch.save` writes. A GLOBAL pushes two words and imports nothing. REDUCE knows four
functions by name and builds plain records of ours; any other name is an error with the name in it.
So a hostile pickle can at worst describe tensors that are not there, and those are checked later.

Sources: CPython Lib/pickletools.py (opcodes), torch/_utils.py and torch/serialization.py (records).
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lex7.ssm.errors import printable
from lex7.ssm.spec import Shape

STORAGE_DTYPES = {"FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"}
ITEMS_MAX = 1_000_000
"""Values that one pickle may make; a checkpoint of 4,608 tensors makes some 100,000."""


class PickleRefused(Exception):  # noqa: N818 - becomes a CheckpointError at the file's reader
    """The pickle is damaged, or asks for something that is not a tensor."""

    def __init__(self, expected: str, got: str) -> None:
        self.expected = expected
        self.got = got
        super().__init__(printable(f"expected {expected}, got {got}"))


class Name(NamedTuple):
    """A global that the pickle names; it is never imported."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in another member of the archive: its key, format and count."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """A tensor: a place in a storage, a shape and strides, in numbers."""

    storage: Storage
    start: int
    shape: Shape
    strides: Shape


class _Mark:
    """Where the arguments of a list, tuple or dict begin on the stack."""


MARK: Final = _Mark()


def read_pickle(data: bytes) -> object:
    """Return what a checkpoint's pickle holds, as dicts, lists, numbers, words and `View`s.

    Raises:
        PickleRefused: it is damaged, or holds anything else.
    """
    machine = _Machine()
    stream = io.BytesIO(data)
    operations = pickletools.genops(stream)
    try:
        while True:
            # Asked before its argument is read: texts of the old protocol may warn.
            _check_known(data, stream.tell())
            opcode, argument, _ = next(operations)
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        raise PickleRefused("a whole pickle", f"{type(error).__name__}: {error}"[:120]) from error


def _check_known(data: bytes, place: int) -> None:
    name = _NAMES.get(data[place : place + 1])
    if name is not None and name != "STOP" and name not in _STEPS:
        raise PickleRefused("opcodes of a state dict", name)
    second = data.find(b"\n", data.find(b"\n", place) + 1)
    if name == "GLOBAL" and data.find(b"\\", place, second) >= 0:
        raise PickleRefused("names without escapes", "an escape")


class _Machine:
    """The stack and the memo while one pickle is read."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: object) -> None:
        """Do what one opcode says."""
        action = _STEPS.get(opcode)
        if action is None:
            raise PickleRefused("opcodes of a state dict", opcode)
        action(self, argument)
        if len(self.stack) + len(self.memo) > ITEMS_MAX:
            raise PickleRefused(f"at most {ITEMS_MAX:,} values", "more")

    def pop(self) -> Any:  # noqa: ANN401 - a pickle's values have no type until they are checked
        """Take the top of the stack."""
        value = self.stack.pop()
        if value is MARK:
            raise PickleRefused("a value", "a mark")
        return value

    def pop_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        values: list[Any] = []
        while (value := self.stack.pop()) is not MARK:
            values.append(value)
        return values[::-1]

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self.stack.append(value)


def _global(machine: _Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    machine.push(Name(module, name))


def _stack_global(machine: _Machine, _: object) -> None:
    name, module = machine.pop(), machine.pop()
    machine.push(Name(_text(module), _text(name)))


def _persistent(machine: _Machine, _: object) -> None:
    record = machine.pop()
    if not isinstance(record, tuple) or len(record) != 5 or record[0] != "storage":
        raise PickleRefused("a storage record of five fields", _spell(record))
    kind, key, count = record[1], record[2], record[4]
    if not isinstance(kind, Name) or kind.module not in ("torch", "torch.storage"):
        raise PickleRefused("a storage type of torch", _spell(kind))
    dtype = STORAGE_DTYPES.get(kind.name, kind.name)
    machine.push(Storage(_text(key), dtype, _count(count)))


def _reduce(machine: _Machine, _: object) -> None:
    arguments, called = machine.pop(), machine.pop()
    build = _RECORDS.get(called) if isinstance(called, Name) else None
    if build is None:
        raise PickleRefused("tensors and dicts only; no code is run", _spell(called))
    if not isinstance(arguments, tuple):
        raise PickleRefused("arguments as a tuple", type(arguments).__name__)
    machine.push(build(arguments))


def _build(machine: _Machine, _: object) -> None:
    # The attributes of a state dict (`_metadata`) say nothing about its tensors.
    machine.pop()
    if not isinstance(machine.stack[-1], dict):
        raise PickleRefused("attributes of a dict", _spell(machine.stack[-1]))


def _set_items(machine: _Machine, _: object) -> None:
    values = machine.pop_mark()
    _fill(machine.stack[-1], values)


def _set_item(machine: _Machine, _: object) -> None:
    value, key = machine.pop(), machine.pop()
    _fill(machine.stack[-1], [key, value])


def _fill(target: object, values: list[Any]) -> None:
    if not isinstance(target, dict) or len(values) % 2:
        raise PickleRefused("pairs for a dict", _spell(target))
    for key, value in zip(values[::2], values[1::2], strict=True):
        if not isinstance(key, str | int):
            raise PickleRefused("a word as key", _spell(key))
        if key in target:
            raise PickleRefused("every key once", f"{key!r} twice"[:80])
        target[key] = value


def _extend(machine: _Machine, values: list[Any]) -> None:
    target = machine.stack[-1]
    if not isinstance(target, list):
        raise PickleRefused("a list to append to", _spell(target))
    target.extend(values)


def _tuple(machine: _Machine, size: int) -> None:
    values = [machine.pop() for _ in range(size)]
    machine.push(tuple(values[::-1]))


def _ordered_dict(arguments: tuple[Any, ...]) -> object:
    if arguments:
        raise PickleRefused("an empty dict to fill", f"{len(arguments)} arguments")
    return {}


def _tensor(arguments: tuple[Any, ...]) -> View:
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise PickleRefused("a tensor over a storage", f"{len(arguments)} arguments")
    storage, start, shape, strides = arguments[:4]
    return View(storage, _count(start), _counts(shape), _counts(strides))


def _parameter(arguments: tuple[Any, ...]) -> View:
    if not arguments or not isinstance(arguments[0], View):
        raise PickleRefused("a parameter over a tensor", f"{len(arguments)} arguments")
    return arguments[0]


def _counts(value: object) -> Shape:
    if not isinstance(value, tuple):
        raise PickleRefused("a tuple of sizes", _spell(value))
    return tuple(_count(size) for size in value)


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 48:
        got = f"{value:,}"[:40] if isinstance(value, int) else _spell(value)
        raise PickleRefused("a size below 2^48", got)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 400:
        raise PickleRefused("a word", _spell(value))
    return value


def _spell(value: object) -> str:
    # Never repr(): tuples that share their parts can be short in the file and endless in print.
    if isinstance(value, Name):
        return f"{value.module}.{value.name}"[:80]
    return type(value).__name__


_RECORDS: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    Name("collections", "OrderedDict"): _ordered_dict,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
}


def _push_constant(*, value: object) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


def _argument(machine: _Machine, argument: object) -> None:
    machine.push(argument)


def _put(machine: _Machine, index: int) -> None:
    machine.memo[index] = machine.stack[-1]


def _get(machine: _Machine, index: int) -> None:
    machine.push(machine.memo[index])


def _nothing(machine: _Machine, argument: object) -> None:
    """Protocol and frame say how the bytes are laid out; genops has seen to that."""


_NAMES = {opcode.code.encode("latin-1"): opcode.name for opcode in pickletools.opcodes}
_ARGUMENTS = "BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE SHORT_BINUNICODE BINUNICODE8"
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(_ARGUMENTS.split(), _argument),
    "PROTO": _nothing,
    "FRAME": _nothing,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "MARK": _push_constant(value=MARK),
    "NONE": _push_constant(value=None),
    "NEWTRUE": _push_constant(value=True),
    "NEWFALSE": _push_constant(value=False),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": _push_constant(value=()),
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
    "BINGET": _get,
    "LONG_BINGET": _get,
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_mark())),
    "TUPLE1": lambda machine, _: _tuple(machine, 1),
    "TUPLE2": lambda machine, _: _tuple(machine, 2),
    "TUPLE3": lambda machine, _: _tuple(machine, 3),
    "APPEND": lambda machine, _: _extend(machine, [machine.pop()]),
    "APPENDS": lambda machine, _: _extend(machine, machine.pop_mark()),
    "BINPERSID": _persistent,
    "REDUCE": _reduce,
    "BUILD": _build,
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
}
