"""The bounds that a benchmark holds the runtime against: a pure read, pure integer products."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.ssm import Model, core_native
from lex7.ssm.core_native import CoreSession
from lex7.ssm.errors import ModelError

LEVELS = {"scalar": 16, "avx2": 8 * 32, "avx512": 12 * 64, "amx": 3 * 16 * 16 * 64}


def test_a_read_takes_every_word_of_weights_and_states(tiny_files: dict[str, Path]) -> None:
    model = Model.load(tiny_files["q8"])
    session = CoreSession(model.core)
    words = memoryview(
        tiny_files["q8"].read_bytes()[: tiny_files["q8"].stat().st_size // 8 * 8]
    ).cast("Q")
    weights = 0
    for word in words:
        weights ^= word
    state = 0
    for word in memoryview(session.snapshot()).cast("Q"):
        state ^= word
    turned = (state << 1 | state >> 63) & (2**64 - 1)
    assert core_native.read([session]) == weights ^ turned ^ state


def test_nothing_to_read_is_zero() -> None:
    assert core_native.read([]) == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_products_are_those_of_the_level_that_the_machine_runs(threads: int) -> None:
    names = list(LEVELS)
    for name in names:
        used = names[min(names.index(name), names.index(core_native.level()))]
        assert core_native.peak(name, threads, 1_000) == 1_000 * LEVELS[used]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ModelError, match="scalar, avx2, avx512 or amx"):
        core_native.peak("sse", 1, 1)
