"""A synthetic person: 18 months of files in the formats of real devices and banks, and the truth.

The files are what `lex7 ingest` reads; `truth.json` beside them says what they hide and what comes
after, so that a forecast or a verdict can be judged. Nothing here is read by any node.
"""

from __future__ import annotations

from lex7.sample.writing import SampleError, SampleSummary, write_sample

__all__ = ["SampleError", "SampleSummary", "write_sample"]
