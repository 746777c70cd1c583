"""The owner's rules: language, units, signing, access, and how far the state is from each."""

from __future__ import annotations
