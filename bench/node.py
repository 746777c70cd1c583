"""How fast a node's log is written, read back and verified, and how fast raw files are kept.

The replay of a fold needs 50,000 entries/s; verification alone must leave room for the fold.
"""

from __future__ import annotations

import hashlib
import io
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cbor2
from commands import replay_rows, waiting_rows
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from report import Row, cost, finish, rate, seconds

from lex7.bark import keys
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName, StateHash
from lex7.storage.blob import BlobStore
from lex7.storage.sqlite import SqliteStorage

RUNS = 1_600
ENTRIES_PER_RUN = 64
PAYLOAD_BYTES = 100
ENTRY_COUNT = RUNS * ENTRIES_PER_RUN
BLOB_BYTES = 64 << 20
PEER = "cbor2 and cryptography, one signature an entry"
PEER_COUNT = 2_000


def open_log(path: Path) -> Log:
    return Log(
        SqliteStorage(path, key=b"k" * 32),
        key=draw_key(SeededEntropy(1)),
        lattice=LatticeId(b"lattice of bench"),
        incarnation=0,
        entropy=SeededEntropy(2),
    )


def write(path: Path, runs: int) -> None:
    items = [(EntryKind.TRANSACTIONS, bytes(PAYLOAD_BYTES))] * ENTRIES_PER_RUN
    with open_log(path) as log:
        for _ in range(runs):
            log.commit(log.prepare(items, heads=()), state_hash=StateHash(bytes(32)), heads=())


def log_rows(folder: Path) -> list[Row]:
    size = f"{ENTRY_COUNT:,} entries of {PAYLOAD_BYTES} bytes in runs of {ENTRIES_PER_RUN}"
    path = folder / "log.db"
    write(path, RUNS)

    def verify() -> None:
        with open_log(path) as log:
            assert sum(len(run.entries) for run in log.runs()) == ENTRY_COUNT

    verified = ENTRY_COUNT / seconds(verify, clock=time.process_time)
    single = PEER_COUNT / seconds(peer_verifier(), repeat=3, clock=time.process_time)
    commit = seconds(lambda: write(folder / "one.db", 100), clock=time.process_time) / 100
    return [
        rate(f"verify {size}", verified, "entries/s", "limit", 150_000, 1),
        rate(f"verify {size}", verified, "entries/s", PEER, single, 8),
        cost("commit one run, processor time", commit * 1e3, "ms", "limit", 3, 1),
    ]


def peer_verifier() -> Callable[[], None]:
    """What verification costs with stock libraries and one signature an entry."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key()
    signed: list[tuple[bytes, bytes]] = []
    for number in range(PEER_COUNT):
        header = {1: bytes(32), 2: 0, 3: number, 4: number, 5: 5, 6: bytes(32), 7: bytes(32)}
        encoded = cbor2.dumps(header, canonical=True)
        signed.append((encoded, key.sign(encoded)))

    def verify() -> None:
        for encoded, signature in signed:
            public.verify(signature, encoded)
            assert cbor2.dumps(cbor2.loads(encoded), canonical=True) == encoded
            hashlib.sha256(encoded).digest()
            hashlib.sha256(bytes(16 + PAYLOAD_BYTES)).digest()

    return verify


def blob_rows(folder: Path) -> list[Row]:
    store = BlobStore(folder / "raw", key=b"k" * 32, entropy=SeededEntropy(3))
    line = b'<Record type="HKQuantityTypeIdentifierHeartRate" value="%d" unit="count/min"/>\n'
    chance = random.Random(1)
    text = b"".join(line % chance.randint(40, 180) for _ in range(BLOB_BYTES // 80))
    rows: list[Row] = []
    for name, content in (("text", text), ("noise", chance.randbytes(BLOB_BYTES))):
        size = f"{len(content) / 1e6:,.0f} MB of {name}"
        digest = store.put(io.BytesIO(content)).digest

        def put(content: bytes = content) -> None:
            store.put(io.BytesIO(content))

        def read(digest: bytes = digest) -> None:
            for _ in store.read(digest):
                pass

        for verb, work in (("keep", put), ("read", read)):
            speed = len(content) / 1e6 / seconds(work, repeat=3, clock=time.process_time)
            rows.append(rate(f"{verb} {size}, encrypted", speed, "MB/s", "limit", 200, 1))
    return rows


def key_rows() -> list[Row]:
    locked, _ = keys.create("passphrase", (NodeName("vit@bench"),), entropy=SeededEntropy(4))
    unlock = seconds(lambda: locked.unlock("passphrase"), clock=time.process_time)
    return [cost("unlock the keys", unlock, "s", "limit", 0.4, 1)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        rows = [*log_rows(folder), *blob_rows(folder), *key_rows()]
        finish([*rows, *replay_rows(folder), *waiting_rows(folder)])
