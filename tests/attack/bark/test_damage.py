"""Every way of changing a stored log that we could think of is found, and the place is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest

from lex7.bark import core_native
from lex7.bark.entry import EntryKind
from lex7.bark.faults import BrokenLogError
from lex7.bark.log import check_log, read_head, read_runs
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import Finding
from lex7.base.ids import LatticeId
from lex7.storage.interface import StoredRun
from lex7.storage.memory import MemoryStorage

LATTICE = LatticeId(b"lattice of tests")
Filled = Callable[[int, int], MemoryStorage]


def findings(storage: MemoryStorage, key: SigningKey) -> tuple[Finding, ...]:
    return tuple(check_log(storage, lattice=LATTICE, writer=key.public))


def first_error(storage: MemoryStorage, key: SigningKey) -> BrokenLogError:
    with pytest.raises(BrokenLogError) as caught:
        list(read_runs(storage, 0, lattice=LATTICE, writer=key.public))
    return caught.value


def flips(content: bytes) -> list[tuple[int, bytes]]:
    return [
        (place, content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        for place in range(len(content))
        for mask in (1, 0x80)
    ]


def spans(sealed: bytes) -> list[range]:
    """Where each header stands, recomputed with another CBOR library."""
    version, headers, seal = cbor2.loads(sealed)
    assert cbor2.dumps([version, headers, seal], canonical=True) == sealed
    start, listed = 3, []
    for header in headers:
        size = len(cbor2.dumps(header, canonical=True))
        listed.append(range(start, start + size))
        start += size
    return listed


def test_a_flipped_byte_of_a_header_names_its_entry(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 3)
    whole = storage.rows[1]
    where = spans(whole.sealed)
    for place, sealed in flips(whole.sealed):
        storage.rows[1] = replace(whole, sealed=sealed)
        entries = [4 + index for index, span in enumerate(where) if place in span]
        error = first_error(storage, key)
        assert error.sequence in (entries or (4, 5, 6)), (place, str(error))
        assert any(f"entry {error.sequence}" in found.where for found in findings(storage, key))


def test_a_flipped_byte_of_a_body_names_its_entry(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 3)
    whole = storage.rows[0]
    assert whole.bodies is not None
    size = len(cbor2.dumps(cbor2.loads(whole.bodies)[1][0]))
    for place, bodies in flips(whole.bodies):
        storage.rows[0] = replace(whole, bodies=bodies)
        error = first_error(storage, key)
        expected = min((place - 3) // size, 2) + 1
        assert error.sequence == expected or place < 3, (place, str(error))
        assert findings(storage, key)


def test_two_damaged_runs_are_both_named(filled: Filled, key: SigningKey) -> None:
    storage = filled(4, 2)
    for index in (0, 2):
        bodies = storage.rows[index].bodies
        assert bodies is not None
        storage.rows[index] = replace(storage.rows[index], bodies=bodies[:-1] + b"X")
    found = findings(storage, key)
    assert [(f.code, f.where.rpartition(" ")[2]) for f in found] == [
        ("log.payload", "2"),
        ("log.payload", "6"),
    ]


def test_every_cut_of_a_run_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(1, 2)
    whole = storage.rows[0]
    assert whole.bodies is not None
    for size in range(len(whole.sealed)):
        storage.rows[0] = replace(whole, sealed=whole.sealed[:size])
        assert first_error(storage, key).sequence in (1, 2)
    for size in range(len(whole.bodies)):
        storage.rows[0] = replace(whole, bodies=whole.bodies[:size])
        assert first_error(storage, key).sequence in (1, 2)


def test_a_lost_tail_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(3, 2)
    storage.rows.pop()
    assert first_error(storage, key).code == "log.tail"
    assert [finding.code for finding in findings(storage, key)] == ["log.tail"]
    with pytest.raises(BrokenLogError):
        read_head(storage, lattice=LATTICE, writer=key.public)


def test_a_lost_whole_log_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(1, 2)
    storage.rows.clear()
    assert [finding.code for finding in findings(storage, key)] == ["log.tail"]
    assert first_error(storage, key).sequence == 1


def test_a_lost_run_in_the_middle_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(3, 2)
    del storage.rows[1]
    assert first_error(storage, key).code == "log.gap"
    assert [finding.code for finding in findings(storage, key)] == ["log.gap"]


def test_swapped_rows_are_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 2)
    first, second = storage.rows
    storage.rows = [
        StoredRun(1, 2, second.sealed, second.bodies),
        StoredRun(3, 4, first.sealed, first.bodies),
    ]
    assert first_error(storage, key).sequence == 1
    assert {finding.where[-1] for finding in findings(storage, key)} >= {"1", "3"}


def test_swapped_bodies_are_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 2)
    first, second = storage.rows
    storage.rows = [replace(first, bodies=second.bodies), replace(second, bodies=first.bodies)]
    error = first_error(storage, key)
    assert (error.code, error.sequence) == ("log.payload", 1)
    assert len(findings(storage, key)) == 4


def test_a_replayed_seal_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 2)
    _, _, old_seal = cbor2.loads(storage.rows[0].sealed)
    _, headers, _ = cbor2.loads(storage.rows[1].sealed)
    forged = cbor2.dumps([1, headers, old_seal], canonical=True)
    storage.rows[1] = replace(storage.rows[1], sealed=forged)
    assert {finding.code for finding in findings(storage, key)} >= {"log.range"}
    assert first_error(storage, key).sequence in (3, 4)


def test_a_replayed_run_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(2, 2)
    storage.rows.append(replace(storage.rows[0], first=5, last=6))
    assert first_error(storage, key).sequence == 5
    assert findings(storage, key)


def test_a_run_sealed_by_another_key_is_found(filled: Filled, key: SigningKey) -> None:
    storage = filled(1, 2)
    other = draw_key(SeededEntropy(77))
    _, headers, _ = cbor2.loads(storage.rows[0].sealed)
    encoded = [cbor2.dumps(header, canonical=True) for header in headers]
    sealed, _ = core_native.run_seal(
        other.seed, LATTICE, encoded, [(bytes(16), b"")] * 2, (bytes(32), [])
    )
    storage.rows[0] = replace(storage.rows[0], sealed=sealed)
    assert first_error(storage, key).code == "log.signer"


def resealed(storage: MemoryStorage, key: SigningKey, changes: dict[int, object]) -> None:
    """Change the second header and let the writer itself seal the lie."""
    _, headers, _ = cbor2.loads(storage.rows[0].sealed)
    headers[1] = {**headers[1], **changes}
    encoded = [cbor2.dumps(header, canonical=True) for header in headers]
    _, bodies = cbor2.loads(storage.rows[0].bodies or b"")
    sealed, _ = core_native.run_seal(
        key.seed, LATTICE, encoded, [tuple(body) for body in bodies], (bytes(32), [])
    )
    storage.rows[0] = replace(storage.rows[0], sealed=sealed)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({1: b"\x09" * 32}, "log.writer"),
        ({2: 7}, "log.incarnation"),
        ({4: 99}, "log.lamport"),
        ({4: 1}, "log.lamport"),
        ({7: bytes(32)}, "log.payload"),
    ],
)
def test_a_writer_cannot_seal_what_breaks_a_rule(
    filled: Filled, key: SigningKey, changes: dict[int, object], code: str
) -> None:
    storage = filled(1, 2)
    resealed(storage, key, changes)
    error = first_error(storage, key)
    assert (error.code, error.sequence) == (code, 2)


def test_an_unknown_kind_is_refused(filled: Filled, key: SigningKey) -> None:
    storage = filled(1, 2)
    _, headers, seal = cbor2.loads(storage.rows[0].sealed)
    headers[1][5] = max(EntryKind) + 1
    sealed = cbor2.dumps([1, headers, seal], canonical=True)
    storage.rows[0] = replace(storage.rows[0], sealed=sealed)
    assert (first_error(storage, key).code, first_error(storage, key).sequence) == ("log.header", 2)


def test_a_second_spelling_of_a_header_is_refused(filled: Filled, key: SigningKey) -> None:
    storage = filled(1, 2)
    sealed = storage.rows[0].sealed
    at = spans(sealed)[1].start
    # {1: ...} with its first key written in two bytes: the same value, longer.
    longer = sealed[: at + 1] + b"\x18\x01" + sealed[at + 2 :]
    assert cbor2.loads(longer) == cbor2.loads(sealed)
    storage.rows[0] = replace(storage.rows[0], sealed=longer)
    error = first_error(storage, key)
    assert (error.code, error.sequence) == ("log.header", 2)
    assert error.found == f"canon.long_form at byte {at + 1}"
