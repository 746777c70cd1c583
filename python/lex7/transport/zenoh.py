"""A transport over Zenoh: peers that find each other, or clients of a router.

Everything that is Zenoh stays in this file. Zenoh is trusted for nothing: it may lose, repeat,
delay and reorder. What is set here and why (measured, ADR 0093): no shared memory (stalls lose
messages), a lease of two seconds (a silent peer is noticed), messages up to 1 MiB, deny by default
for every key outside the lattice and every certificate that is not a member's, no scouting off the
host, bounded queues in front of every handler, and no declarations from callbacks.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Thread

import zenoh

from lex7.base.errors import Lex7Error
from lex7.base.limits import (
    LEASE_MS,
    PAYLOAD_BYTES_MAX,
    QUEUE_MAX,
    REQUEST_SECONDS_MAX,
    TRANSPORT_BYTES_MAX,
)
from lex7.transport.interface import (
    EndpointError,
    Handler,
    Listener,
    Priority,
    UnreachableError,
    Watcher,
    verify_size,
)

RETRY_SECONDS = 0.05
"""An empty answer proves nothing, so it is asked again after this long."""

ATTEMPT_SECONDS = 6.0
"""A question that was lost is asked again after this long; receivers answer repeats alike."""

REFUSED = b"refused"
"""What a handler that has no answer leaves, to be told from Zenoh's own timeouts."""

PATIENCE_SECONDS = 1.0
"""How long a key may have no answer at all before it counts as unreachable."""

_PRIORITIES = {
    Priority.CONTROL: zenoh.Priority.INTERACTIVE_HIGH,
    Priority.QUESTION: zenoh.Priority.DATA_HIGH,
    Priority.BULK: zenoh.Priority.BACKGROUND,
}

