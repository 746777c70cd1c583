"""Error-state Kalman filters, smoothers, fits and forecasts; no bytes on a wire, no I/O."""

from __future__ import annotations
