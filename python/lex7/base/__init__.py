"""Names, units, money, time, limits and errors: what every other package speaks in."""

from __future__ import annotations
