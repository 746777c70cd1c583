from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from lex7.bark import canon, canon_reference
from lex7.bark.faults import NotCanonicalError

INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
SCALARS = st.one_of(
    INTEGERS, st.binary(max_size=40), st.text(max_size=20), st.booleans(), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(st.integers(0, (1 << 63) - 1), inner, max_size=5),
    ),
    max_leaves=20,
)
UNENCODABLE = st.one_of(
    VALUES,
    st.floats(),
    st.integers(),
    st.just("\ud800"),
    st.frozensets(st.integers(), max_size=2),
    st.dictionaries(st.one_of(st.integers(), st.text(), st.booleans()), SCALARS, max_size=3),
    st.lists(st.floats(), min_size=1, max_size=2),
)
NEAR_CBOR = st.one_of(
    st.binary(max_size=30),
    VALUES.map(canon_reference.encode).flatmap(
        lambda data: st.tuples(
            st.just(data), st.integers(0, len(data) - 1), st.integers(0, 255)
        ).map(lambda t: t[0][: t[1]] + bytes([t[2]]) + t[0][t[1] + 1 :])
    ),
    VALUES.map(canon_reference.encode).flatmap(
        lambda data: st.integers(0, len(data)).map(lambda size: data[:size])
    ),
)


def outcome(function: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return function(argument)
    except NotCanonicalError as error:
        return error.code, error.offset


@given(VALUES)
def test_decode_undoes_encode(value: Any) -> None:
    assert canon.decode(canon.encode(value)) == value


@given(VALUES)
def test_both_encoders_write_the_same_bytes(value: Any) -> None:
    assert canon.encode(value) == canon_reference.encode(value)


@given(UNENCODABLE)
def test_both_encoders_refuse_the_same_values(value: Any) -> None:
    assert outcome(canon.encode, value) == outcome(canon_reference.encode, value)


@settings(max_examples=200)
@given(NEAR_CBOR)
@example(b"")
@example(bytes.fromhex("9b7fffffffffffffff"))
@example(bytes.fromhex("bb7fffffffffffffff"))
@example(b"\x81" * 17 + b"\x00")
@example(b"\x81" * 16 + b"\x00")
def test_both_decoders_accept_and_refuse_alike(data: bytes) -> None:
    assert outcome(canon.decode, data) == outcome(canon_reference.decode, data)


@settings(max_examples=200)
@given(NEAR_CBOR)
def test_what_is_accepted_encodes_to_the_same_bytes(data: bytes) -> None:
    try:
        value = canon.decode(data)
    except NotCanonicalError:
        return
    assert canon.encode(value) == data


@given(VALUES, st.integers(0, 60))
def test_both_encoders_keep_the_same_size_limit(value: Any, limit: int) -> None:
    native = outcome(lambda v: canon.encode(v, bytes_max=limit), value)
    reference = outcome(lambda v: canon_reference.encode(v, bytes_max=limit), value)
    assert native == reference
