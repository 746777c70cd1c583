"""Feeds damaged model files, snapshots, checkpoints and tokenizers to their readers.

`fuzz/models.py --count 1000000 --targets head,snapshot,pickle,safetensors,archive,tokenizer`

Every input is a good one from vectors/ssm with a few changes drawn from the seed. A reader either
gives a value or raises one error of ours in one line; anything else ends the run and names the seed
that finds it again. The heads of model files and snapshots are sealed again after most changes, so
that the checks behind the hashes are reached.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from lex7 import _core
from lex7.base.errors import Lex7Error
from lex7.ssm import Model, read_snapshot
from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.convert import convert
from lex7.ssm.file_tokenizer import FileTokenizer, count_tokens
from lex7.ssm.pickle_reader import PickleRefused, read_pickle

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "ssm"
EDGES = (0, 1, 2, 63, 64, 65, 127, 128, 255, 256, 2**16, 2**20, 2**31 - 1, 2**31, 2**32 - 1)
Target = Callable[[random.Random], None]


def changed(content: bytes, draw: random.Random, first: int = 0, end: int | None = None) -> bytes:
    """Change a few bytes in a range, insert, remove, repeat or cut."""
    out = bytearray(content)
    end = len(out) if end is None else min(end, len(out))
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        place = draw.randrange(first, max(end, first + 1))
        kind = draw.randrange(7)
        if kind < 3:
            out[place : place + 1] = bytes([draw.randrange(256)])
        elif kind == 3:
            out[place : place + 4] = draw.choice(EDGES).to_bytes(4, "little")
        elif kind == 4:
            out[place : place + draw.randrange(1, 9)] = b""
        elif kind == 5:
            out[place:place] = out[place : place + draw.randrange(1, 40)]
        else:
            out[place : place + 8] = draw.choice(EDGES).to_bytes(8, "little")
    return bytes(out if draw.randrange(12) else out[: draw.randrange(len(out) + 1)])


class Fuzzer:
    """The good inputs, and one method for each reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        file = folder / "good.lex7"
        convert(VECTORS / "hugging-face-limit", file, quant="q4")
        self.model_file = file.read_bytes()
        self.model = Model.load(file)
        session = self.model.session()
        session.feed([1, 2, 3])
        self.snapshot_state = session.snapshot()
        self.pickled = (VECTORS / "state-spaces-f16" / "pytorch_model.bin").read_bytes()
        self.safetensors = (VECTORS / "hugging-face-f32" / "model.safetensors").read_bytes()
        start = self.pickled.index(b"\x80\x02")
        self.pickle = self.pickled[start : self.pickled.index(b"PK", start)]
        for name in ("state-spaces-f16", "hugging-face-f32"):
            place = folder / name
            place.mkdir()
            (place / "config.json").write_bytes((VECTORS / name / "config.json").read_bytes())

    def head(self, draw: random.Random) -> None:
        """A model file whose head was changed."""
        data = bytearray(changed(self.model_file, draw, 0, 128 + 32 * 21))
        if draw.randrange(8):
            seal(data)
        place = self.folder / "changed.lex7"
        place.write_bytes(data)
        core = _core.SsmModel.open(str(place), verify=bool(draw.randrange(2)))
        _core.SsmSession(core).feed([1, 2])

    def snapshot(self, draw: random.Random) -> None:
        """A snapshot, its envelope or its state changed, perhaps sealed again or compressed."""
        kept = self.snapshot_state
        state = changed(kept.state, draw, 0, 72 if draw.randrange(3) else None)
        plain = type(kept)(state, kept.logits).to_bytes() if draw.randrange(2) else kept.to_bytes()
        if draw.randrange(2):
            plain = changed(plain, draw, 0, 64 if draw.randrange(2) else None)
        if draw.randrange(4) == 0:
            plain = b"LEX7SNPZ" + changed(zlib.compress(plain, 1), draw)
        read_snapshot(plain).resume(self.model).feed([4])

    def pickles(self, draw: random.Random) -> None:
        """The pickle of a state dict."""
        read_pickle(changed(self.pickle, draw))

    def archive(self, draw: random.Random) -> None:
        """A pytorch_model.bin, changed at its start or in its directory."""
        size = len(self.pickled)
        near_end = draw.randrange(2)
        data = changed(self.pickled, draw, size - 2_500 if near_end else 0, None)
        self._checkpoint("state-spaces-f16", "pytorch_model.bin", data)

    def safetensors_head(self, draw: random.Random) -> None:
        """A model.safetensors, changed in its header."""
        data = changed(self.safetensors, draw, 0, 2_100)
        self._checkpoint("hugging-face-f32", "model.safetensors", data)

    def tokenizer(self, draw: random.Random) -> None:
        """A tokenizer.json, changed as JSON or as text."""
        text = json.dumps(damaged(TOKENIZER, draw)).encode()
        if draw.randrange(3) == 0:
            text = changed(text, draw)
        try:
            about = json.loads(text)
        except ValueError:
            return
        if isinstance(about, dict):
            count_tokens(about, "tokenizer.json")
            made = FileTokenizer(about, "tokenizer.json")
            for token in made.encode("the state of a session é")[:40]:
                made.token_bytes(token)

    def _checkpoint(self, name: str, file: str, data: bytes) -> None:
        place = self.folder / name
        (place / file).write_bytes(data)
        for _ in open_checkpoint(place).read_all():
            pass

    def targets(self) -> dict[str, Target]:
        """Every reader by name."""
        return {
            "head": self.head,
            "snapshot": self.snapshot,
            "pickle": self.pickles,
            "archive": self.archive,
            "safetensors": self.safetensors_head,
            "tokenizer": self.tokenizer,
        }


