"""Laws of the Apple Health reader: against expat, for every cut into chunks, and for any bytes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from lex7._core import AppleReader
from lex7.base.errors import IngestError

SCALE = 100
RULES: list[tuple[str, list[tuple[str, int, int]], list[tuple[str, int]], int, int]] = [
    ("Rate", [("count/min", SCALE, 1), ("count/s", 60 * SCALE, 1)], [], 0, 10**9),
    ("Stage", [], [("A&B", 1), ("B", 2)], 0, 5),
]

Row = tuple[int, int, int, int, str]
Outcome = tuple[list[Row], list[str], str]

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\t\n"), max_size=12
)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1))  # noqa: DTZ001 (offset added)
NUMBERS = st.one_of(
    st.decimals(0, 10**6, places=4, allow_nan=False).map(str),
    st.integers(0, 10**6).map(str),
    st.floats(0, 10**6, allow_nan=False).map(repr),
)


def rows_of(reader: AppleReader) -> list[Row]:
    names = reader.sources()
    return [
        (rule, *numbers, names[source])
        for rule in range(len(RULES))
        for *numbers, source in zip(*(column.tolist() for column in reader.take(rule)), strict=True)
    ]  # type: ignore[misc]


def read(chunks: Iterable[bytes]) -> Outcome:
    """Everything that can be seen of a reading: rows, findings with their places, refusal."""
    reader = AppleReader("x.xml", RULES)
    refusal = ""
    try:
        for chunk in chunks:
            reader.feed(chunk)
        reader.finish()
    except IngestError as exc:
        refusal = str(exc)
    seen = [str(finding) for finding in reader.findings()]
    return rows_of(reader), [*seen, str(reader.counts())], refusal


def stamp(moment: datetime, minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{moment:%Y-%m-%d %H:%M:%S} {sign}{hours:02}{rest:02}"


@st.composite
def records(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["Rate", "Stage", "Other", "Ra&te"]))
    minutes = draw(st.integers(-14 * 60, 14 * 60))
    start = draw(MOMENTS)
    value = draw(NUMBERS) if kind == "Rate" else draw(st.sampled_from(["A&B", "B", "C"]))
    attributes = {
        "type": kind,
        "sourceName": draw(TEXT),
        "startDate": stamp(start, minutes),
        "endDate": stamp(start, minutes - draw(st.integers(-30, 30))),
        "value": value,
        "unit": draw(st.sampled_from(["count/min", "count/s", "mi"])),
        draw(st.sampled_from(["device", "x", "type2"])): draw(TEXT),
    }
    names = draw(st.permutations(sorted(attributes)))
    blank = draw(st.sampled_from([" ", "\n  ", "\t", "\r\n"]))
    written = "".join(f"{blank}{name}={quoteattr(attributes[name])}" for name in names)
    inside = draw(
        st.sampled_from(["", "<MetadataEntry key='>' value=\"/&lt;\"/>", "<!-- <Record> -->"])
    )
    return f"<Record{written}>{inside}</Record >" if inside else f"<Record{written} />"


ITEMS = st.one_of(
    records(),
    records().map(lambda one: f"<Correlation>{one}</Correlation>"),
    st.sampled_from(["<Workout a='1'><b/></Workout>", "text &amp; text", "<![CDATA[<Record ]]>",
                     "<!-- - -> <Record/> -->", "<?target <Record ?>", "<Me/>"]),
)  # fmt: skip
HEADS = st.sampled_from(
    ["", "\ufeff", '<?xml version="1.0" encoding="utf-8"?>\n',
     "<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n<!ATTLIST Record a CDATA #REQUIRED>\n]>"]
)  # fmt: skip
DOCUMENTS = st.builds(
    lambda head, items: f"{head}<HealthData a='1'>{''.join(items)}</HealthData>\n".encode(),
    HEADS,
    st.lists(ITEMS, max_size=8),
)


def by_expat(document: bytes) -> list[Row]:
    """The rows of a well-formed document, by another parser and the standard library's numbers."""
    found: list[Row] = []
    path: list[str] = []

    def start(name: str, given: dict[str, str]) -> None:
        if name == "Record" and path == ["HealthData"]:
            row = meaning(given)
            found.extend([row] if row is not None else [])
        path.append(name)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: path.pop()
    parser.Parse(document, True)
    return sorted(found, key=lambda row: row[0])


def meaning(given: dict[str, str]) -> Row | None:
    kinds = [rule[0] for rule in RULES]
    if given["type"] not in kinds:
        return None
    moments = [
        int(datetime.strptime(given[name], "%Y-%m-%d %H:%M:%S %z").timestamp())
        for name in ("startDate", "endDate")
    ]
    rule = kinds.index(given["type"])
    _, units, codes, low, high = RULES[rule]
    if codes:
        value = dict(codes).get(given["value"])
    else:
        factors = {unit: Fraction(above, below) for unit, above, below in units}
        factor = factors.get(given["unit"])
        value = None if factor is None else round(Fraction(given["value"]) * factor)
    if value is None or not low <= value <= high or moments[1] < moments[0]:
        return None
    source = "".join(" " if character < " " else character for character in given["sourceName"])
    return rule, moments[0] * 10**9, moments[1] * 10**9, value, source


@given(DOCUMENTS)
def test_well_formed_documents_read_as_expat_reads_them(document: bytes) -> None:
    rows, _, refusal = read([document])
    assert refusal == ""
    assert rows == by_expat(document)


@given(DOCUMENTS, st.data())
def test_the_cut_into_chunks_never_shows(document: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(document)), max_size=12)))
    whole = read([document])
    assert read([document[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]) == whole
    assert read(document[at : at + 1] for at in range(len(document))) == whole


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(DOCUMENTS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        piece = draw(st.one_of(st.binary(max_size=3), st.sampled_from(
            [b"<", b">", b'"', b"'", b"/>", b"<!--", b"]]>", b"\x0b", b"<Record ", b"</Record>",
             b"</HealthData>", b"<!ENTITY", b"<?", b"&", b"\xff"])))  # fmt: skip
        raw[at : at + draw(st.integers(0, 4))] = piece
    return bytes(raw)


@settings(max_examples=300)
@given(st.one_of(mutated(), st.binary(max_size=200)))
def test_any_bytes_are_read_or_refused_alike_in_any_chunks(raw: bytes) -> None:
    whole = read([raw])
    assert read(raw[at : at + 7] for at in range(0, len(raw), 7)) == whole
    assert read(raw[at : at + 1] for at in range(len(raw))) == whole


@given(DOCUMENTS, st.data())
def test_every_prefix_gives_a_prefix_of_the_rows(document: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(document)))
    rows, _, _ = read([document[:cut]])
    whole, _, _ = read([document])
    for rule in range(len(RULES)):
        part = [row for row in rows if row[0] == rule]
        assert part == [row for row in whole if row[0] == rule][: len(part)]
