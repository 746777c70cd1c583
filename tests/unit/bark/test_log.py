from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lex7.bark.entry import EntryKind
from lex7.bark.faults import (
    BrokenLogError,
    RunSizeError,
    StaleIncarnationError,
    StalePreparedError,
)
from lex7.bark.log import Log, read_runs
from lex7.bark.seal import Head, Seal
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import EntryHash, KeyId, LatticeId, StateHash
from lex7.storage.faults import StorageFullError
from lex7.storage.faulty import Failure, FaultyStorage
from lex7.storage.memory import MemoryStorage

OpenLog = Callable[..., Log]

STATE = StateHash(bytes(range(32)))
ITEM = (EntryKind.TRANSACTIONS, b"payload")
OTHER_HEAD = Head(KeyId(b"\x05" * 32), 0, 3, 41, EntryHash(b"\x06" * 32))


def commit(log: Log, items: Any, heads: tuple[Head, ...] = ()) -> Seal:
    prepared = log.prepare(items, heads=heads)
    return log.commit(prepared, state_hash=STATE, heads=heads)


def test_what_was_committed_is_read_back_verified(
    storage: MemoryStorage, open_log: OpenLog
) -> None:
    with open_log(storage) as log:
        commit(log, [(EntryKind.IMPORT, b"one"), (EntryKind.MODEL, b"two")])
        commit(log, [(EntryKind.VERDICT, b"")])
    with open_log(storage) as log:
        runs = list(log.runs())
    entries = [entry for run in runs for entry in run.entries]
    assert [(e.sequence, e.lamport, e.kind, e.payload) for e in entries] == [
        (1, 1, EntryKind.IMPORT, b"one"),
        (2, 2, EntryKind.MODEL, b"two"),
        (3, 3, EntryKind.VERDICT, b""),
    ]
    assert [run.seal.state_hash for run in runs] == [STATE, STATE]


def test_prepared_entries_equal_the_ones_read_back(
    storage: MemoryStorage, open_log: OpenLog
) -> None:
    log = open_log(storage)
    prepared = log.prepare([ITEM] * 64, heads=(OTHER_HEAD,))
    seal = log.commit(prepared, state_hash=STATE, heads=(OTHER_HEAD,))
    (run,) = log.runs()
    assert run.entries == prepared
    assert run.seal == seal
    assert run.head == log.head


def test_lamport_is_one_more_than_the_greatest_head_seen(
    storage: MemoryStorage, open_log: OpenLog
) -> None:
    log = open_log(storage)
    commit(log, [ITEM, ITEM], heads=(OTHER_HEAD,))
    commit(log, [ITEM])
    assert [e.lamport for run in log.runs() for e in run.entries] == [42, 43, 44]


def test_an_entry_hash_is_sha256_of_a_plain_cbor_header(
    storage: MemoryStorage, open_log: OpenLog, key: SigningKey
) -> None:
    log = open_log(storage)
    commit(log, [ITEM])
    _, headers, _ = cbor2.loads(storage.rows[0].sealed)
    _, ((salt, payload),) = cbor2.loads(storage.rows[0].bodies)
    assert headers[0][1] == key.public
    assert headers[0][7] == hashlib.sha256(salt + payload).digest()
    assert hashlib.sha256(cbor2.dumps(headers[0], canonical=True)).digest() == log.head.hash


def test_a_peer_library_accepts_the_signature_of_a_seal(
    storage: MemoryStorage, open_log: OpenLog, key: SigningKey
) -> None:
    log = open_log(storage)
    commit(log, [ITEM])
    _, _, (protected, _, payload, signature) = cbor2.loads(storage.rows[0].sealed)
    external = cbor2.dumps({1: "lex7.seal", 2: 1, 3: b"lattice of tests"}, canonical=True)
    covered = cbor2.dumps(["Signature1", protected, external, payload])
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, covered)


