"""Mamba-2: decode, prefill, batches, snapshots, load and memory, beside bounds and peers.

The rows are those of `lex7 model bench`, for random weights of the 130m shape in 8 and 4 bits.
`--shapes all` adds 2.7b: 3 GB of disk, 5 GB of memory and, with peers, a quarter of an hour.
llama.cpp and transformers (`make peers`) are measured in turns with ours where .peers is there.
`--model FILE` measures one file instead, `--shapes` and `--quants` choose among the drawn ones.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import report

from lex7.cli.bench_row import Row
from lex7.cli.model_bench import Plan, measure, minutes
from lex7.ssm import Model, published
from lex7.ssm.convert import draw

PEERS = Path(__file__).resolve().parents[1] / ".peers" / "bin" / "python"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--model", type=Path, help="a model file")
    parser.add_argument("--shapes", default="130m", help="drawn shapes, or all: 130m,2.7b")
    parser.add_argument("--quants", default="q8,q4", help="default q8,q4")
    parser.add_argument("--peers", type=Path, default=PEERS, help="an interpreter with the peers")
    parser.add_argument("--prefill", type=int, default=512, help="tokens of a prompt")
    parser.add_argument("--rounds", type=int, default=8, help="timings of each")
    return parser.parse_args()


def rows_of(file: Path, chosen: argparse.Namespace) -> list[report.Row]:
    model = Model.load(file)
    python = chosen.peers if chosen.peers.exists() else None
    if python is None:
        print("without peers: `make peers` installs them", file=sys.stderr)
    plan = Plan(file, python, chosen.prefill, chosen.rounds)
    print(f"{file.stem}: about {minutes(model, plan):.1f} minutes", file=sys.stderr)
    rows = []
    for row in measure(model, plan):
        if isinstance(row, Row):
            name = f"{file.stem}: {row.work}"
            rows.append(
                report.Row(
                    name, row.value, row.unit, row.peer, row.peer_value, row.ratio, row.reach
                )
            )
        else:
            print(f"{file.stem}: {row.text}", file=sys.stderr)
    return rows


def main() -> None:
    chosen = options()
    rows: list[report.Row] = []
    if chosen.model is not None:
        rows = rows_of(chosen.model, chosen)
    else:
        shapes = "130m,2.7b" if chosen.shapes == "all" else chosen.shapes
        for shape in shapes.split(","):
            for quant in chosen.quants.split(","):
                with tempfile.TemporaryDirectory() as folder:
                    file = Path(folder) / f"{shape}-{quant}.lex7"
                    draw(file, published(shape), quant=quant, seed=1)
                    rows += rows_of(file, chosen)
    sys.argv = [sys.argv[0], *(["--json"] if chosen.json else [])]
    report.finish(rows)


if __name__ == "__main__":
    main()
