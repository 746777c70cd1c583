"""One file per format: bytes in, (records, findings) out."""

from __future__ import annotations
