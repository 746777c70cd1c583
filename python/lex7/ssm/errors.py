"""What the model runtime refuses: which file, which field, what was expected, what came."""

from __future__ import annotations

from lex7.base.errors import ModelError


def printable(text: str) -> str:
    """Return one line in which nothing moves a cursor: names in a file may hold anything."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


class ModelFileError(ModelError):
    """A model file of ours is truncated, altered, of another version, or hostile."""

    code = "model.file"

    def __init__(self, file: str, field: str, expected: str, got: str) -> None:
        self.file = file
        self.field = field
        self.expected = expected
        self.got = got
        super().__init__(printable(f"{file}: expected {field} to be {expected}, got {got}"))


class CheckpointError(ModelFileError):
    """A checkpoint folder, or one file in it, cannot be read as Mamba-2."""

    code = "model.checkpoint"


class AdapterError(ModelFileError):
    """A LoRA adapter cannot be applied to this model."""

    code = "model.adapter"


class TokenizerError(ModelFileError):
    """A tokenizer cannot be read, or does not belong to this model."""

    code = "model.tokenizer"


class ModelArgumentError(ModelError):
    """An argument is not what it must be."""

    code = "model.argument"

    def __init__(self, argument: str, expected: str, got: str) -> None:
        self.argument = argument
        self.expected = expected
        self.got = got
        super().__init__(printable(f"expected {argument} to be {expected}, got {got}"))


class TokenError(ModelArgumentError):
    """A token id stands outside of the vocabulary."""

    code = "model.token"


class SnapshotError(ModelArgumentError):
    """A snapshot is damaged, of another version, or of another model."""

    code = "model.snapshot"

    def __str__(self) -> str:
        return f"snapshot: {super().__str__()}"


class GrammarError(ModelArgumentError):
    """A grammar cannot be read, or no token may follow."""

    code = "model.grammar"


class MissingExtraError(ModelError):
    """A library of an optional extra is not installed."""

    code = "model.extra"

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        self.purpose = purpose
        self.package = package
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed; "
            f"install it with `pip install 'lex7[{extra}]'`"
        )


class PeerError(ModelError):
    """Another program, which a benchmark compares with, is missing or failed."""

    code = "model.peer"

    def __init__(self, peer: str, reason: str) -> None:
        self.peer = peer
        self.reason = reason
        super().__init__(f"{peer} cannot be measured: {reason}")
