"""How fast and how lean exports are read, against what people would use instead.

`--small` runs on a twentieth of the size. Memory is measured in processes of their own.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from bank_statement import write_ofx
from health_export import write_export
from report import Row, cost, finish, rate, seconds

GIGABYTE = 1_000_000_000
SMALL = 20
READER_MIB_MAX = 30
WHOLE_MIB_MAX = 200
READER_RATIO_MIN = 2
STATEMENT_LINES = 20_000
OFX_RATIO_MIN = 20


def apple_rows(folder: Path, size: int) -> list[Row]:
    """Read one export with our reader and with a loop on expat that only counts records."""
    text, archive = folder / "export.xml", folder / "export.zip"
    write_export(text, size, seed=7)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        packed.write(text, "apple_health_export/export.xml")
    megabytes = text.stat().st_size / 1e6
    what = f"Apple Health export of {megabytes:,.0f} MB"
    works = [(work, path) for path in (text, archive) for work in ("reader", "whole")]
    measured = {
        work + path.suffix: _in_own_process(work, path) for work, path in [("expat", text), *works]
    }
    speeds = {name: megabytes / result["seconds"] for name, result in measured.items()}
    counts = {result["records"] for result in measured.values()}
    assert len(counts) == 1, f"all must see the same records, saw {counts}"
    loop = "expat loop that only counts records"
    return [
        rate(f"{what}: {words} (CPU)", speeds[name], "MB/s", loop, speeds["expat.xml"], reach)
        for name, words, reach in (
            ("reader.xml", "reader alone", READER_RATIO_MIN),
            ("whole.xml", "whole read into sorted columns", READER_RATIO_MIN),
            ("whole.zip", "whole read out of export.zip", 1),
        )
    ] + [
        cost(f"{what}: {words}", measured[name][field], "MiB", "limit", limit, 1)
        for name, words, field, limit in (
            ("reader.xml", "memory the reader adds", "added_mib", READER_MIB_MAX),
            (
                "reader.zip",
                "memory the reader adds, out of export.zip",
                "added_mib",
                READER_MIB_MAX,
            ),
            ("whole.xml", "memory of the whole process", "peak_mib", WHOLE_MIB_MAX),
            ("whole.zip", "memory of the whole process, export.zip", "peak_mib", WHOLE_MIB_MAX),
        )
    ]


def ofx_rows(folder: Path, size: int) -> list[Row]:
    """Read one statement with our reader and with ofxparse, which must see the same cents."""
    import ofxparse

    from lex7.base.record import Transaction
    from lex7.ingest.ofx import read_ofx

    line_count = STATEMENT_LINES * size // GIGABYTE
    rows = []
    for name, is_xml in (("SGML", False), ("XML", True)):
        path = folder / f"{name}.ofx"
        write_ofx(path, line_count, seed=7, is_xml=is_xml)
        raw = path.read_bytes()
        ours = seconds(lambda path=path: read_ofx(path), repeat=5, clock=time.process_time)
        kept: list[object] = []

        def peer(raw: bytes = raw, kept: list[object] = kept) -> None:
            kept[:] = [ofxparse.OfxParser.parse(io.BytesIO(raw))]

        theirs = seconds(peer, repeat=1, clock=time.process_time)
        cents = [int(line.amount * 100) for line in kept[0].account.statement.transactions]
        read = [r.amount_minor for r in read_ofx(path).records if isinstance(r, Transaction)]
        assert cents == read, "both must read the same amounts"
        what = f"OFX in {name}, {line_count:,} transactions (CPU)"
        rows.append(cost(what, ours, "s", "ofxparse 0.21", theirs, OFX_RATIO_MIN))
    return rows


ROWS: list[Callable[[Path, int], list[Row]]] = [apple_rows, ofx_rows]
"""Each is given an empty folder and the number of bytes a large export has."""


def _in_own_process(work: str, path: Path) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, __file__, "--measure", work, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, float] = json.loads(answer.stdout)
    return result


def _measure(work: str, path: Path) -> None:
    run = {"expat": _expat, "reader": _reader, "whole": _whole}[work]
    from lex7.ingest import apple_health  # noqa: F401 (its imports are not what is measured)

    before = _memory_mib("VmRSS")
    start = time.process_time()
    records = run(path)
    seconds = time.process_time() - start
    peak = _memory_mib("VmHWM")
    print(
        json.dumps(
            {"seconds": seconds, "records": records, "added_mib": peak - before, "peak_mib": peak}
        )
    )


def _expat(path: Path) -> int:
    count = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        if name == "Record":
            count += 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with path.open("rb") as stream:
        parser.ParseFile(stream)
    return count


def _reader(path: Path) -> int:
    from lex7.ingest.apple_health import CHUNK_BYTES, RULE_COUNT, new_reader, open_export

    reader = new_reader(path.name)
    with open_export(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            reader.feed(chunk)
            for rule in range(RULE_COUNT):
                reader.take(rule)
    reader.finish()
    return reader.counts()[0]


def _whole(path: Path) -> int:
    from lex7.base.civil import zone
    from lex7.ingest.apple_health import read_apple_health

    return read_apple_health(path, zone("Europe/Berlin")).seen_count


def _memory_mib(field: str) -> float:
    """Of this process alone: what `getrusage` says would include the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/self/status has no {field}")


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        _measure(sys.argv[2], Path(sys.argv[3]))
        return
    size = GIGABYTE
    if "--small" in sys.argv:
        sys.argv.remove("--small")
        size //= SMALL
    rows: list[Row] = []
    for measure in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            rows += measure(Path(folder), size)
    finish(rows)


if __name__ == "__main__":
    main()
