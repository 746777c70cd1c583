"""Commands that a running lattice answers; imports little, because answers take no time."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from lex7.base.config import Config
from lex7.base.entropy import Entropy
from lex7.runtime import command
from lex7.runtime.command import NotRunningError

ASKED_IN_ORDER = ("mon", "vit", "wth")
STARTING_SECONDS = 60.0
Json = dict[str, Any]


def bring_down(config: Config) -> None:
    """Stop the nodes of a home.

    Raises:
        NotRunningError: none runs.
    """
    command.ask(config.home, command.UP, {"do": "down"})


def is_up(config: Config) -> bool:
    """Answer whether nodes of a home run; asks no passphrase."""
    root = config.home
    return command.run_folder(root).is_dir() and command.is_running(root)


def ask_any(config: Config, question: Json) -> Json:
    """Ask the first node that answers: the council first.

    Raises:
        NotRunningError: none answers.
        CommandError: it refused.
    """
    root = config.home
    until = time.monotonic() + STARTING_SECONDS
    with suppress(NotRunningError):
        return command.ask(root, ASKED_IN_ORDER[0], question)
    if command.is_running(root):
        # The keeper answers when the nodes it is starting can be asked: the council knows first
        # what the command before this one has written.
        command.ask(root, command.UP, {"do": "who"})
    while True:
        for node in ASKED_IN_ORDER:
            try:
                return command.ask(root, node, question)
            except NotRunningError:
                continue
        # Nodes that stepped aside for another command come back within seconds.
        if time.monotonic() > until or not command.is_running(root):
            raise NotRunningError(root, "any of its nodes")
        time.sleep(0.1)


def ask_proposal(config: Config, text: str, as_of: str | None, entropy: Entropy) -> Json:
    """Hand a proposal to the lattice; a second node is asked where the first one dies.

    Raises:
        NotRunningError: none answers.
        CommandError: it was refused.
    """
    request = entropy.draw(16).hex()
    return ask_any(config, {"do": "propose", "text": text, "as_of": as_of, "request": request})


def ask_each(config: Config, question: Json) -> tuple[Json, ...]:
    """Ask every running node of a home, the council first.

    Raises:
        NotRunningError: none runs.
        CommandError: a node refused.
    """
    running = command.ask(config.home, command.UP, {"do": "who"})["nodes"]
    named = [node for node in ASKED_IN_ORDER if node in running]
    if not named:
        raise NotRunningError(config.home, "no node of it")
    return tuple(command.ask(config.home, node, question) for node in named)
