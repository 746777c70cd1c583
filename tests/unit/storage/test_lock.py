from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lex7.storage.lock import HomeBusyError, HomeLock

HOLDER = """
import sys
from pathlib import Path
from lex7.storage.lock import HomeLock
with HomeLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_held_home_names_the_process_that_holds_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(HomeBusyError) as caught:
            HomeLock(tmp_path)
        assert caught.value.pid == holder.pid
        holder.kill()
        holder.wait()
        HomeLock(tmp_path).close()


def test_the_lock_of_the_same_process_is_held_once(tmp_path: Path) -> None:
    with HomeLock(tmp_path), pytest.raises(HomeBusyError) as caught:
        HomeLock(tmp_path)
    assert caught.value.pid == os.getpid()
    with HomeLock(tmp_path):
        pass
