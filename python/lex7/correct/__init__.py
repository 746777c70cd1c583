"""The smallest correction that satisfies the rules, and the certificate that proves it."""

from __future__ import annotations
