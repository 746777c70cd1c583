"""The commented file that a new home starts with; it reads without findings."""

from __future__ import annotations

from importlib import resources


def starter_text(currency: str, time_zone: str) -> str:
    """Return the starter directives file for a currency and a time zone."""
    template = resources.files("lex7.directive").joinpath("starter.toml").read_text("utf-8")
    return template.format(currency=currency, time_zone=time_zone)
