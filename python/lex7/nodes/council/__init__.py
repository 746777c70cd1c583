"""LEX-MON routes, fuses and arbitrates."""

from __future__ import annotations
