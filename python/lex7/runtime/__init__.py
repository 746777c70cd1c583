"""Where concrete parts meet: homes, clocks, disks, the commands' work."""

from __future__ import annotations
