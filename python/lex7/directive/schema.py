"""The JSON Schema of a directives file, as published in docs/spec."""

from __future__ import annotations

from importlib import resources


def schema_text() -> str:
    """Return the schema as it stands in the package."""
    return resources.files("lex7.directive").joinpath("directives.schema.json").read_text("utf-8")
