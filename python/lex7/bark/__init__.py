"""Entries, chains, seals, logs and keys; no clock, no network, no mathematics."""

from __future__ import annotations
