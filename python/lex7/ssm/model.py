"""A model: weights that many sessions share, from a file of ours or a checkpoint folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.ssm import core_native
from lex7.ssm.adapter import read_adapter
from lex7.ssm.checkpoint import is_checkpoint
from lex7.ssm.convert import convert, describe
from lex7.ssm.core_native import CoreModel, CoreSession
from lex7.ssm.errors import ModelFileError, SnapshotError
from lex7.ssm.notes import read_tokenizer
from lex7.ssm.session import Session
from lex7.ssm.snapshot import Snapshot
from lex7.ssm.spec import Spec
from lex7.ssm.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Opening:
    """How a model is opened.

    Attributes:
        threads: of one call; they change no bit.
        is_verified: whether every byte is hashed and every number checked first.
        adapter: folder of a LoRA adapter that is applied beside the weights.
        quant: what a checkpoint folder is converted to on its way.
        is_copied: whether the file is read into memory instead of mapped.
    """

    threads: int = 1
    is_verified: bool = False
    adapter: Path | None = None
    quant: str = "q8"
    is_copied: bool = False


class Model:
    """Weights, mapped into memory and shared by sessions."""

    def __init__(self, core: CoreModel, file: str) -> None:
        self.core = core
        self.file = file

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        threads: int = 1,
        verify: bool = False,
        adapter: str | Path | None = None,
        quant: str = "q8",
        copied: bool = False,
    ) -> Model:
        """Open a model file, or convert a checkpoint folder into a temporary one and open that.

        A mapped file that is cut or written over meanwhile is refused at the next call; a copied
        one takes its bytes of memory, and whatever happens to the file is no matter.

        Raises:
            ModelError: the file or folder is not what it must be.
        """
        beside = None if adapter is None else Path(adapter)
        opening = Opening(threads, verify, beside, quant, copied)
        place = Path(path)
        if is_checkpoint(place):
            return _open_folder(place, opening)
        if place.is_dir():
            wanted = "a model file, or a folder with config.json or params.json"
            raise ModelFileError(str(place), "path", wanted, "a folder without one")
        return _open_file(place, str(place), opening)

    @property
    def spec(self) -> Spec:
        """The shape."""
        return core_native.from_core(self.core.spec)

    @property
    def quant(self) -> str:
        """How the matrices are kept: f32, q8 or q4."""
        return self.core.quant

    @property
    def hash(self) -> bytes:
        """SHA-256 of weights, tokenizer and the adapters in force."""
        return self.core.hash

    @property
    def threads(self) -> int:
        """Threads of one call."""
        return self.core.threads

    @property
    def error_outputs(self) -> int:
        """Outputs of the error-state head; 0 without one."""
        return self.core.spec.head_outputs

    @cached_property
    def tokenizer(self) -> Tokenizer | None:
        """How text becomes tokens; none where the file does not say.

        Raises:
            ModelError: the tokenizer in the file is damaged, or its library is not installed.
        """
        return read_tokenizer(self.core.meta, self.file, self.spec.token_count)

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return one tensor as the runtime sees it, dequantised.

        Raises:
            ModelArgumentError: there is none of that name.
        """
        return self.core.tensor(name)

    def session(self) -> Session:
        """Return a session that has seen nothing."""
        return Session(self, CoreSession(self.core))

    def resume(self, snapshot: Snapshot) -> Session:
        """Return a session that goes on from a snapshot.

        Raises:
            SnapshotError: it was taken of another model, or is damaged.
        """
        engine = CoreSession.restore(self.core, snapshot.state)
        count = len(snapshot.logits) // 4
        if count not in (0, self.spec.token_count):
            wanted = f"none or {self.spec.token_count:,}"
            raise SnapshotError("logits", wanted, f"{count:,}")
        row = np.frombuffer(snapshot.logits, "<f4").astype(np.float32)
        return Session(self, engine, logits=row if count else None)

    def with_threads(self, threads: int) -> Model:
        """Return the same weights with another number of threads.

        Raises:
            ModelArgumentError: the number is out of range.
        """
        return Model(self.core.with_threads(threads), self.file)

    def about(self) -> dict[str, object]:
        """Return what is worth knowing of the model, for people and for JSON."""
        spec = self.spec
        return {
            "file": self.file,
            "hash": self.hash.hex(),
            "quant": self.quant,
            "file_bytes": self.core.file_bytes,
            "parameters": self.core.spec.parameters(),
            "layers": spec.layer_count,
            "width": spec.model_size,
            "heads": spec.head_count,
            "head_size": spec.head_size,
            "state_size": spec.state_size,
            "groups": spec.group_count,
            "tokens": spec.token_count,
            "vocabulary_rows": spec.vocab_size,
            "is_head_tied": spec.is_head_tied,
            "error_outputs": self.error_outputs,
            "session_bytes": self.core.spec.state_bytes(),
            "tokenizer": describe(self.core.meta),
        }


def _open_file(place: Path, shown: str, opening: Opening) -> Model:
    core = CoreModel.open(
        str(place),
        verify=opening.is_verified,
        copied=opening.is_copied,
        threads=opening.threads,
    )
    if opening.adapter is not None:
        adapter = read_adapter(opening.adapter, core_native.from_core(core.spec))
        core = core.with_adapters(adapter.rows())
    return Model(core, shown)


def _open_folder(folder: Path, opening: Opening) -> Model:
    # The file is deleted once it is mapped: the mapping keeps its bytes, and nothing stays behind.
    with tempfile.TemporaryDirectory(prefix="lex7-model-") as place:
        file = Path(place) / "model.lex7"
        convert(folder, file, quant=opening.quant)
        return _open_file(file, str(folder), opening)
