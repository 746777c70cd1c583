"""Five real nodes in network namespaces: whatever happens to links, processes and disks heals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from namespaces import Net, RealNode, RealWorld, can_make_namespaces, wait_for

COUNT = 5
KILLS = int(os.environ.get("LEX7_KILLS", "3"))
LINK_DOWN_SECONDS = float(os.environ.get("LEX7_LINK_DOWN_SECONDS", "5"))
"""Longer than the lease and the missed heartbeats, so that the node counts as away."""

needs_namespaces = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0 or not can_make_namespaces(),
    reason="network namespaces need a Linux root",
)
STRANGER = """
import json, sys, time, zenoh
heard = []
for kind, place in (("tcp", sys.argv[1]), ("tls", sys.argv[1])):
    config = zenoh.Config()
    config.insert_json5("connect/endpoints", json.dumps([f"{kind}/{place}"]))
    config.insert_json5("connect/exit_on_failure", "false")
    config.insert_json5("connect/timeout_ms", "2000")
    try:
        session = zenoh.open(config)
    except zenoh.ZError:
        continue
    # What it says itself comes back to it, and is not what others say.
    session.declare_subscriber(
        "**", lambda sample: heard.append(str(sample.key_expr)),
        allowed_origin=zenoh.Locality.REMOTE,
    )
    session.liveliness().declare_subscriber("**", lambda s: heard.append(str(s.key_expr)))
    end = time.monotonic() + 3
    while time.monotonic() < end:
        for key in ("beat/mon@n1", "ask/mon@n0"):
            session.put(f"lex7/{sys.argv[2]}/{key}", b"nonsense" * 50)
        for reply in session.get(f"lex7/{sys.argv[2]}/ask/*", payload=b"x", timeout=0.3):
            heard.append("reply" if reply.ok else "error")
        time.sleep(0.05)
    heard += [str(one) for one in session.info.peers_zid()]
    session.close()
print(json.dumps(heard))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RealWorld]:
    net = Net(COUNT + 1)
    made: RealWorld | None = None
    try:
        made = RealWorld(tmp_path, net, COUNT)
        for node in made.nodes:
            made.start(node)
        yield made
    finally:
        if made is not None:
            made.stop()
        net.remove()


def forks_of(node: RealNode) -> list[str]:
    return [str(row["node"]) for row in node.ask("forks")["forks"]]


@pytest.mark.slow
@needs_namespaces
def test_five_nodes_survive_links_stops_kills_and_a_stranger(world: RealWorld) -> None:
    first, second, third, fourth, fifth = world.nodes
    before = world.agree()

    # A link is down while others write.
    world.net.link(2, "down")
    first.kill()
    first.append("while the third is away")
    world.start(first)
    world.agree([first, second, fourth, fifth], writers=4)
    time.sleep(LINK_DOWN_SECONDS)
    assert third.ask("nodes")["lattice"] == before
    world.net.link(2, "up")
    after = world.agree()
    assert after != before

    # A process is stopped and goes on.
    assert second.process is not None
    second.process.send_signal(signal.SIGSTOP)
    fourth.kill()
    fourth.append("while the second stands still")
    world.start(fourth)
    world.agree([first, third, fourth, fifth], writers=4)
    second.process.send_signal(signal.SIGCONT)
    world.agree()

    # One is killed again and again, with entries between.
    for number in range(KILLS):
        fifth.kill()
        fifth.append(f"life {number}")
        world.start(fifth)
    world.agree()

    stranger_learns_and_changes_nothing(world)


def stranger_learns_and_changes_nothing(world: RealWorld) -> None:
    """On the same network, with the address and the lattice's name, but no membership."""
    before = world.agree()
    outside = world.net.names[COUNT]
    done = subprocess.run(
        ["ip", "netns", "exec", outside, sys.executable, "-c", STRANGER, "10.77.0.1:7447",
         b"lattice of tests".hex()[:16]],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
    assert world.agree() == before
    assert not any(forks_of(node) for node in world.nodes)


@pytest.mark.slow
@needs_namespaces
def test_a_restored_backup_is_caught_and_the_others_agree(world: RealWorld, tmp_path: Path) -> None:
    last = world.nodes[-1]
    world.agree()
    last.kill()
    backup = tmp_path / "backup.db"
    shutil.copy(last.database, backup)
    last.append("the branch that others hold")
    world.start(last)
    world.agree()
    last.kill()
    for extra in last.database.parent.glob(f"{last.database.name}-*"):
        extra.unlink()
    shutil.copy(backup, last.database)
    last.append("another branch, from the backup")
    world.start(last)
    rest = world.nodes[:-1]
    for node in rest:
        assert wait_for(lambda node=node: forks_of(node)) == [last.name]
    wait_for(lambda: len({node.ask("nodes")["lattice"] for node in rest}) == 1)


@pytest.mark.slow
@needs_namespaces
def test_a_full_disk_stops_taking_in_and_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    small = tmp_path / "home1"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], check=True)
    net = Net(2)
    world: RealWorld | None = None
    try:
        world = RealWorld(tmp_path, net, 2)
        writer, full = world.nodes
        for node in world.nodes:
            world.start(node)
        before = world.agree()
        filler = small / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4_096))
            except OSError:
                pass
        writer.kill()
        for number in range(200):
            writer.append(f"more than fits {number}" + "x" * 200)
        world.start(writer)
        wait_for(lambda: full.ask("nodes")["findings"])
        assert full.process is not None
        assert full.process.poll() is None
        assert full.ask("nodes")["lattice"] == before or full.ask("nodes")["findings"]
        filler.unlink()
        world.agree()
    finally:
        if world is not None:
            world.stop()
        net.remove()
        subprocess.run(["umount", str(small)], check=False)


def test_the_helpers_leave_nothing_behind() -> None:
    if os.geteuid() == 0 and can_make_namespaces():
        Net(1).remove()
        listed = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
        assert f"l7-{os.getpid()}-" not in listed
    else:
        pytest.skip("network namespaces need a Linux root")
