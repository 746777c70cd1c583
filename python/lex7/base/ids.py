"""Identities: distinct types over bytes and names, so that one cannot be passed for another."""

from __future__ import annotations

from typing import NewType

KeyId = NewType("KeyId", bytes)
"""A 32-byte Ed25519 public key; names a writer or the owner."""

EntryHash = NewType("EntryHash", bytes)
"""SHA-256 of an entry's header, 32 bytes."""

StateHash = NewType("StateHash", bytes)
"""SHA-256 of a fold state, 32 bytes."""

NodeName = NewType("NodeName", str)
"""kind@device, for example `vit@laptop`."""

ImportId = NewType("ImportId", str)
"""The first 12 hexadecimal digits of the SHA-256 of an imported file."""

QuantityName = NewType("QuantityName", str)
"""A dotted name that rules speak of: `sleep`, `cash`, `spend.restaurants`."""

LatticeId = NewType("LatticeId", bytes)
"""16 random bytes, drawn when a lattice is made; every signature names them."""
