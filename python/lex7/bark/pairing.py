"""Enrolment: an 8-digit code, spoken once, makes another home's nodes members.

    joining                                   inviting
    hello  {1: 1, 2: A}                  ──►
                                         ◄──  offer    {1: 2, 2: salt, 3: B}
    proof  {1: 3, 2: M1}                 ──►          the attempt is counted before M1 is looked at
                                         ◄──  welcome  {1: 4, 2: M2, 3: sealed owner}
    wish   {1: 5, 2: sealed wish}        ──►
                                         ◄──  enrolled {1: 6, 2: sealed enrolment}

Each sealed part is ChaCha20-Poly1305 under HKDF(K, transcript, "lex7.pair." ‖ step). Each side
signs HKDF(K, transcript, "lex7.pair.proof." ‖ role) ‖ public key under the purpose `lex7.pairing`,
so the signing keys are bound to this exchange. Any refusal is the same bytes `{1: 0}`: a wrong
code, an expired one and nonsense look alike. What is enrolled is bytes here; the lattice gives them
meaning. States:

    invited ──hello──► offered ──proof──► proven ──wish──► done        any other step ends it
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lex7.bark import canon, core_native, srp
from lex7.bark.canon import Value
from lex7.bark.hkdf import derive
from lex7.bark.signature import SigningKey, sign, verify, verify_key
from lex7.base.entropy import Entropy
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId, LatticeId

PURPOSE = "lex7.pairing"
CODE_DIGITS = 8
FRAME_BYTES_MAX = 1 << 18
"""An enrolment carries a membership, certificates and directives; 256 KiB is ten times that."""

REFUSAL = canon.encode({1: 0})
INVITING, JOINING = b"invite", b"join"
_NONCE = bytes(12)


class PairingError(BarkError):
    """The other side refused, or sent something else than its step."""

    code = "pair.refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"pairing did not succeed: {reason}; ask for a new code")


@dataclass(frozen=True, slots=True)
class Invitation:
    """The inviting side between steps.

    Attributes:
        code: eight digits.
        owner: the owner key, which welcomes.
        lattice: what is joined.
        salt: drawn for each session.
        half: b and B, once a session began.
        agreed: the key, once M1 was right.
    """

    code: str = field(repr=False)
    owner: SigningKey
    lattice: LatticeId
    salt: bytes = b""
    half: srp.Half | None = None
    joining: bytes = b""
    agreed: srp.Agreed | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Joining:
    """The joining side between steps."""

    code: str = field(repr=False)
    half: srp.Half
    agreed: srp.Agreed | None = field(default=None, repr=False)
    owner: KeyId | None = None
    lattice: LatticeId | None = None


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A node that asks to be enrolled.

    Attributes:
        name: kind@device.
        key: its public key; that it holds the secret is proven.
        extra: what else enrolment needs of it, opaque here.
    """

    name: str
    key: KeyId
    extra: bytes = b""


def draw_code(entropy: Entropy) -> str:
    """Draw eight digits, each code as likely as any other."""
    highest = 10**CODE_DIGITS
    while True:
        drawn = int.from_bytes(entropy.draw(4), "big")
        if drawn < (1 << 32) // highest * highest:
            return f"{drawn % highest:0{CODE_DIGITS}d}"


def read_code(text: str) -> str:
    """Read a code as typed; spaces and dashes between digits do not matter.

    Raises:
        PairingError: not eight digits.
    """
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdigit():
        raise PairingError(f"expected {CODE_DIGITS} digits, got {text[:20]!r}")
    return digits


def verify_owner(invitation: Invitation) -> None:
    """Refuse to invite where the owner's secret key is not.

    Raises:
        NoSecretError: only the public half is here.
    """
    sign(invitation.owner, purpose=PURPOSE, lattice=invitation.lattice, payload=b"")


def hello(code: str, entropy: Entropy) -> tuple[bytes, Joining]:
    """Begin to join."""
    half = srp.joining_half(entropy)
    return canon.encode({1: 1, 2: half.public}), Joining(read_code(code), half)


def offer(invitation: Invitation, frame: bytes, entropy: Entropy) -> tuple[bytes, Invitation]:
    """Answer a hello.

    Raises:
        BarkError: the frame is not one.
    """
    joining = _data(_step(frame, 1, 2), 2)
    salt = entropy.draw(srp.SALT_BYTES)
    half = srp.inviting_half(invitation.code, salt, entropy)
    # A value outside the group is refused before anything is said.
    srp.invite(invitation.code, salt, half, joining)
    begun = replace(invitation, salt=salt, half=half, joining=joining, agreed=None)
    return canon.encode({1: 2, 2: salt, 3: half.public}), begun


def prove(joining: Joining, frame: bytes) -> tuple[bytes, Joining]:
    """Answer an offer.

    Raises:
        BarkError: the frame is not one.
    """
    fields = _step(frame, 2, 3)
    salt = _data(fields, 2)
    if len(salt) != srp.SALT_BYTES:
        raise PairingError("the salt has another length")
    agreed = srp.join(joining.code, salt, joining.half, _data(fields, 3))
    return canon.encode({1: 3, 2: agreed.first}), replace(joining, agreed=agreed)


