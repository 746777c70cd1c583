"""Laws of the archive: filing in parts equals filing at once, and undoing leaves no trace."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.base.ids import ImportId
from lex7.nodes.archive import Archive, Item, file_records, retract

Filed = tuple[str, Day, Item]


def item(import_id: str, payload: bytes) -> Item:
    whole = import_id.encode() + payload
    return Item(ImportId(import_id), hashlib.sha256(whole).digest(), whole)


records = st.lists(
    st.builds(
        lambda stream, day, source, payload: (stream, Day(day), item(source, payload)),
        st.sampled_from(["sleep.stage", "weight", "tx.checking"]),
        st.integers(-40, 80),
        st.sampled_from(["a", "b", "c"]),
        st.binary(max_size=4),
    ),
    max_size=60,
)


@given(records, st.integers(0, 60))
def test_filing_in_two_parts_equals_filing_at_once(filed: list[Filed], cut: int) -> None:
    at_once = file_records(Archive(), filed)
    in_parts = file_records(file_records(Archive(), filed[:cut]), filed[cut:])
    assert in_parts.digest == at_once.digest
    assert list(in_parts.days("weight")) == list(at_once.days("weight"))


@given(records)
def test_a_retracted_import_leaves_what_the_others_would_have_made(filed: list[Filed]) -> None:
    without = [record for record in filed if record[2].import_id != "b"]
    undone = retract(file_records(Archive(), filed), ImportId("b"))
    assert undone.digest == file_records(Archive(), without).digest
    assert undone.names() == file_records(Archive(), without).names()


@given(records, records)
def test_different_archives_have_different_digests(first: list[Filed], second: list[Filed]) -> None:
    one, other = file_records(Archive(), first), file_records(Archive(), second)
    same = all(
        list(one.days(name)) == list(other.days(name)) for name in {*one.names(), *other.names()}
    )
    assert (one.digest == other.digest) == same


def test_filing_changes_nothing_in_the_archive_it_started_from() -> None:
    start = file_records(Archive(), [("weight", Day(1), item("a", b"1"))])
    before = start.digest
    file_records(start, [("weight", Day(1), item("a", b"2"))])
    assert start.digest == before
    assert len(next(start.days("weight"))[1]) == 1
