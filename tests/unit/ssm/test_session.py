"""Sessions: feeding, forks, marks, snapshots, generation."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from lex7.ssm import (
    Grammar,
    Kind,
    Model,
    Reason,
    Sampler,
    Session,
    convert,
    read_snapshot,
    step_many,
)
from lex7.ssm.errors import ModelArgumentError, SnapshotError, TokenError

PROMPT = list(b"The node log is ")
WARM = Sampler(temperature=0.9, top_p=0.95, seed=11)


def fed(model: Model) -> Session:
    session = model.session()
    session.feed(PROMPT)
    return session


def test_feed_gives_the_logits_of_the_last_token(tiny: Model) -> None:
    rows = tiny.session().feed_all(PROMPT)
    assert rows.shape == (len(PROMPT), 256)
    assert np.array_equal(fed(tiny).logits, rows[-1])
    assert fed(tiny).position == len(PROMPT)


def test_tokens_may_be_an_array_or_an_iterator(tiny: Model) -> None:
    session = tiny.session()
    session.feed(np.array(PROMPT[:4], np.uint8))
    session.feed(iter(PROMPT[4:]))
    assert session.hash() == fed(tiny).hash()


@pytest.mark.parametrize("tokens", [[], [1.5], ["a"], [[1]], [True, None], b""])
def test_what_is_no_row_of_integers_is_refused(tokens: object, tiny: Model) -> None:
    with pytest.raises(ModelArgumentError) as caught:
        tiny.session().feed(tokens)  # type: ignore[arg-type]
    assert caught.value.argument == "tokens"


@pytest.mark.parametrize("token", [-1, 256, 2**31, 2**63 - 1])
def test_a_token_outside_of_the_vocabulary_is_named_and_nothing_is_fed(
    token: int, tiny: Model
) -> None:
    session = fed(tiny)
    before = session.hash()
    with pytest.raises(TokenError) as caught:
        session.feed([1, token])
    assert (caught.value.argument, caught.value.got) == ("tokens[1]", str(token))
    assert session.hash() == before


def test_a_token_of_64_bits_is_refused(tiny: Model) -> None:
    with pytest.raises(ModelArgumentError):
        tiny.session().feed(np.array([2**64 - 1], np.uint64))


def test_a_fork_goes_on_by_itself(tiny: Model) -> None:
    session = fed(tiny)
    fork = session.fork()
    before = session.hash()
    fork.feed(b"x")
    assert session.hash() == before
    session.feed(b"x")
    assert fork.hash() == session.hash()
    assert np.array_equal(fork.logits, session.logits)


def test_rollback_gives_state_and_logits_back(tiny: Model) -> None:
    session = fed(tiny)
    before, logits = session.hash(), session.logits
    mark = session.mark()
    session.feed(b"something else")
    session.rollback(mark)
    assert session.hash() == before
    assert session.logits is logits


def test_rollback_without_a_mark_goes_to_the_newest_kept(tiny: Model) -> None:
    session = tiny.session()
    hashes = []
    for token in b"abc":
        session.feed([token])
        session.mark()
        hashes.append(session.hash())
    session.feed(b"z")
    session.rollback()
    assert session.hash() == hashes[2]
    session.rollback(session.marks[0])
    assert session.hash() == hashes[0]
    assert len(session.marks) == 1


def test_a_session_keeps_only_the_last_marks(tiny: Model) -> None:
    session = tiny.session()
    session.keep_marks(2)
    for token in b"abcd":
        session.feed([token])
        session.mark()
    assert [mark.position for mark in session.marks] == [3, 4]
    with pytest.raises(ModelArgumentError):
        session.keep_marks(0)
    with pytest.raises(ModelArgumentError):
        tiny.session().rollback()


def test_a_mark_of_another_model_is_refused(tiny: Model, tiny_files: dict[str, Path]) -> None:
    other = Model.load(tiny_files["f32"]).session()
    other.feed(b"a")
    with pytest.raises(ModelArgumentError):
        fed(tiny).rollback(other.mark())


@pytest.mark.parametrize("compressed", [False, True])
def test_a_snapshot_goes_on_bit_for_bit(compressed: bool, tiny: Model) -> None:
    session = fed(tiny)
    snapshot = read_snapshot(session.snapshot().to_bytes(compressed=compressed))
    resumed = snapshot.resume(tiny)
    assert (snapshot.hash, snapshot.position) == (session.hash(), len(PROMPT))
    assert snapshot.model_hash == tiny.hash
    assert list(resumed.generate(30, sampler=WARM)) == list(session.generate(30, sampler=WARM))
    assert resumed.hash() == session.hash()


def test_a_snapshot_of_another_model_is_refused(tiny: Model, tiny_files: dict[str, Path]) -> None:
    with pytest.raises(SnapshotError) as caught:
        fed(tiny).snapshot().resume(Model.load(tiny_files["q4"]))
    assert caught.value.argument == "model"


def test_every_changed_byte_of_a_snapshot_is_found(tiny: Model) -> None:
    data = fed(tiny).snapshot().to_bytes()
    for place in [*range(60), *range(60, len(data), 997), len(data) - 1]:
        changed = bytearray(data)
        changed[place] ^= 4
        with pytest.raises(SnapshotError):
            read_snapshot(bytes(changed))


@pytest.mark.parametrize("cut", [0, 8, 23, 55, 56, 5_000, -1])
def test_a_cut_snapshot_is_refused(cut: int, tiny: Model) -> None:
    for compressed in (False, True):
        data = fed(tiny).snapshot().to_bytes(compressed=compressed)
        with pytest.raises(SnapshotError):
            read_snapshot(data[:cut])


def test_hidden_states_come_before_the_head(tiny: Model) -> None:
    rows = tiny.session().hidden(PROMPT)
    logits = rows.astype(np.float64) @ tiny.tensor("backbone.embedding.weight").T
    ours = tiny.session().feed_all(PROMPT)
    assert rows.shape == (len(PROMPT), 64)
    # The runtime rounds hidden states to eight bits for the product.
    assert np.abs(logits - ours).max() < 0.03 * np.abs(ours).max()


def test_generation_needs_a_prompt(tiny: Model) -> None:
    with pytest.raises(ModelArgumentError):
        next(tiny.session().generate(1))


def test_greedy_is_the_argmax_of_each_step(tiny: Model) -> None:
    session, follower = fed(tiny), fed(tiny)
    for token in session.generate(20):
        assert token == int(np.argmax(follower.logits))
        follower.feed([token])
    assert session.hash() == follower.hash()


def test_the_same_seed_gives_the_same_text_in_one_run_or_two(tiny: Model) -> None:
    whole, parts = fed(tiny), fed(tiny)
    tokens = list(whole.generate(40, sampler=WARM))
    assert [*parts.generate(15, sampler=WARM), *parts.generate(25, sampler=WARM)] == tokens
    other = Sampler(temperature=0.9, top_p=0.95, seed=12)
    assert list(fed(tiny).generate(40, sampler=other)) != tokens


def test_a_loop_left_early_leaves_the_session_behind_the_last_token(tiny: Model) -> None:
    session = fed(tiny)
    for _ in session.generate(20):
        break
    assert session.position == len(PROMPT) + 1


def test_cancel_from_another_thread_ends_the_stream(tiny: Model) -> None:
    generation = fed(tiny).generate(1_000_000)
    next(generation)
    thread = threading.Thread(target=generation.cancel)
    thread.start()
    thread.join()
    assert list(generation) == []
    assert generation.reason is Reason.CANCELLED


def test_a_stop_sequence_is_found_across_tokens_and_is_no_part_of_the_text(tiny: Model) -> None:
    free = fed(tiny).generate(60)
    list(free)
    stop = free.text[10:14]
    generation = fed(tiny).generate(60, stop=(stop,))
    pieces = "".join(generation.pieces())
    assert generation.reason is Reason.STOP
    assert generation.text == free.text[: free.text.index(stop)]
    assert pieces.encode() == generation.text


def test_length_zero_gives_nothing(tiny: Model) -> None:
    generation = fed(tiny).generate(0)
    assert list(generation) == []
    assert generation.reason is Reason.LENGTH
    with pytest.raises(ModelArgumentError):
        fed(tiny).generate(-1)


def test_text_needs_a_tokenizer(tmp_path: Path) -> None:
    file = tmp_path / "none.lex7"
    source = Path(__file__).resolve().parents[3] / "vectors/ssm/state-spaces-f16"
    convert(source, file, quant="f32")
    session = Model.load(file).session()
    session.feed([1, 2])
    with pytest.raises(ModelArgumentError):
        session.generate(3, stop=("a",))
    with pytest.raises(ModelArgumentError):
        session.generate(3, grammar=Grammar(Kind.REGEX, "a"))
    with pytest.raises(ModelArgumentError):
        next(session.generate(3).pieces())
    # Rows that only pad the vocabulary are never chosen: 37 tokens in 40 rows.
    hot = Sampler(temperature=100.0)
    assert max(session.generate(300, sampler=hot)) < 37


def test_a_batch_feeds_every_session_as_if_alone(tiny: Model) -> None:
    sessions = [tiny.session() for _ in range(3)]
    for index, session in enumerate(sessions):
        session.feed(PROMPT[: 3 + index])
    alone = [session.fork() for session in sessions]
    rows = step_many(sessions, [65, 66, 67])
    for session, other, token, row in zip(sessions, alone, (65, 66, 67), rows, strict=True):
        assert np.array_equal(other.feed([token]), row)
        assert np.array_equal(session.logits, row)
        assert session.hash() == other.hash()


def test_a_batch_needs_as_many_tokens_as_sessions(tiny: Model) -> None:
    with pytest.raises(ModelArgumentError):
        step_many([tiny.session()], [1, 2])
