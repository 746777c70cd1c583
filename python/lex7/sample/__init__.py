"""A realistic synthetic person: files in real formats, and the truth beside them."""

from __future__ import annotations
