"""Hold a home while working on it: running nodes step aside and come back afterwards.

Whoever changes logs directly needs the home's lock. Where nodes are running, their keeper is asked
to let go; it stops them, and starts them again when the connection ends, however it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lex7.base.limits import COMMAND_SECONDS_MAX
from lex7.runtime import command
from lex7.storage.lock import HomeLock


@contextmanager
def hold_home(root: Path) -> Iterator[None]:
    """Hold a home.

    Raises:
        HomeBusyError: another command works on it.
        StorageError: the disk said no.
    """
    with ExitStack() as stack:
        if command.run_folder(root).is_dir() and command.is_running(root):
            link = stack.enter_context(command.connected(root, command.UP, COMMAND_SECONDS_MAX))
            command.exchange(link, root, command.UP, {"do": "suspend"})
        stack.enter_context(HomeLock(root))
        yield