def welcome(invitation: Invitation, frame: bytes) -> tuple[bytes, Invitation]:
    """Check a proof; the caller has counted the attempt before.

    Raises:
        BarkError: the code was another one, or the frame is not one.
    """
    assert invitation.half is not None, "an offer comes before a welcome"
    agreed = srp.invite(invitation.code, invitation.salt, invitation.half, invitation.joining)
    if not srp.is_equal(_data(_step(frame, 3, 2), 2), agreed.first):
        raise PairingError("the code was another one")
    owner, lattice = invitation.owner, invitation.lattice
    signed = sign(
        owner, purpose=PURPOSE, lattice=lattice, payload=_proof(agreed, INVITING, owner.public)
    )
    sealed = _seal(agreed, b"welcome", (owner.public, lattice, signed))
    return canon.encode({1: 4, 2: agreed.second, 3: sealed}), replace(invitation, agreed=agreed)


def wish(
    joining: Joining, frame: bytes, nodes: tuple[tuple[str, SigningKey, bytes], ...]
) -> tuple[bytes, Joining]:
    """Check a welcome and ask for these nodes, given as name, key and opaque extra.

    Raises:
        BarkError: the other side does not know the code, or the frame is not one.
    """
    assert joining.agreed is not None, "a proof comes before a wish"
    fields = _step(frame, 4, 3)
    if not srp.is_equal(_data(fields, 2), joining.agreed.second):
        raise PairingError("the other side does not know the code")
    match _open(joining.agreed, b"welcome", _data(fields, 3)):
        case (bytes(owner), bytes(lattice), bytes(signed)) if len(lattice) == 16:
            owner_key, lattice_id = verify_key(owner), LatticeId(lattice)
        case _:
            raise PairingError("the welcome has another layout")
    said = verify(signed, purpose=PURPOSE, lattice=lattice_id, signer=owner_key)
    if said != _proof(joining.agreed, INVITING, owner_key):
        raise PairingError("the owner key was not part of this exchange")
    rows = tuple(
        (
            name,
            key.public,
            extra,
            sign(
                key,
                purpose=PURPOSE,
                lattice=lattice_id,
                payload=_proof(joining.agreed, JOINING, key.public),
            ),
        )
        for name, key, extra in nodes
    )
    sealed = _seal(joining.agreed, b"wish", rows)
    return canon.encode({1: 5, 2: sealed}), replace(joining, owner=owner_key, lattice=lattice_id)


def newcomers(invitation: Invitation, frame: bytes) -> tuple[Newcomer, ...]:
    """Read a wish; every key in it has proven itself in this exchange.

    Raises:
        BarkError: a key is weak or did not sign, or the frame is not one.
    """
    agreed = invitation.agreed
    assert agreed is not None, "a welcome comes before a wish"
    rows = _open(agreed, b"wish", _data(_step(frame, 5, 2), 2))
    if not isinstance(rows, tuple) or not 1 <= len(rows) <= 16:
        raise PairingError("the wish has another layout")
    found = []
    for row in rows:
        match row:
            case (str(name), bytes(public), bytes(extra), bytes(signed)):
                key = verify_key(public)
            case _:
                raise PairingError("the wish has another layout")
        said = verify(signed, purpose=PURPOSE, lattice=invitation.lattice, signer=key)
        if said != _proof(agreed, JOINING, key):
            raise PairingError("a key was not part of this exchange")
        found.append(Newcomer(name, key, extra))
    return tuple(found)


def enrol(invitation: Invitation, enrolment: Value) -> bytes:
    """Spell what the newcomers need, for them alone."""
    assert invitation.agreed is not None, "a welcome comes before an enrolment"
    return canon.encode({1: 6, 2: _seal(invitation.agreed, b"enrolled", enrolment)})


def enrolled(joining: Joining, frame: bytes) -> Value:
    """Read an enrolment.

    Raises:
        BarkError: the frame is not one.
    """
    assert joining.agreed is not None, "a wish comes before an enrolment"
    return _open(joining.agreed, b"enrolled", _data(_step(frame, 6, 2), 2))


def _proof(agreed: srp.Agreed, role: bytes, public: KeyId) -> bytes:
    return derive(agreed.key, agreed.transcript, b"lex7.pair.proof." + role, 32) + public


def _seal(agreed: srp.Agreed, step: bytes, value: Value) -> bytes:
    # Each step has a key of its own, so the nonce can stay zero.
    key = derive(agreed.key, agreed.transcript, b"lex7.pair." + step, 32)
    plain = canon.encode(value, bytes_max=FRAME_BYTES_MAX)
    return core_native.aead_seal(key, _NONCE, step, plain)


def _open(agreed: srp.Agreed, step: bytes, sealed: bytes) -> Value:
    key = derive(agreed.key, agreed.transcript, b"lex7.pair." + step, 32)
    if len(sealed) < 16 or (plain := core_native.aead_open(key, _NONCE, step, sealed)) is None:
        raise PairingError("a sealed part does not open")
    return canon.decode(plain, bytes_max=FRAME_BYTES_MAX)


def _step(frame: bytes, number: int, count: int) -> dict[int, Value]:
    fields = canon.decode(frame, bytes_max=FRAME_BYTES_MAX)
    if fields == {1: 0}:
        raise PairingError(
            "the other side refused (another code, an expired one, or one already used)"
        )
    if not isinstance(fields, dict) or list(fields) != list(range(1, count + 1)):
        raise PairingError("a message has another layout")
    if fields[1] != number or isinstance(fields[1], bool):
        raise PairingError(f"expected step {number}; the versions may differ")
    return fields


def _data(fields: dict[int, Value], number: int) -> bytes:
    value = fields[number]
    if not isinstance(value, bytes):
        raise PairingError("a message has another layout")
    return value
