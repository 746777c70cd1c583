"""The shared state of all nodes: a pure fold over control entries in canonical order."""

from __future__ import annotations

from lex7.lattice.fold import LatticeState, digest, fold_lattice

__all__ = ["LatticeState", "digest", "fold_lattice"]
