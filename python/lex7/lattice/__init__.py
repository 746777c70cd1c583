"""The shared state of all nodes: a pure fold over control entries in canonical order."""

from __future__ import annotations

from lex7.lattice.fold import (
    Authority,
    LatticeState,
    Timeline,
    digest,
    extend,
    fold_lattice,
    is_ruling,
    without,
)

__all__ = [
    "Authority",
    "LatticeState",
    "Timeline",
    "digest",
    "extend",
    "fold_lattice",
    "is_ruling",
    "without",
]
