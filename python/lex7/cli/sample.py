"""`lex7 sample`: a synthetic person's files, and the truth beside them."""

from __future__ import annotations

import argparse
from pathlib import Path


def run(options: argparse.Namespace) -> int:
    """Write the files and say what they are and how to go on."""
    from lex7.sample.writing import write_sample

    summary = write_sample(Path(options.directory), options.seed, months=options.months)
    print(f"Wrote a synthetic person to {summary.directory}, {summary.first} to {summary.as_of}:")
    for name, size in summary.files:
        print(f"  {name:<28} {size:>12,} bytes")
    print(f"{summary.transactions:,} transactions, {summary.health_records:,} health records.")
    print("truth.json holds what the files hide, and the year after them.")
    return 0
