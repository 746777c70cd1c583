"""The shared state of all nodes: a pure fold over control entries in canonical order."""

from __future__ import annotations
