"""The owner's rules: language, units, signing, access, and how far the state is from each."""

from __future__ import annotations

from lex7.directive.document import AccessRule, Directive, DirectiveFile, Lever
from lex7.directive.plan import CompiledRule, Over, Severity, canonical
from lex7.directive.read import DirectivesFileError, read

__all__ = [
    "AccessRule",
    "CompiledRule",
    "Directive",
    "DirectiveFile",
    "DirectivesFileError",
    "Lever",
    "Over",
    "Severity",
    "canonical",
    "read",
]
