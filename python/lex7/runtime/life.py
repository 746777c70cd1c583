"""In which life a node writes: the one its keys say, or a later one that its log has begun.

The owner gives a later life to a copy that may go on (`lex7 forks --heal`); the membership says so,
and the log's own entries do afterwards. Keys that are older than that are no reason to stop.
"""

from __future__ import annotations

from lex7.bark.faults import StaleIncarnationError
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey
from lex7.base.entropy import Entropy
from lex7.base.ids import LatticeId
from lex7.lattice.membership import Membership
from lex7.storage.interface import LogStorage


def open_log(
    storage: LogStorage, writer: tuple[SigningKey, LatticeId], incarnation: int, entropy: Entropy
) -> Log:
    """Open a writer's log in the later one of the lives its keys and its entries say.

    Raises:
        BrokenLogError: the end of the log is damaged.
        StorageError: the storage cannot be read.
    """
    key, lattice = writer
    try:
        return Log(storage, key=key, lattice=lattice, incarnation=incarnation, entropy=entropy)
    except StaleIncarnationError as stale:
        later = stale.expected
    return Log(storage, key=key, lattice=lattice, incarnation=later, entropy=entropy)


def renew(log: Log, membership: Membership | None) -> bool:
    """Begin the life that the owner gave a log; return whether another copy was given it."""
    standing = None if membership is None else membership.standing(log.head.writer)
    if standing is None or standing.incarnation <= log.incarnation:
        return False
    if (log.head.sequence, log.head.hash) != (standing.after, standing.after_hash):
        return True
    log.begin(standing.incarnation)
    return False
