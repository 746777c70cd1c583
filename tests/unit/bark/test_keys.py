from __future__ import annotations

import json
from pathlib import Path

import pytest

from lex7.bark import keys
from lex7.bark.faults import KeyFileError, WrongPassphraseError
from lex7.bark.keys import KeyFile
from lex7.bark.recovery import read_code, write_code
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import NodeName

PASSPHRASE = "correct horse battery staple"
NODES = (NodeName("vit@laptop"), NodeName("wth@laptop"))


@pytest.fixture(scope="module")
def made() -> tuple[KeyFile, str]:
    return keys.create(PASSPHRASE, NODES, entropy=SeededEntropy(1))


def test_the_passphrase_and_the_recovery_code_open_the_same_keys(made: tuple[KeyFile, str]) -> None:
    locked, code = made
    opened = locked.unlock(PASSPHRASE)
    assert opened == locked.unlock_with_recovery(code)
    assert opened == locked.unlock_with_recovery(code.lower().replace("-", " "))
    assert opened.owner.public == locked.owner
    assert {name: key.public for name, key in opened.nodes.items()} == locked.nodes
    assert tuple(opened.nodes) == NODES
    assert (
        len({opened.database_key, opened.owner.seed, *(k.seed for k in opened.nodes.values())}) == 4
    )


def test_another_passphrase_is_refused(made: tuple[KeyFile, str]) -> None:
    with pytest.raises(WrongPassphraseError):
        made[0].unlock("wrong")


def test_the_file_reads_back(made: tuple[KeyFile, str], tmp_path: Path) -> None:
    keys.save(made[0], tmp_path / "keys.json")
    assert keys.load(tmp_path / "keys.json") == made[0]
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_no_secret_stands_in_the_file_or_in_a_representation(made: tuple[KeyFile, str]) -> None:
    locked, code = made
    opened = locked.unlock(PASSPHRASE)
    shown = keys.write(locked).decode() + repr(locked) + repr(opened)
    for secret in (opened.database_key, opened.owner.seed, opened.nodes[NODES[0]].seed):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    assert code not in shown


def test_a_changed_passphrase_opens_and_the_old_one_does_not(made: tuple[KeyFile, str]) -> None:
    changed = made[0].change_passphrase(PASSPHRASE, "new", entropy=SeededEntropy(3))
    assert changed.unlock("new") == made[0].unlock(PASSPHRASE)
    assert changed.unlock_with_recovery(made[1]) == made[0].unlock(PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        changed.unlock(PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        made[0].change_passphrase("wrong", "new", entropy=SeededEntropy(3))


def test_a_forgotten_passphrase_is_replaced_by_the_recovery_code(made: tuple[KeyFile, str]) -> None:
    changed = made[0].replace_passphrase(made[1], "new", entropy=SeededEntropy(3))
    assert changed.unlock("new") == made[0].unlock(PASSPHRASE)


def test_a_new_incarnation_keeps_every_key(made: tuple[KeyFile, str]) -> None:
    moved = made[0].begin_incarnation(PASSPHRASE, entropy=SeededEntropy(3))
    before, after = made[0].unlock(PASSPHRASE), moved.unlock(PASSPHRASE)
    assert (before.incarnation, after.incarnation, moved.incarnation) == (0, 1, 1)
    assert (after.owner, after.nodes, after.database_key) == (
        before.owner,
        before.nodes,
        before.database_key,
    )


@pytest.mark.parametrize("field", ["incarnation", "lattice", "owner", "nodes"])
def test_a_change_of_the_public_part_is_found(made: tuple[KeyFile, str], field: str) -> None:
    fields = json.loads(keys.write(made[0]))
    changed = {"incarnation": 1, "lattice": "00" * 16, "owner": "00" * 32, "nodes": {}}
    fields[field] = changed[field]
    with pytest.raises(WrongPassphraseError):
        keys.read(json.dumps(fields).encode(), place="keys").unlock(PASSPHRASE)


def test_the_master_key_opens_for_a_keyring(made: tuple[KeyFile, str]) -> None:
    master = made[0].master_key(PASSPHRASE)
    assert made[0].unlock_with_master(master) == made[0].unlock(PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": "lex7-keys/2"}',
        b'{"format": "lex7-keys/1", "lattice": 3}',
    ],
)
def test_a_file_that_holds_no_keys_is_refused(content: bytes) -> None:
    with pytest.raises(KeyFileError):
        keys.read(content, place="keys.json")


@pytest.mark.parametrize("cost", [0, 1, 3, 1 << 19, -2, "2"])
def test_a_cost_that_would_stall_or_weaken_is_refused(
    made: tuple[KeyFile, str], cost: object
) -> None:
    fields = json.loads(keys.write(made[0]))
    fields["passphrase"]["cost"] = cost
    with pytest.raises(KeyFileError):
        keys.read(json.dumps(fields).encode(), place="keys.json")


def test_a_mistyped_recovery_code_is_told_from_a_wrong_one() -> None:
    code = write_code(bytes(range(16)))
    assert read_code(code) == bytes(range(16))
    for place, letter in enumerate(code):
        if letter != "-":
            other = "Z" if letter != "Z" else "Y"
            with pytest.raises(WrongPassphraseError, match="typing mistake"):
                read_code(code[:place] + other + code[place + 1 :])