_MESSAGES = (
    "put delete declare_subscriber query reply declare_queryable liveliness_token "
    "liveliness_query declare_liveliness_subscriber"
).split()


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM texts for links that both sides prove; the names of members are common names."""

    authority: str
    certificate: str
    private_key: str = field(repr=False)
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Links:
    """How a session meets others.

    Attributes:
        mode: `peer`, `client` of a router, or `router`.
        listen: endpoints such as `tls/0.0.0.0:7447`.
        connect: endpoints of others, tried again for as long as the session lives.
        prefix: the only keys that pass, with everything below.
        tls: certificates; None leaves links open and is for one host only.
        is_scouting: whether peers on this host are found by multicast.
    """

    mode: str = "peer"
    listen: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    prefix: str = "lex7"
    tls: Tls | None = None
    is_scouting: bool = False


class ZenohTransport:
    """One Zenoh session."""

    def __init__(self, links: Links) -> None:
        """Open the session.

        Raises:
            EndpointError: an endpoint is wrong or taken.
        """
        try:
            self._session: zenoh.Session | None = zenoh.open(_config(links))
        except zenoh.ZError as error:
            raise EndpointError(", ".join(links.listen) or "this host", _reason(error)) from error
        self._declared: list[_Declared] = []

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        queue: zenoh.handlers.FifoChannel[zenoh.Query] = zenoh.handlers.FifoChannel(QUEUE_MAX)
        queryable = self._open().declare_queryable(key, queue, complete=True)
        self._keep(queryable, lambda query: _reply(query, key, handler))

    def request(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> bytes:
        """Send a message and return the answer.

        Raises:
            UnreachableError: nobody answers within the deadline.
            MessageTooLargeError: the message is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        started = heard = time.monotonic()
        while True:
            answer, is_asked = self._attempt(key, sent, priority)
            if answer is not None:
                return answer
            now = time.monotonic()
            if is_asked:
                heard = now
            if now - heard > PATIENCE_SECONDS or now - started > REQUEST_SECONDS_MAX:
                raise UnreachableError(key)
            time.sleep(RETRY_SECONDS)

    def _attempt(self, key: str, message: bytes, priority: Priority) -> tuple[bytes | None, bool]:
        """Ask once: the answer, or None and whether somebody was there to be asked."""
        asked = time.monotonic()
        replies = self._open().get(
            key,
            payload=message,
            priority=_PRIORITIES[priority],
            timeout=ATTEMPT_SECONDS,
            congestion_control=zenoh.CongestionControl.BLOCK,
        )
        for reply in replies:
            if (sample := reply.ok) is not None:
                return sample.payload.to_bytes(), True
            if reply.err is not None and reply.err.payload.to_bytes() == REFUSED:
                raise UnreachableError(key)
        # Zenoh answers at once where nobody serves the key; else the question or answer was lost.
        return None, time.monotonic() - asked >= ATTEMPT_SECONDS / 2

    def publish(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> None:
        """Tell whoever listens.

        Raises:
            MessageTooLargeError: the message is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        self._open().put(
            key,
            sent,
            congestion_control=zenoh.CongestionControl.DROP,
            priority=_PRIORITIES[priority],
        )

    def subscribe(self, pattern: str, listener: Listener) -> None:
        """Hear what is published under keys of a pattern until the transport is closed."""
        # A ring forgets the oldest: what is published is a hint, and the next one is newer.
        queue: zenoh.handlers.RingChannel[zenoh.Sample] = zenoh.handlers.RingChannel(QUEUE_MAX)
        subscriber = self._open().declare_subscriber(pattern, queue)
        self._keep(
            subscriber,
            lambda sample: listener(str(sample.key_expr), sample.payload.to_bytes()),
        )

    def announce(self, key: str) -> None:
        """Let watchers know that this transport is there."""
        token = self._open().liveliness().declare_token(key)
        self._declared.append(_Declared(token, None))

    def watch(self, pattern: str, watcher: Watcher) -> None:
        """Hear which keys of a pattern are announced, now and later, and which are gone."""
        queue: zenoh.handlers.FifoChannel[zenoh.Sample] = zenoh.handlers.FifoChannel(QUEUE_MAX)
        subscriber = self._open().liveliness().declare_subscriber(pattern, queue, history=True)
        self._keep(
            subscriber,
            lambda sample: watcher(str(sample.key_expr), sample.kind == zenoh.SampleKind.PUT),
        )

    def peers(self) -> int:
        """Count the sessions this one is linked to."""
        info = self._open().info
        return len(info.peers_zid()) + len(info.routers_zid())

    def close(self) -> None:
        """Stop answering, hearing and being there; closing twice is allowed."""
        session, self._session = self._session, None
        if session is None:
            return
        for one in self._declared:
            one.undeclare()
        session.close()  # type: ignore[no-untyped-call]
        for one in self._declared:
            one.join()
        self._declared.clear()

    def _open(self) -> zenoh.Session:
        if self._session is None:
            raise UnreachableError("a closed session")
        return self._session

    def _keep(self, declared: object, work: Callable[..., None]) -> None:
        thread = Thread(target=_drain, args=(declared, work), daemon=True)
        self._declared.append(_Declared(declared, thread))
        thread.start()


class _Declared:
    """Something declared on a session and the thread that empties its queue."""

    def __init__(self, declared: object, thread: Thread | None) -> None:
        self._declared = declared
        self._thread = thread

    def undeclare(self) -> None:
        self._declared.undeclare()  # type: ignore[attr-defined]

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(timeout=1.0)


def _drain(declared: Iterable[object], work: Callable[..., None]) -> None:
    # Ends when the queue is closed, which undeclaring and closing the session both do.
    try:
        for item in declared:
            work(item)
    except zenoh.ZError:
        return


def _reply(query: zenoh.Query, key: str, handler: Handler) -> None:
    with query:
        payload = query.payload
        try:
            message = b"" if payload is None else payload.to_bytes()
            answer = verify_size(key, handler(message), PAYLOAD_BYTES_MAX)
        except Lex7Error:
            query.reply_err(REFUSED)
        else:
            query.reply(key, answer)


def _reason(error: Exception) -> str:
    text = str(error)
    if "in use" in text.lower():
        return "the port is taken; another program or another home listens there"
    return f"it cannot be opened ({text.splitlines()[0][:120]})"


def _config(links: Links) -> zenoh.Config:
    config = zenoh.Config()

    def put(key: str, value: object) -> None:
        config.insert_json5(key, json.dumps(value))

    settings: dict[str, object] = {
        "mode": links.mode,
        "listen/endpoints": list(links.listen),
        "connect/endpoints": list(links.connect),
        "scouting/multicast/enabled": links.is_scouting,
        "scouting/multicast/interface": "lo",
        "scouting/gossip/enabled": True,
        "transport/shared_memory/enabled": False,
        "transport/link/tx/lease": LEASE_MS,
        "transport/link/rx/max_message_size": TRANSPORT_BYTES_MAX,
        "transport/unicast/max_sessions": 256,
        "timestamping/enabled": False,
    }
    if links.mode != "client":
        # Others may come later, so opening does not wait for them and trying does not end.
        settings["connect/exit_on_failure"] = False
    for key, value in settings.items():
        put(key, value)
    _secure(put, links)
    return config


def _secure(put: Callable[[str, object], None], links: Links) -> None:
    subject: dict[str, object] = {"id": "member"}
    if links.tls is not None:
        subject["cert_common_names"] = list(links.tls.members)
        put(
            "transport/link/tls",
            {
                "root_ca_certificate_base64": _base64(links.tls.authority),
                "listen_certificate_base64": _base64(links.tls.certificate),
                "listen_private_key_base64": _base64(links.tls.private_key),
                "connect_certificate_base64": _base64(links.tls.certificate),
                "connect_private_key_base64": _base64(links.tls.private_key),
                "enable_mtls": True,
                # Addresses of homes change; who answers is proven by the authority and the name.
                "verify_name_on_connect": False,
            },
        )
    rule = {
        "id": "lattice",
        "permission": "allow",
        "flows": ["ingress", "egress"],
        "messages": list(_MESSAGES),
        "key_exprs": [f"{links.prefix}/**"],
    }
    put(
        "access_control",
        {
            "enabled": True,
            "default_permission": "deny",
            "rules": [rule],
            "subjects": [subject],
            "policies": [{"rules": ["lattice"], "subjects": ["member"]}],
        },
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
