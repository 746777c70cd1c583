"""The work of `lex7 up`: the nodes of a home become processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lex7.base.config import Config
from lex7.base.errors import HomeError
from lex7.runtime import command
from lex7.runtime.home import NODE_KINDS, HomePaths, load_keys, unlock
from lex7.runtime.keeper import start_keeper
from lex7.runtime.links import choose_ports, load_links, node_specs, save_links
from lex7.runtime.spec import spell_spec

Json = dict[str, Any]


class RunningError(HomeError):
    """The nodes of a home run already."""

    code = "home.running"

    def __init__(self, home: Path) -> None:
        self.home = home
        super().__init__(f"the nodes of {home} are running already; `lex7 down` stops them")


def bring_up(config: Config, kinds: tuple[str, ...]) -> Json:
    """Start the nodes of a home and return who runs.

    Raises:
        RunningError: they run already.
        HomeError: no home, no passphrase, in use, or a node did not start.
    """
    locked = load_keys(config)
    root = HomePaths(config.home).root
    if command.is_running(root):
        raise RunningError(root)
    keys = unlock(config, locked)
    address = config.text("address")
    links = load_links(root)
    chosen = choose_ports(links, tuple(keys.nodes), address)
    if chosen != links:
        save_links(root, chosen)
    specs = node_specs(root, keys, chosen, address)
    lines = {kind: spell_spec(specs[kind]) for kind in NODE_KINDS if kind in kinds}
    start_keeper(root.resolve(), lines)
    return command.ask(root, command.UP, {"do": "who"})
