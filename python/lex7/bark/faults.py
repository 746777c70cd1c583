"""The errors of BARK: bytes, entries, seals, logs and keys that are not what they must be."""

from __future__ import annotations

from lex7.base.errors import BarkError, HomeError
from lex7.base.ids import KeyId

_CANON_SENTENCES = {
    "canon.truncated": "the data end within the item",
    "canon.trailing": "bytes follow the value",
    "canon.long_form": "a number is written longer than needed",
    "canon.type": (
        "only integers, bytes, text, arrays, maps, true, false and null may stand here; "
        "floats, tags and indefinite lengths may not"
    ),
    "canon.key_type": "map keys are unsigned integers",
    "canon.key_order": "map keys ascend and none is repeated",
    "canon.integer_range": "integers fit signed 64 bits",
    "canon.text": "text is UTF-8",
    "canon.depth": "arrays and maps nest deeper than allowed",
    "canon.size": "the value is larger than allowed",
    "canon.shape": "the value has another shape than expected here",
}


class NotCanonicalError(BarkError):
    """Bytes are not the one spelling of a value, or a value has none."""

    def __init__(self, code: str, offset: int) -> None:
        self.code = code
        self.offset = offset
        super().__init__(f"expected canonical CBOR: {_CANON_SENTENCES[code]}, at byte {offset}")


class BrokenLogError(BarkError):
    """A log is damaged: names writer, sequence and what differs."""

    def __init__(self, writer: KeyId, sequence: int, code: str, differs: tuple[str, str]) -> None:
        self.writer = writer
        self.sequence = sequence
        self.code = code
        self.expected, self.found = differs
        super().__init__(f"log of {writer.hex()[:16]}, entry {sequence}: {describe(code, differs)}")


def describe(code: str, differs: tuple[str, str]) -> str:
    """Say what differs, as the second half of a sentence."""
    expected, found = differs
    return f"{_LOG_SUBJECTS[code]}: expected {expected}, found {found}"


_LOG_SUBJECTS = {
    "log.header": "its header cannot be read",
    "log.body": "its body cannot be read",
    "log.seal": "the seal over it cannot be read",
    "log.writer": "it names another writer",
    "log.incarnation": "its incarnation is wrong",
    "log.sequence": "its sequence is wrong",
    "log.lamport": "its Lamport number is wrong",
    "log.hash": "its hash differs from what its successor or its seal names",
    "log.link": "it does not follow the entry before it",
    "log.payload": "its payload differs from what its header names",
    "log.signer": "another key signed the seal over it",
    "log.signature": "the signature of the seal over it does not stand",
    "log.range": "the seal covers other entries",
    "log.gap": "entries are missing before it",
    "log.tail": "the end of the log is missing",
    "log.row": "the database row that holds it cannot be read",
}


class StalePreparedError(BarkError):
    """What is committed is not what was prepared last."""

    code = "log.stale"

    def __init__(self) -> None:
        super().__init__("expected the entries of the latest prepare with the same heads")


class StaleIncarnationError(BarkError):
    """A log was written by a later incarnation than the keys know."""

    code = "log.incarnation"

    def __init__(self, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            f"expected keys of incarnation {expected} or later, got {found}: "
            "the keys are older than the log"
        )


class RunSizeError(BarkError):
    """A run has no entries, too many, or too many bytes."""

    code = "log.run_size"

    def __init__(self, what: str, count: int, limit: int) -> None:
        self.what = what
        self.count = count
        self.limit = limit
        super().__init__(f"expected 1 to {limit} {what} in one run, got {count}")


class SignatureError(BarkError):
    """A signed document was not signed by the expected key for this purpose and lattice."""

    code = "bark.signature"

    def __init__(self, purpose: str, reason: str) -> None:
        self.purpose = purpose
        self.reason = reason
        super().__init__(f"expected a document signed for {purpose!r}: {reason}")


class NoSecretError(BarkError):
    """A signature was asked of a key whose secret half lies in another home."""

    code = "bark.no_secret"

    def __init__(self, purpose: str) -> None:
        self.purpose = purpose
        super().__init__(
            f"{purpose} needs the owner's key, which is in the home where the lattice was made; "
            "do it there"
        )


class WeakKeyError(BarkError):
    """A public key has small order or a second spelling and may not be enrolled."""

    code = "bark.weak_key"

    def __init__(self) -> None:
        super().__init__("expected a canonical Ed25519 public key that is not of small order")


class WrongPassphraseError(HomeError):
    """A passphrase or recovery code does not unwrap the keys."""

    code = "home.passphrase"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the {what} does not open these keys")


class KeyFileError(HomeError):
    """The keys file cannot be read as one."""

    code = "home.keys"

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"expected the keys of a lattice in {path}: {reason}")
