"""The node kinds: what each folds, forecasts and publishes."""

from __future__ import annotations
