"""The epochs of one node: payloads travel sealed, and only members of today can open them.

A node draws an epoch key at each start, at each change of membership, on `lex7 keys rotate`, and
after 30 days; it stays in memory. Whoever wants payloads asks for the key and sends the X25519
share it is to be wrapped for. A reader that finds another epoch number asks again. What was taken
in is kept under the reader's own database key, so no old epoch key has to be kept anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from lex7.bark.epoch import (
    Epoch,
    EpochError,
    PayloadSealer,
    draw_share,
    epoch_number,
    is_due,
    next_epoch,
    open_payload,
    unwrap,
    wrap,
)
from lex7.base.ids import KeyId
from lex7.runtime.border import Identity
from lex7.storage.interface import LogStorage

META_EPOCH = "epoch"
"""The last epoch number that was used; a number is written before it is used."""


class Epochs:
    """The own epoch, and those of others as far as they were asked for."""

    def __init__(self, identity: Identity, storage: LogStorage, wall_ns: Callable[[], int]) -> None:
        self._identity = identity
        self._storage = storage
        self._wall_ns = wall_ns
        self._share = draw_share(identity.entropy)
        self._sealer: PayloadSealer | None = None
        self._known: dict[KeyId, Epoch] = {}

    @property
    def share(self) -> bytes:
        """The share that keys are to be wrapped for; drawn at each start."""
        return self._share.public

    @property
    def number(self) -> int:
        """The number of the newest epoch; 0 before the first."""
        return int.from_bytes(self._storage.get(META_EPOCH) or b"", "big")

    def begin(self) -> int:
        """Begin an epoch and return its number.

        Raises:
            StorageError: its number could not be kept; the former epoch goes on.
        """
        identity = self._identity
        before = Epoch(identity.key.public, self.number, 0, b"")
        epoch = next_epoch(before, identity.key.public, self._wall_ns(), identity.entropy)
        self._storage.put(META_EPOCH, epoch.number.to_bytes(8, "big"))
        self._sealer = PayloadSealer(epoch, identity.entropy)
        return epoch.number

    def end(self) -> None:
        """Use the present epoch no more; the next payload begins another one."""
        self._sealer = None

    def wrap_for(self, reader: KeyId, share: bytes) -> bytes:
        """Wrap the present key for a reader.

        Raises:
            EpochError: the share is none.
            StorageError: an epoch could not begin.
        """
        identity = self._identity
        return wrap(self._present().epoch, identity.lattice, reader, share, identity.entropy)

    def seal(self, bodies: bytes) -> bytes:
        """Seal payloads that leave this node.

        Raises:
            StorageError: an epoch could not begin.
        """
        return self._present().seal(bodies)

    def open(self, holder: KeyId, sealed: bytes, ask: Callable[[], bytes]) -> bytes:
        """Open payloads that a member sealed.

        Args:
            holder: who sealed them.
            sealed: as they came.
            ask: asks the holder for its present key, wrapped for this node's share.

        Raises:
            EpochError: they do not open.
        """
        known = self._known.get(holder)
        if known is not None and known.number == epoch_number(sealed):
            with suppress(EpochError):
                # A holder that was restored from a backup may count its numbers again.
                return open_payload(known, sealed)
        identity = self._identity
        known = unwrap(ask(), holder, identity.lattice, identity.key.public, self._share)
        self._known[holder] = known
        return open_payload(known, sealed)

    def _present(self) -> PayloadSealer:
        if self._sealer is None or is_due(self._sealer.epoch, self._wall_ns()):
            self.begin()
        assert self._sealer is not None, "an epoch has just begun"
        return self._sealer
