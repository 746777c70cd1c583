"""A session as bytes: its state as the runtime keeps it, and the logits it would choose from next.

Bytes, never to change within version 1: "LEX7SNAP", version (u32), length of the logits (u32,
numbers), length of the state (u64), the logits and then the state as they lie in memory, and
SHA-256 of everything before. Numbers are little-endian. The state begins with the hash of its model
(docs/spec/model-file.md), so a snapshot of another model is refused.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lex7.base.limits import MODEL_VOCABULARY_MAX, SESSION_SNAPSHOT_BYTES_MAX
from lex7.ssm.errors import SnapshotError

if TYPE_CHECKING:
    from lex7.ssm.session import Backend, Session

MAGIC = b"LEX7SNAP"
PACKED_MAGIC = b"LEX7SNPZ"
VERSION = 1
HEAD = struct.Struct("<8sIIQ")
DIGEST_BYTES = 32
STATE_HEAD_BYTES = 4_096
MODEL_FIELD = slice(16, 48)
POSITION_FIELD = slice(48, 56)
"""Where the state itself names its model and counts its tokens."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session at rest.

    Attributes:
        state: the runtime's own snapshot.
        logits: float32 of the last token, as bytes; empty before the first.
    """

    state: bytes
    logits: bytes

    @property
    def hash(self) -> bytes:
        """SHA-256 of the state: what `Session.hash` gives for a session at this place."""
        return hashlib.sha256(self.state).digest()

    @property
    def model_hash(self) -> bytes:
        """The hash of the model it was taken of.

        Raises:
            SnapshotError: the state is too short to be one.
        """
        return self._field(MODEL_FIELD)

    @property
    def position(self) -> int:
        """Tokens seen.

        Raises:
            SnapshotError: the state is too short to be one.
        """
        return int.from_bytes(self._field(POSITION_FIELD), "little")

    def _field(self, place: slice) -> bytes:
        if len(self.state) < STATE_HEAD_BYTES:
            wanted = f"at least {STATE_HEAD_BYTES} bytes"
            raise SnapshotError("state", wanted, f"{len(self.state)} bytes")
        return self.state[place]

    def resume(self, model: Backend) -> Session:
        """Return a session that goes on from here.

        Raises:
            SnapshotError: it was taken of another model, or is damaged.
        """
        return model.resume(self)

    def to_bytes(self, *, compressed: bool = False) -> bytes:
        """Return the snapshot for a disk or a wire; one copy, and zlib's where it is compressed.

        Recurrent states are noise in their low bits: zlib takes some percent and much time.
        """
        head = HEAD.pack(MAGIC, VERSION, len(self.logits) // 4, len(self.state))
        whole = hashlib.sha256(head)
        whole.update(self.logits)
        whole.update(self.state)
        plain = b"".join((head, self.logits, self.state, whole.digest()))
        return PACKED_MAGIC + zlib.compress(plain, 1) if compressed else plain


def read_snapshot(data: bytes) -> Snapshot:
    """Return the snapshot that bytes spell, plain or compressed.

    Raises:
        SnapshotError: they are cut, altered, too large, or of another version.
    """
    plain = _grow(data[len(PACKED_MAGIC) :]) if data.startswith(PACKED_MAGIC) else data
    if len(plain) < HEAD.size + DIGEST_BYTES:
        wanted = f"at least {HEAD.size + DIGEST_BYTES} bytes"
        raise SnapshotError("size", wanted, f"{len(plain)} bytes")
    magic, version, count, size = HEAD.unpack_from(plain)
    if magic != MAGIC:
        raise SnapshotError("magic", MAGIC.decode(), magic.hex())
    if version != VERSION:
        raise SnapshotError("version", str(VERSION), str(version))
    if count > MODEL_VOCABULARY_MAX or size > SESSION_SNAPSHOT_BYTES_MAX:
        wanted = f"at most {MODEL_VOCABULARY_MAX:,} logits, {SESSION_SNAPSHOT_BYTES_MAX:,} bytes"
        raise SnapshotError("lengths", wanted, f"{count:,} and {size:,}")
    end = HEAD.size + 4 * count + size
    if len(plain) != end + DIGEST_BYTES:
        raise SnapshotError("size", f"{end + DIGEST_BYTES:,} bytes", f"{len(plain):,} bytes")
    view = memoryview(plain)
    if hashlib.sha256(view[:end]).digest() != view[end:]:
        raise SnapshotError("SHA-256", "that of the bytes before it", "another")
    logits = bytes(view[HEAD.size : HEAD.size + 4 * count])
    if not np.isfinite(np.frombuffer(logits, "<f4")).all():
        raise SnapshotError("logits", "finite numbers", "another")
    return Snapshot(bytes(view[HEAD.size + 4 * count : end]), logits)


def _grow(packed: bytes) -> bytes:
    most = SESSION_SNAPSHOT_BYTES_MAX + 4 * MODEL_VOCABULARY_MAX + HEAD.size + DIGEST_BYTES
    grower = zlib.decompressobj()
    try:
        plain = grower.decompress(packed, most)
    except zlib.error as error:
        raise SnapshotError("compressed bytes", "a zlib stream", str(error)) from error
    if not grower.eof or grower.unused_data:
        raise SnapshotError("compressed bytes", "one whole zlib stream", "another length")
    return plain
