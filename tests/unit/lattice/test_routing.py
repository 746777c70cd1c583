"""Who is told a heartbeat in a large lattice, and what is read of what others tell."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId
from lex7.base.limits import LOUD_MEMBERS_MAX, MEMBERS_MAX, ROUTING_AGE_MS_MAX
from lex7.lattice.routing import Heard, decode_routing, encode_routing, hearers


def ring(count: int) -> list[KeyId]:
    return [KeyId(bytes([place]) * 32) for place in range(count)]


@pytest.mark.parametrize("count", range(1, LOUD_MEMBERS_MAX + 1))
def test_in_a_small_lattice_everybody_is_told(count: int) -> None:
    members = ring(count)
    assert hearers(members[0], members[1:], 0) is None


@given(st.integers(LOUD_MEMBERS_MAX + 1, MEMBERS_MAX), st.integers(0, 10**6))
def test_in_a_large_lattice_as_many_are_told_as_its_size_has_bits(count: int, turn: int) -> None:
    members = ring(count)
    for own in (members[0], members[count // 2], members[-1]):
        told = hearers(own, members, turn)
        assert told is not None
        assert own not in told
        assert len(set(told)) == len(told) <= log2(count) + 1


@pytest.mark.parametrize("count", [10, 16, 33, 64, 256])
def test_news_reach_everybody_in_as_many_periods_as_the_size_has_bits(count: int) -> None:
    members = ring(count)
    known = {members[3]}
    for turn in range((count - 1).bit_length() + 1):
        for one in tuple(known):
            known |= set(hearers(one, members, turn) or ())
    assert len(known) == count


def test_everybody_is_told_by_everybody_within_a_round() -> None:
    members = ring(40)
    told = {one for turn in range(39) for one in hearers(members[7], members, turn) or ()}
    assert told == set(members) - {members[7]}


def test_a_routing_update_reads_as_it_was_spelled_and_nonsense_is_refused() -> None:
    rows = {key: Heard(place, bytes(32), b"mark of.") for place, key in enumerate(ring(20))}
    assert decode_routing(encode_routing(rows)) == rows
    good = (ring(2)[1], 5, bytes(32), b"mark of.")
    for bad in (
        (good, good),
        ((good[0][:31], *good[1:]),),
        ((good[0], -1, *good[2:]),),
        ((good[0], ROUTING_AGE_MS_MAX + 1, *good[2:]),),
        ((*good[:3], b"short"),),
        (good[:3],),
    ):
        with pytest.raises(BarkError):
            decode_routing(canon.encode({1: bad}))
