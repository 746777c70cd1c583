"""LEX-WTH follows money."""

from __future__ import annotations
