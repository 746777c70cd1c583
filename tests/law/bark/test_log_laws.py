from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.run import Item, batches
from lex7.bark.seal import Head
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import EntryHash, KeyId, LatticeId, StateHash
from lex7.base.limits import ENTRIES_PER_SEAL_MAX, RUN_PAYLOAD_BYTES_MAX
from lex7.storage.memory import MemoryStorage

KEY = draw_key(SeededEntropy(1))
ITEMS = st.tuples(st.sampled_from(EntryKind), st.binary(max_size=50))
HEADS = st.lists(
    st.builds(
        Head,
        writer=st.binary(min_size=32, max_size=32).map(KeyId),
        incarnation=st.integers(0, 9),
        sequence=st.integers(0, 1 << 40),
        lamport=st.integers(0, 1 << 40),
        hash=st.binary(min_size=32, max_size=32).map(EntryHash),
    ),
    max_size=3,
    unique_by=lambda head: head.writer,
).map(tuple)
RUNS = st.lists(
    st.tuples(st.lists(ITEMS, min_size=1, max_size=6), HEADS, st.integers(0, 2)), max_size=5
)


def open_log(storage: MemoryStorage, incarnation: int) -> Log:
    return Log(
        storage,
        key=KEY,
        lattice=LatticeId(b"lattice of tests"),
        incarnation=incarnation,
        entropy=SeededEntropy(2),
    )


@settings(deadline=None)
@given(RUNS)
def test_what_is_appended_over_many_lives_is_what_is_read(
    runs: list[tuple[list[Item], tuple[Head, ...], int]],
) -> None:
    storage = MemoryStorage()
    written = []
    incarnation = 0
    for number, (items, heads, step) in enumerate(runs):
        incarnation += step
        log = open_log(storage, incarnation)
        prepared = log.prepare(items, heads=heads)
        log.commit(prepared, state_hash=StateHash(bytes([number]) * 32), heads=heads)
        written.append(prepared)
    log = open_log(storage, incarnation)
    read = list(log.runs())
    assert [run.entries for run in read] == written
    assert log.verify() == ()
    lamports = [entry.lamport for run in read for entry in run.entries]
    assert lamports == sorted(set(lamports))
    for run in read:
        assert run.entries[0].lamport > max([0, *(head.lamport for head in run.seal.heads)])


PAYLOADS = [bytes(size) for size in (0, 1, 100_000, 1 << 19, (1 << 20) - 1, 1 << 20)]


@given(st.lists(st.sampled_from(PAYLOADS), max_size=200))
def test_batches_keep_order_and_fit_a_run(payloads: list[bytes]) -> None:
    items = [(EntryKind.MODEL, payload) for payload in payloads]
    cut = list(batches(items))
    assert [item for batch in cut for item in batch] == items
    for batch in cut:
        assert 1 <= len(batch) <= ENTRIES_PER_SEAL_MAX
        assert sum(len(payload) for _, payload in batch) <= RUN_PAYLOAD_BYTES_MAX
    for left, right in pairwise(cut):
        size = sum(len(payload) for _, payload in left) + len(right[0][1])
        assert len(left) == ENTRIES_PER_SEAL_MAX or size > RUN_PAYLOAD_BYTES_MAX
