"""The transports side by side: Zenoh, NATS and MQTT (mosquitto, QoS 1), on the loopback.

Each carries the same messages from one client to another in this process, until the last has
arrived, and then answers questions one by one. Brokers that are not installed are named and left
out; `scripts/brokers.sh` installs them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Semaphore

from lex7.cli.lattice_bench import free_port

SECONDS_MAX = 120
IN_FLIGHT = 20
"""What paho sends before the broker has acknowledged (its own default)."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Seconds for all messages, and the sorted seconds of single questions."""

    broker: str
    seconds: float
    questions: tuple[float, ...]


def measure(messages: Sequence[bytes], question_count: int) -> list[Carried]:
    """Measure every transport that is installed."""
    found = [through_zenoh(messages, question_count)]
    for program, client, broker in (
        ("nats-server", "nats", through_nats),
        ("mosquitto", "paho", through_mqtt),
    ):
        if find_spec(client) is None:
            print(f"the client of {program} is not installed: its rows are left out; "
                  "`make bench` installs it", file=sys.stderr)  # fmt: skip
        elif (
            shutil.which(program, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") is None
        ):
            print(f"{program} is not installed: its rows are left out", file=sys.stderr)
        else:
            found.append(broker(messages, question_count))
    return found


def through_zenoh(messages: Sequence[bytes], question_count: int) -> Carried:
    import zenoh

    def config(**endpoints: str) -> zenoh.Config:
        made = zenoh.Config()
        made.insert_json5("scouting/multicast/enabled", "false")
        made.insert_json5("transport/shared_memory/enabled", "false")
        for key, value in endpoints.items():
            made.insert_json5(f"{key}/endpoints", json.dumps([value]))
        return made

    place = f"tcp/127.0.0.1:{free_port()}"
    with zenoh.open(config(listen=place)) as one, zenoh.open(config(connect=place)) as other:
        counter = Counter(len(messages))
        held = one.declare_subscriber("bench/put", lambda _: counter.note())
        answering = one.declare_queryable("bench/ask", lambda query: query.reply("bench/ask", b"x"))
        time.sleep(0.5)
        started = time.perf_counter()
        for message in messages:
            other.put("bench/put", message, congestion_control=zenoh.CongestionControl.BLOCK)
        counter.wait()
        taken = time.perf_counter() - started
        asked = timed(question_count, lambda: list(other.get("bench/ask", payload=messages[0])))
        held.undeclare()
        answering.undeclare()
    return Carried("Zenoh", taken, asked)


def through_nats(messages: Sequence[bytes], question_count: int) -> Carried:
    import nats

    async def talk(port: int) -> Carried:
        one = await nats.connect(f"nats://127.0.0.1:{port}", pending_size=1 << 26)
        other = await nats.connect(f"nats://127.0.0.1:{port}", pending_size=1 << 26)
        arrived = asyncio.Event()
        count = 0

        async def hear(_: object) -> None:
            nonlocal count
            count += 1
            if count == len(messages):
                arrived.set()

        async def answer(message: nats.aio.msg.Msg) -> None:
            await message.respond(b"x")

        await one.subscribe("bench.put", cb=hear, pending_bytes_limit=1 << 30)
        await one.subscribe("bench.ask", cb=answer)
        await one.flush()
        started = time.perf_counter()
        for message in messages:
            await other.publish("bench.put", message)
        await other.flush()
        await asyncio.wait_for(arrived.wait(), SECONDS_MAX)
        taken = time.perf_counter() - started
        asked = []
        for _ in range(question_count):
            begun = time.perf_counter()
            await other.request("bench.ask", messages[0], timeout=10)
            asked.append(time.perf_counter() - begun)
        await one.close()
        await other.close()
        return Carried("NATS", taken, tuple(sorted(asked)))

    port = free_port()
    with running("nats-server", "-a", "127.0.0.1", "-p", str(port)):
        return asyncio.run(talk(port))


def through_mqtt(messages: Sequence[bytes], question_count: int) -> Carried:
    from paho.mqtt import client as mqtt

    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "mosquitto.conf"
        lines = (
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
        )
        settings.write_text("\n".join(lines) + "\n")
        with running("/usr/sbin/mosquitto", "-c", str(settings)):
            one, other = (mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) for _ in range(2))
            counter, answered, room = Counter(len(messages)), Event(), Semaphore(IN_FLIGHT)
            one.message_callback_add("put", lambda *_: counter.note())
            one.message_callback_add("ask", lambda *_: one.publish("answer", b"x", qos=1))
            other.message_callback_add("answer", lambda *_: answered.set())
            other.on_publish = lambda *_: room.release()
            for client in (one, other):
                client.on_socket_open = at_once
                client.connect("127.0.0.1", port)
                client.loop_start()
            one.subscribe([("put", 1), ("ask", 1)])
            other.subscribe("answer", 1)
            time.sleep(0.5)
            started = time.perf_counter()
            for message in messages:
                room.acquire()
                other.publish("put", message, qos=1)
            counter.wait()
            taken = time.perf_counter() - started

            def question() -> None:
                answered.clear()
                other.publish("ask", messages[0], qos=1)
                answered.wait(10)

            asked = timed(question_count, question)
            for client in (one, other):
                client.loop_stop()
                client.disconnect()
    return Carried("MQTT QoS 1", taken, asked)


def at_once(_client: object, _data: object, opened: socket.socket) -> None:
    """Let small messages go without waiting for others."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Counter:
    """Counts messages and says when the last one came."""

    def __init__(self, expected: int) -> None:
        self._left = expected
        self._done = Event()

    def note(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def wait(self) -> None:
        assert self._done.wait(SECONDS_MAX), f"{self._left} messages never arrived"


def timed(count: int, work: Callable[[], object]) -> tuple[float, ...]:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return tuple(sorted(taken))


@contextmanager
def running(*command: str) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        time.sleep(1.0)
        try:
            yield
        finally:
            broker.terminate()
