"""LEX-VIT follows bio-data."""

from __future__ import annotations
