"""Bytes under a key, between nodes; knows no packets."""

from __future__ import annotations
