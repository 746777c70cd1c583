"""The archive of a node: every record it holds, by stream and day, digested.

The archive is a value. `file_records` returns a new one and shares what did not change: only the
months that were touched are copied. The digest of the whole is a SHA-256 over the digests of
streams, those over months, those over the entries' payloads in log order, so a fold of fifty
thousand entries hashes little more than what is new. Retracting an import leaves exactly the
archive that the other imports would have made.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lex7.base.civil import Day
from lex7.base.ids import ImportId

_DAY = struct.Struct("<qI")
_SPAN = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class Item:
    """One record payload: where it came from, its SHA-256 and its bytes."""

    import_id: ImportId
    digest: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Shelf:
    """The items of one stream in one span of 32 days.

    Attributes:
        days: the items by day.
        mark: the span in eight bytes, and the SHA-256 over days and items.
    """

    days: Mapping[Day, tuple[Item, ...]]
    mark: bytes


@dataclass(frozen=True, slots=True)
class Archive:
    """Every record of one node: stream → span → day → items."""

    streams: Mapping[str, Mapping[int, Shelf]] = field(default_factory=dict)
    digests: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> bytes:
        """The SHA-256 over all streams, in byte order of their names."""
        total = hashlib.sha256(b"lex7-archive/1")
        for name in sorted(self.digests):
            total.update(_text(name))
            total.update(self.digests[name])
        return total.digest()

    def days(self, stream: str) -> Iterator[tuple[Day, tuple[Item, ...]]]:
        """Walk the days of one stream in order."""
        shelves = self.streams.get(stream, {})
        for span in sorted(shelves):
            yield from sorted(shelves[span].days.items())

    def until(self, last: Day) -> Archive:
        """Return the archive of the days up to one, itself where there is nothing later."""
        span = last >> 5
        if all(max(shelves) < span for shelves in self.streams.values()):
            return self
        streams = {}
        for name, shelves in self.streams.items():
            kept = {known: shelf for known, shelf in shelves.items() if known < span}
            if span in shelves:
                days = {day: items for day, items in shelves[span].days.items() if day <= last}
                if days == shelves[span].days:
                    kept[span] = shelves[span]
                elif days:
                    kept[span] = _shelf(span, days)
            if kept:
                streams[name] = kept
        return Archive(streams, {name: _stream_digest(kept) for name, kept in streams.items()})

    def names(self) -> tuple[str, ...]:
        """List the streams in byte order."""
        return tuple(sorted(self.streams))


def file_records(archive: Archive, records: Iterable[tuple[str, Day, Item]]) -> Archive:
    """File records after those already there."""
    fresh: dict[str, dict[int, dict[Day, list[Item]]]] = {}
    for stream, day, item in records:
        spans = fresh.setdefault(stream, {})
        spans.setdefault(day >> 5, {}).setdefault(day, []).append(item)
    if not fresh:
        return archive
    streams = dict(archive.streams)
    digests = dict(archive.digests)
    for stream, spans in fresh.items():
        shelves = dict(streams.get(stream, {}))
        for span, added in spans.items():
            known = shelves.get(span)
            days = dict(known.days) if known is not None else {}
            for day, items in added.items():
                days[day] = days.get(day, ()) + tuple(items)
            shelves[span] = _shelf(span, days)
        streams[stream] = shelves
        digests[stream] = _stream_digest(shelves)
    return Archive(streams, digests)


def retract(archive: Archive, import_id: ImportId) -> Archive:
    """Return the archive as it would be had one import never happened."""
    streams: dict[str, Mapping[int, Shelf]] = {}
    digests: dict[str, bytes] = {}
    for name, shelves in archive.streams.items():
        kept = {}
        for span, shelf in shelves.items():
            rest = _without(span, shelf, import_id)
            if rest.days:
                kept[span] = rest
        if kept:
            streams[name] = kept
            digests[name] = _stream_digest(kept)
    return Archive(streams, digests)


def _without(span: int, shelf: Shelf, import_id: ImportId) -> Shelf:
    days = {}
    for day, items in shelf.days.items():
        rest = tuple(item for item in items if item.import_id != import_id)
        if rest:
            days[day] = rest
    return shelf if days == shelf.days else _shelf(span, days)


def _shelf(span: int, days: Mapping[Day, tuple[Item, ...]]) -> Shelf:
    parts: list[bytes] = []
    for day in sorted(days):
        items = days[day]
        parts.append(_DAY.pack(day, len(items)))
        parts += [item.digest for item in items]
    return Shelf(days, _SPAN.pack(span) + hashlib.sha256(b"".join(parts)).digest())


def _stream_digest(shelves: Mapping[int, Shelf]) -> bytes:
    marks = [shelves[span].mark for span in sorted(shelves)]
    return hashlib.sha256(b"".join(marks)).digest()


def _text(name: str) -> bytes:
    data = name.encode()
    return len(data).to_bytes(4, "little") + data
