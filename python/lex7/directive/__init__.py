"""The owner's rules: language, units, signing, access, and how far the state is from each."""

from __future__ import annotations

from lex7.directive.access import Decision, Request, decide
from lex7.directive.assessment import Assessment, Standing
from lex7.directive.document import AccessRule, Directive, DirectiveFile, Lever
from lex7.directive.margin import assess
from lex7.directive.plan import CompiledRule, Over, Severity, canonical
from lex7.directive.read import DirectivesFileError, read
from lex7.directive.rows import RowBlock, RuleRows, reallocated, rows

__all__ = [
    "AccessRule",
    "Assessment",
    "CompiledRule",
    "Decision",
    "Directive",
    "DirectiveFile",
    "DirectivesFileError",
    "Lever",
    "Over",
    "Request",
    "RowBlock",
    "RuleRows",
    "Severity",
    "Standing",
    "assess",
    "canonical",
    "decide",
    "read",
    "reallocated",
    "rows",
]
