"""Streams beside other threads: the interpreter is free while a model computes."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lex7.ssm import Model, Reason, Sampler
from lex7.ssm.convert import draw
from lex7.ssm.spec import Spec

TEXTS = Path(__file__).resolve().parents[3] / "vectors" / "ssm" / "texts.json"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Model:
    place = tmp_path_factory.mktemp("slow") / "m.lex7"
    draw(place, Spec(4, 512, 1_024, vocab_size=272, token_count=272), quant="f32", seed=1)
    return Model.load(place)


@pytest.fixture
def no_turns() -> Iterator[None]:
    """A thread gives the interpreter away only when it says so."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1_000.0)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("no_turns")
@pytest.mark.parametrize("way", ["feed", "generate"])
def test_another_thread_runs_while_a_model_computes(slow: Model, way: str) -> None:
    session = slow.session()
    session.feed([1])
    begun, is_over = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        if way == "feed":
            session.feed([7] * 500)
        else:
            list(session.generate(30))
        is_over.set()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    # With the interpreter kept, this line would be reached after the work was over.
    was_over = is_over.is_set()
    thread.join()
    assert not was_over
    assert is_over.is_set()


def test_two_threads_step_their_own_sessions_at_once(slow: Model) -> None:
    sessions = [slow.session() for _ in range(2)]
    for session in sessions:
        session.feed([1, 2, 3])
    streams = [session.generate(20, sampler=Sampler(1.0, seed=4)) for session in sessions]
    threads = [threading.Thread(target=list, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert streams[0].tokens == streams[1].tokens
    assert len(streams[0].tokens) == 20
    assert sessions[0].hash() == sessions[1].hash()


def test_a_stream_is_cancelled_while_it_runs(slow: Model) -> None:
    session = slow.session()
    session.feed([1])
    stream = session.generate(1_000_000)
    first = threading.Event()

    def work() -> None:
        for _ in stream:
            first.set()

    thread = threading.Thread(target=work)
    thread.start()
    first.wait()
    stream.cancel()
    thread.join()
    assert stream.reason is Reason.CANCELLED
    assert session.position == 1 + len(stream.tokens)


@pytest.mark.parametrize("case", json.loads(TEXTS.read_text()), ids=lambda one: str(one["seed"]))
def test_the_same_seed_gives_the_pinned_text(case: dict[str, object], tiny: Model) -> None:
    # Pinned by this runtime: the same on every machine, in one run or in two.
    prompt, seed = str(case["prompt"]), int(str(case["seed"]))
    temperature = float(str(case["temperature"]))
    sampler = Sampler(temperature=temperature, top_p=0.95, top_k=100, seed=seed)
    session = tiny.session()
    session.feed(prompt.encode())
    stream = session.generate(60, sampler=sampler)
    list(stream)
    assert stream.text.hex() == case["text"]
    assert session.hash().hex() == case["state"]