def seal(data: bytearray) -> None:
    """Give a head the weights hash that its fields ask for."""
    word = [int.from_bytes(data[at : at + 4], "little") for at in range(8, 72, 4)]
    tensors = 2 + 9 * word[3] + (word[11] != 1) + 2 * (word[12] > 0)
    start = 128 + 32 * tensors
    notes = data[start : start + int.from_bytes(data[72:80], "little")]
    parts = bytes(data[:88]) + hashlib.sha256(notes).digest() + bytes(data[128:start])
    data[88:120] = hashlib.sha256(parts).digest()


def damaged(value: object, draw: random.Random) -> object:
    """Replace, drop or repeat one thing somewhere in a JSON value."""
    if isinstance(value, dict) and value and draw.randrange(6):
        key = draw.choice(list(value))
        return {**value, key: damaged(value[key], draw)}
    if isinstance(value, list) and value and draw.randrange(6):
        at = draw.randrange(len(value))
        return [*value[:at], damaged(value[at], draw), *value[at + 1 :]]
    others = (None, True, -1, 2**31, 2**63, 1.5, "", "\x00", "é" * 50, [], {}, [[]], {"type": "x"})
    if isinstance(value, dict) and draw.randrange(2):
        return {key: one for key, one in value.items() if draw.randrange(3)}
    if isinstance(value, list) and draw.randrange(2):
        return value * draw.randrange(3)
    return draw.choice(others)


def _letters() -> list[str]:
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]


TOKENIZER = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {
            "id": 258,
            "content": "<|endoftext|>",
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
    ],
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
    "model": {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": "",
        "end_of_word_suffix": "",
        "fuse_unk": False,
        "vocab": {word: index for index, word in enumerate([*_letters(), "th", "the"])},
        "merges": [["t", "h"], ["th", "e"]],
    },
}


def fuzz(name: str, target: Target, count: int, seed: int) -> int:
    """Run one target; return how many inputs were accepted.

    Raises:
        AssertionError: a reader raised anything but one of our errors, or one of several lines.
    """
    accepted = 0
    for index in range(count):
        draw = random.Random(f"{seed}:{name}:{index}")
        try:
            target(draw)
            accepted += 1
        except (Lex7Error, PickleRefused) as refusal:
            if not str(refusal).isprintable():
                place = f"{name}, seed {seed}, input {index}"
                raise AssertionError(f"{place}: {str(refusal)!r}") from refusal
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise AssertionError(f"{name}, seed {seed}, input {index}: {error!r}") from error
    return accepted


def main() -> None:
    """Run the targets that are named."""
    parser = argparse.ArgumentParser(description="Feeds damaged inputs to the readers of models.")
    parser.add_argument("--count", type=int, default=20_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", default="", help="names with commas; default: all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        targets = Fuzzer(Path(folder)).targets()
        for name in options.targets.split(",") if options.targets else targets:
            begun = time.process_time()
            accepted = fuzz(name, targets[name], options.count, options.seed)
            spent = time.process_time() - begun
            print(f"{name}: {options.count:,} inputs, {accepted:,} accepted, {spent:.0f} s")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
