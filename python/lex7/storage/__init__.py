"""Append, read and sync of opaque records; knows no meaning."""

from __future__ import annotations
