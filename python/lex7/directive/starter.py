"""The commented file that a new home starts with; it reads without findings."""

from __future__ import annotations

from importlib import resources

from lex7.directive.format import formatted


def starter_text(currency: str, time_zone: str) -> str:
    """Return the starter directives file for a currency and a time zone."""
    template = resources.files("lex7.directive").joinpath("starter.toml").read_text("utf-8")
    # Comments align by the length of what is filled in.
    return formatted(template.format(currency=currency, time_zone=time_zone))
