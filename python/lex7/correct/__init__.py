"""The smallest correction that satisfies the rules, and the certificate that proves it."""

from __future__ import annotations

from lex7.correct.answer import Alternative, RuleChange, Situation, Verdict, VerdictKind
from lex7.correct.certificate import Certificate, StateStamp, encode, verify
from lex7.correct.levers import LeverChange
from lex7.correct.price import Price
from lex7.correct.problem import ProblemError
from lex7.correct.proposal import Movable, Proposal, ProposalError, parse_proposal
from lex7.correct.status import Correction, smallest_corrections
from lex7.correct.verdict import decide

__all__ = [
    "Alternative",
    "Certificate",
    "Correction",
    "LeverChange",
    "Movable",
    "Price",
    "ProblemError",
    "Proposal",
    "ProposalError",
    "RuleChange",
    "Situation",
    "StateStamp",
    "Verdict",
    "VerdictKind",
    "decide",
    "encode",
    "parse_proposal",
    "smallest_corrections",
    "verify",
]
