"""The command line: arguments in, sentences and JSON out."""

from __future__ import annotations
