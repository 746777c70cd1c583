"""LEX-7: private, deterministic state-space nodes on a person's own devices.

The packages, from the bottom up: `base` (names, units, errors), `transport` and `storage` (bytes),
`bark` (entries, logs, seals) and `filters` (estimation), `directive` (the owner's rules), `correct`
(the smallest change), `lattice` (shared state), `ingest` (files), `nodes`, `runtime`, `cli`.
"""

from __future__ import annotations

__version__ = "0.1.0"
