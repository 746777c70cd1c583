"""Mamba-2: checkpoints in, sessions whose state is a value.

`Model.load` opens a model file or a checkpoint folder; `model.session()` begins. A session can be
fed in any chunks, kept as a snapshot, forked, rolled back and moved, with the same bits everywhere.
"""

from __future__ import annotations

from lex7.ssm.convert import Extras, convert
from lex7.ssm.generation import Generation, Reason
from lex7.ssm.grammar import Grammar, Kind
from lex7.ssm.model import Model
from lex7.ssm.sampler import GREEDY, Sampler
from lex7.ssm.session import Mark, Session, step_many
from lex7.ssm.snapshot import Snapshot, read_snapshot
from lex7.ssm.spec import Spec, published

__all__ = [
    "GREEDY",
    "Extras",
    "Generation",
    "Grammar",
    "Kind",
    "Mark",
    "Model",
    "Reason",
    "Sampler",
    "Session",
    "Snapshot",
    "Spec",
    "convert",
    "published",
    "read_snapshot",
    "step_many",
]
