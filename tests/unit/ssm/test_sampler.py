"""The choice of a token against NumPy, and its settings' bounds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lex7.ssm import GREEDY, Sampler
from lex7.ssm.errors import ModelArgumentError

FROZEN = Path(__file__).resolve().parents[3] / "vectors" / "ssm" / "sampler.json"
LOGITS = np.array([0.1, 2.0, -1.0, 2.0, 1.5], np.float32)


def test_greedy_takes_the_lowest_of_equals() -> None:
    assert GREEDY.choose(LOGITS, position=0) == (1, 1.0)


def test_masked_and_padding_tokens_are_never_chosen() -> None:
    mask = np.array([0b11001], np.uint32)
    assert GREEDY.choose(LOGITS, position=0, mask=mask)[0] == 3
    assert GREEDY.choose(LOGITS, position=0, token_count=1)[0] == 0


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_frequencies_are_the_softmax_of_numpy(temperature: float) -> None:
    sampler = Sampler(temperature=temperature, seed=5)
    drawn = [sampler.choose(LOGITS, position=place)[0] for place in range(20_000)]
    weight = np.exp(LOGITS.astype(float) / temperature)
    expected = weight / weight.sum()
    counted = np.bincount(drawn, minlength=5) / 20_000
    assert np.all(np.abs(counted - expected) < 5 * np.sqrt(expected / 20_000))


def test_top_p_keeps_the_fewest_that_have_the_share() -> None:
    kept = Sampler(temperature=1.0, top_p=0.6)
    drawn = {kept.choose(LOGITS, position=place)[0] for place in range(400)}
    assert drawn == {1, 3}


def test_top_k_keeps_so_many() -> None:
    kept = Sampler(temperature=1.0, top_k=3)
    drawn = {kept.choose(LOGITS, position=place)[0] for place in range(400)}
    assert drawn == {1, 3, 4}


def test_a_choice_depends_on_seed_and_position_alone() -> None:
    # From Philox4x32-10 with key (9, 0) and counter (position, 0, "TOKN", 0).
    draw = np.zeros(1_000, np.float32)
    sampler = Sampler(temperature=1.0, seed=9)
    first = [sampler.choose(draw, position=place)[0] for place in range(5)]
    assert first == [sampler.choose(draw, position=place)[0] for place in range(5)]
    assert len(set(first)) > 1


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_k": -1},
        {"seed": -1},
        {"seed": 2**64},
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(ModelArgumentError) as caught:
        Sampler(**settings)  # type: ignore[arg-type]
    assert caught.value.argument in settings


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelArgumentError):
        GREEDY.choose(np.array([1.0, np.nan], np.float32), position=0)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(ModelArgumentError):
        GREEDY.choose(LOGITS, position=0, mask=np.zeros(1, np.uint32))


def bits(allowed: list[int] | None, size: int) -> np.ndarray | None:
    if allowed is None:
        return None
    words = np.zeros(-(-size // 32), np.uint32)
    for token in allowed:
        words[token // 32] |= np.uint32(1 << token % 32)
    return words


def test_choices_are_those_that_were_derived_apart() -> None:
    # scripts/ssm_sampler_vectors.py: Philox a second time, decimals of 40 digits.
    frozen = json.loads(FROZEN.read_text())
    for case in frozen["cases"]:
        logits = np.array(case["quarters"], np.float32) / 4
        temperature, top_p, top_k = case["settings"]
        mask = bits(case["allowed"], logits.size)
        found = [
            Sampler(temperature, top_p, top_k, int(seed)).choose(logits, position=at, mask=mask)[0]
            for seed in frozen["seeds"]
            for at in frozen["positions"]
        ]
        assert found == case["expect"], case["settings"]
