"""The process is killed, the disk fills up, the file is damaged: no acknowledged entry is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log, check_log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import Lex7Error
from lex7.base.ids import LatticeId, StateHash
from lex7.storage.sqlite import SqliteStorage

KEY = draw_key(SeededEntropy(1))
LATTICE = LatticeId(b"lattice of tests")

WRITER = """
import sys
from pathlib import Path
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, StateHash
from lex7.storage.sqlite import SqliteStorage

storage = SqliteStorage(Path(sys.argv[1]), key=b"k" * 32)
key = draw_key(SeededEntropy(1))
lattice = LatticeId(b"lattice of tests")
with Log(storage, key=key, lattice=lattice, incarnation=0, entropy=SeededEntropy(2)) as log:
    while True:
        size = 1 + log.head.sequence % 64
        prepared = log.prepare([(EntryKind.OBSERVATIONS, bytes(3000))] * size, heads=())
        log.commit(prepared, state_hash=StateHash(bytes(32)), heads=())
        print(log.head.sequence, flush=True)
"""


def kill_while_writing(path: Path, acknowledgements: int) -> int:
    """Give the last sequence that was acknowledged before the kill."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(acknowledgements):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        # What was printed before the kill was acknowledged too.
        for line in writer.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
    return acknowledged


def open_log(path: Path) -> Log:
    storage = SqliteStorage(path, key=b"k" * 32)
    return Log(storage, key=KEY, lattice=LATTICE, incarnation=0, entropy=SeededEntropy(3))


def kill_rounds(path: Path, rounds: int) -> None:
    chance = random.Random(rounds)
    for _ in range(rounds):
        acknowledged = kill_while_writing(path, chance.randint(1, 6))
        with open_log(path) as log:
            assert log.head.sequence >= acknowledged
            assert log.verify() == ()


def test_a_killed_writer_loses_no_acknowledged_entry(tmp_path: Path) -> None:
    kill_rounds(tmp_path / "log.db", 20)


@pytest.mark.slow
def test_a_writer_killed_a_hundred_times_loses_no_acknowledged_entry(tmp_path: Path) -> None:
    kill_rounds(tmp_path / "log.db", 100)


FILLER = """
import resource, sys
from pathlib import Path
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, StateHash
from lex7.storage.faults import StorageFullError
from lex7.storage.sqlite import SqliteStorage

storage = SqliteStorage(Path(sys.argv[1]), key=b"k" * 32)
key = draw_key(SeededEntropy(1))
lattice = LatticeId(b"lattice of tests")
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with Log(storage, key=key, lattice=lattice, incarnation=0, entropy=SeededEntropy(2)) as log:
    def append():
        prepared = log.prepare([(EntryKind.OBSERVATIONS, bytes(9000))], heads=())
        log.commit(prepared, state_hash=StateHash(bytes(32)), heads=())
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    refused = 0
    while refused < 3:
        try:
            append()
        except StorageFullError:
            refused += 1
    full_at = log.head.sequence
    assert log.verify() == ()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    append()
    assert log.head.sequence == full_at + 1
    assert log.verify() == ()
print(full_at)
"""


def test_a_full_disk_is_said_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILLER, str(tmp_path / "log.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    with open_log(tmp_path / "log.db") as log:
        assert log.head.sequence == int(done.stdout) + 1
        assert log.verify() == ()


READ_ONLY = """
import os, sys
from pathlib import Path
import apsw
from lex7.base.errors import StorageError
from lex7.storage.files import replace_file
from lex7.storage.sqlite import SqliteStorage

home = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
for attempt in (
    lambda: SqliteStorage(home / "new.db", key=b"k" * 32),
    lambda: SqliteStorage(home / "log.db", key=b"k" * 32),
    lambda: replace_file(home / "keys.json", b"new"),
):
    try:
        attempt()
    except StorageError as error:
        print(error.code)
"""


def test_a_read_only_home_is_said() -> None:
    # Not under tmp_path: its parents are closed to the user that the script becomes.
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        open_log(home / "log.db").close()
        (home / "log.db").chmod(0o444)
        home.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        home.chmod(0o755)
    assert done.stderr == ""
    assert done.stdout.split() == ["storage.read_only", "storage.read_only", "storage.read_only"]


def damaged_everywhere(folder: Path, stride: int) -> None:
    path, copy = folder / "log.db", folder / "copy.db"
    with open_log(path) as log:
        for _ in range(4):
            prepared = log.prepare([(EntryKind.MODEL, b"x" * 900)] * 3, heads=())
            log.commit(prepared, state_hash=StateHash(bytes(32)), heads=())
    content = path.read_bytes()
    for place in range(0, len(content), stride):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        copy.write_bytes(changed)
        assert is_found(copy), place


def is_found(path: Path) -> bool:
    try:
        storage = SqliteStorage(path, key=b"k" * 32)
    except Lex7Error:
        return True
    try:
        return bool(tuple(check_log(storage, lattice=LATTICE, writer=KEY.public)))
    finally:
        storage.close()


def test_a_flipped_byte_of_the_database_is_found(tmp_path: Path) -> None:
    damaged_everywhere(tmp_path, 251)


@pytest.mark.slow
def test_every_flipped_byte_of_the_database_is_found(tmp_path: Path) -> None:
    damaged_everywhere(tmp_path, 1)


@pytest.mark.parametrize("kept", [0, 1, 100, 4096, 8192, 20_000])
def test_a_cut_database_is_found(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "log.db"
    with open_log(path) as log:
        for _ in range(4):
            prepared = log.prepare([(EntryKind.MODEL, b"x" * 900)] * 3, heads=())
            log.commit(prepared, state_hash=StateHash(bytes(32)), heads=())
    path.write_bytes(path.read_bytes()[:kept])
    assert is_found(path)
