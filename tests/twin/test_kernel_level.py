"""The instruction level is chosen once, at import, and can be capped from the environment."""

import os
import subprocess
import sys

import pytest


def _level(setting: str) -> subprocess.CompletedProcess[str]:
    program = "from lex7 import _core; print(_core.kernel_level())"
    environment = os.environ | {"LEX7_KERNELS": setting}
    return subprocess.run(  # the interpreter that runs the tests
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_scalar_is_available_everywhere() -> None:
    assert _level("scalar").stdout == "scalar\n"


@pytest.mark.parametrize("setting", ["avx2", "avx512", "amx"])
def test_a_level_is_never_wider_than_asked_for(setting: str) -> None:
    order = ["scalar", "avx2", "avx512", "amx"]
    assert order.index(_level(setting).stdout.strip()) <= order.index(setting)


def test_an_unknown_level_is_named() -> None:
    assert 'expected scalar, avx2, avx512 or amx, got "sse"' in _level("sse").stderr
