"""How long a person waits: rows of `bench/node.py` for commands from a cold start and for a replay.

The status is of the sample person's eighteen months; every start is a new process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from report import Row, cost, rate, seconds

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.civil import Day, zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import ImportId, LatticeId, NodeName
from lex7.base.record import ObservationBlock
from lex7.nodes.interface import Setting
from lex7.nodes.payload import encode_observations
from lex7.nodes.vitality.node import VitalityNode
from lex7.runtime.member import Member
from lex7.runtime.replay import replay
from lex7.sample.writing import AS_OF, write_sample
from lex7.storage.sqlite import SqliteStorage

STATUS_SECONDS_MAX = 1.5
WHATIF_SECONDS_MAX = 3.0
HELP_SECONDS_MAX = 0.2
REPLAY_ENTRIES_PER_SECOND = 50_000
STREAMS = ("heart.resting", "weight", "steps", "heart.hrv_sdnn")
DAYS = 12_800
NS_PER_DAY = 86_400 * 10**9


def lex7(folder: Path, *arguments: str) -> None:
    environment = {
        **os.environ,
        "LEX7_HOME": str(folder / "home"),
        "LEX7_PASSPHRASE_FILE": str(folder / "passphrase"),
    }
    subprocess.run(
        [sys.executable, "-m", "lex7.cli.main", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def waiting_rows(folder: Path) -> list[Row]:
    files = folder / "files"
    (folder / "passphrase").write_text("bench\n")
    write_sample(files, 7)
    as_of = AS_OF.isoformat()
    lex7(
        folder,
        "init",
        "--time-zone",
        "Europe/Berlin",
        "--directives",
        str(files / "directives.toml"),
    )
    exports = [
        str(p) for p in sorted(files.rglob("*")) if p.suffix in (".zip", ".ofx", ".qfx", ".csv")
    ]
    lex7(folder, "ingest", *exports, "--as-of", as_of)
    lex7(folder, "directives", "sign")
    status = seconds(lambda: lex7(folder, "status", "--as-of", as_of))
    supposed = seconds(lambda: lex7(folder, "whatif", "runway.bound=7 mo", "--as-of", as_of))
    shown = seconds(lambda: lex7(folder, "--help"))
    return [
        cost("lex7 status, 18 months, cold", status, "s", "limit", STATUS_SECONDS_MAX, 1.0),
        cost("lex7 whatif, 18 months, cold", supposed, "s", "limit", WHATIF_SECONDS_MAX, 1.0),
        cost("lex7 --help", shown, "s", "limit", HELP_SECONDS_MAX, 1.0),
    ]


def replay_rows(folder: Path) -> list[Row]:
    key = draw_key(SeededEntropy(1))
    storage = SqliteStorage(folder / "vit.db", key=b"k" * 32)
    lattice = LatticeId(b"lattice of bench")
    entropy = SeededEntropy(2)
    with Log(storage, key=key, lattice=lattice, incarnation=0, entropy=entropy) as log:
        member = Member(NodeName("vit@bench"), log)
        member.start(VitalityNode(Setting("USD", zone("Europe/Berlin"))))
        items = [
            (EntryKind.OBSERVATIONS, encode_observations(ImportId("0" * 12), block(stream, day)))
            for day in range(DAYS)
            for stream in STREAMS
        ]
        member.append(items, lambda: (log.head,))
        taken = seconds(lambda: replay(member, is_compared=True), repeat=3)
    work = f"replay --verify of {len(items):,} entries, every state hash compared"
    speed = len(items) / taken
    return [rate(work, speed, "entries/s", "limit", REPLAY_ENTRIES_PER_SECOND, 1.0)]


def block(stream: str, day: int) -> ObservationBlock:
    instant = np.array([day * NS_PER_DAY], dtype=np.int64)
    return ObservationBlock(
        stream=stream,
        day=Day(day),
        sources=("bench",),
        start_ns=instant,
        end_ns=instant,
        value=np.array([5_000 + day % 97], dtype=np.int64),
        source=np.zeros(1, dtype=np.uint16),
    )