def test_reading_can_begin_anywhere(storage: MemoryStorage, open_log: OpenLog) -> None:
    log = open_log(storage)
    for _ in range(3):
        commit(log, [ITEM] * 3)
    assert [run.entries[0].sequence for run in log.runs(4)] == [4, 7]
    assert [run.entries[0].sequence for run in log.runs(5)] == [4, 7]
    assert [run.entries[0].sequence for run in log.runs(9)] == [7]
    assert list(log.runs(10)) == []


def test_a_second_prepare_forgets_the_first(storage: MemoryStorage, open_log: OpenLog) -> None:
    log = open_log(storage)
    first = log.prepare([ITEM], heads=())
    second = log.prepare([ITEM], heads=())
    with pytest.raises(StalePreparedError):
        log.commit(first, state_hash=STATE, heads=())
    log.commit(second, state_hash=STATE, heads=())
    with pytest.raises(StalePreparedError):
        log.commit(second, state_hash=STATE, heads=())


def test_commit_with_other_heads_is_refused(storage: MemoryStorage, open_log: OpenLog) -> None:
    log = open_log(storage)
    prepared = log.prepare([ITEM], heads=())
    with pytest.raises(StalePreparedError):
        log.commit(prepared, state_hash=STATE, heads=(OTHER_HEAD,))


@pytest.mark.parametrize("items", [[], [ITEM] * 65, [(EntryKind.MODEL, bytes((1 << 20) + 1))]])
def test_a_run_of_the_wrong_size_is_refused(
    storage: MemoryStorage, open_log: OpenLog, items: Any
) -> None:
    with pytest.raises(RunSizeError):
        open_log(storage).prepare(items, heads=())


def test_a_full_disk_leaves_the_log_as_it_was(storage: MemoryStorage, open_log: OpenLog) -> None:
    log = open_log(FaultyStorage(storage, {2: Failure.FULL}))
    commit(log, [ITEM])
    prepared = log.prepare([ITEM], heads=())
    with pytest.raises(StorageFullError):
        log.commit(prepared, state_hash=STATE, heads=())
    assert log.head.sequence == 1
    log.commit(prepared, state_hash=STATE, heads=())
    assert log.head.sequence == 2
    assert log.verify() == ()


def test_a_new_incarnation_continues_the_chain(storage: MemoryStorage, open_log: OpenLog) -> None:
    commit(open_log(storage), [ITEM])
    log = open_log(storage, incarnation=1)
    commit(log, [ITEM])
    assert [run.seal.incarnation for run in log.runs()] == [0, 1]
    assert log.verify() == ()
    with pytest.raises(StaleIncarnationError):
        open_log(storage, incarnation=0)


def test_a_log_of_another_writer_is_refused(storage: MemoryStorage, open_log: OpenLog) -> None:
    commit(open_log(storage), [ITEM])
    other = draw_key(SeededEntropy(9)).public
    with pytest.raises(BrokenLogError) as caught:
        list(read_runs(storage, 0, lattice=LatticeId(b"lattice of tests"), writer=other))
    assert (caught.value.code, caught.value.sequence) == ("log.signer", 1)


def test_a_log_of_another_lattice_is_refused(
    storage: MemoryStorage, open_log: OpenLog, key: SigningKey
) -> None:
    commit(open_log(storage), [ITEM])
    with pytest.raises(BrokenLogError) as caught:
        list(read_runs(storage, 0, lattice=LatticeId(b"another lattice!"), writer=key.public))
    assert (caught.value.code, caught.value.sequence) == ("log.signature", 1)


def test_payloads_can_be_left_out_and_the_chain_still_verifies(
    storage: MemoryStorage, open_log: OpenLog
) -> None:
    log = open_log(storage)
    commit(log, [ITEM, ITEM])
    storage.rows[0] = replace(storage.rows[0], bodies=None)
    assert [entry.payload for run in log.runs() for entry in run.entries] == [None, None]
    assert log.verify() == ()
