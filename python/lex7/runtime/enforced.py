"""The directives in force on a day: the last signed version that has begun, from the logs alone.

Every version in the logs is checked again: the owner's signature, the text against what was
signed, the number against the version before (an old version written again would take rules
back), and what it says it supersedes. A version that fails is refused by name and the last good
one goes on standing. A version with an effective day comes into force on that day; until then the
one before stands. The file in the home is a draft until it is signed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from lex7.bark import canon
from lex7.bark.entry import VerifiedEntry
from lex7.bark.fields import read_fields
from lex7.bark.signature import PURPOSE_DIRECTIVES, SigningKey, sign, verify
from lex7.base.civil import Day, day_from_date
from lex7.base.errors import BarkError, DirectiveError, Finding
from lex7.base.ids import KeyId, LatticeId
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.directive.document import AccessRule, Directive, DirectiveFile, Lever
from lex7.directive.format import say_the_same
from lex7.directive.read import DirectivesFileError, read
from lex7.directive.sign import canonical_form, succession
from lex7.lattice import LatticeState

SIGNED_BYTES_MAX = PAYLOAD_BYTES_MAX - 4_096
"""The text and its canonical form; the signature and the numbers need the rest."""


class AlteredDirectivesError(BarkError):
    """Signed directives and their text differ."""

    code = "bark.directives"

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            f"expected the text of directives version {version} to be what the owner signed, "
            "got another text"
        )


@dataclass(frozen=True, slots=True)
class Enforced:
    """The directives in force; empty before the first signature.

    Attributes:
        file: what the text says, or None.
        text: as signed.
        digest: what verdicts name: the hash of the entry that put it in force, empty before.
        version: counts up with every signed change.
        form_digest: the hash of the canonical form, what the next version may say it supersedes.
        signed_ns: when it was signed, by the clock of the device.
    """

    file: DirectiveFile | None = None
    text: str = ""
    digest: bytes = b""
    version: int = 0
    form_digest: str = ""
    signed_ns: int = 0

    @property
    def effective(self) -> date | None:
        """The first day in force, None for at once."""
        return None if self.file is None else self.file.effective

    @property
    def directives(self) -> tuple[Directive, ...]:
        """The state rules."""
        return () if self.file is None else self.file.directives

    @property
    def access(self) -> tuple[AccessRule, ...]:
        """The access rules."""
        return () if self.file is None else self.file.access

    @property
    def levers(self) -> tuple[Lever, ...]:
        """The levers."""
        return () if self.file is None else self.file.levers


def spell_directives(
    text: str, version: int, owner: SigningKey, lattice: LatticeId, now_ns: int
) -> bytes:
    """Spell the payload of a DIRECTIVES entry, signed by the owner.

    Raises:
        DirectivesFileError: the entry would be larger than a log holds.
    """
    form = canonical_form(text)
    size = len(text.encode()) + len(form)
    if size > SIGNED_BYTES_MAX:
        sentence = f"its text and what is signed have {size:,} bytes; at most {SIGNED_BYTES_MAX:,}"
        raise DirectivesFileError("directive.too_long", "directives.toml", f"{sentence} are kept")
    message = sign(owner, purpose=PURPOSE_DIRECTIVES, lattice=lattice, payload=form)
    return canon.encode({1: version, 2: text, 3: message, 4: now_ns})


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version in the logs.

    Attributes:
        signed: the good ones, oldest first.
        refused: one finding for each one that does not stand.
    """

    signed: tuple[Enforced, ...] = ()
    refused: tuple[Finding, ...] = ()

    @property
    def newest(self) -> Enforced:
        """The version signed last, whether it has begun or not; empty before the first."""
        return self.signed[-1] if self.signed else Enforced()

    def on(self, day: Day) -> Enforced:
        """Return the version in force on a day: the last signed of those that have begun."""
        for one in reversed(self.signed):
            if one.effective is None or day_from_date(one.effective) <= day:
                return one
        return Enforced()


def versions(state: LatticeState, owner: KeyId, lattice: LatticeId) -> Versions:
    """Check every version in the logs, oldest first."""
    signed: list[Enforced] = []
    refused: list[Finding] = []
    for entry in state.directives:
        try:
            one = _checked(entry, owner, lattice)
        except (BarkError, DirectiveError) as error:
            refused.append(_refusal(entry, error.code, str(error)))
            continue
        assert one.file is not None, "a checked version has a file"
        before = signed[-1] if signed else Enforced()
        found = succession(one.file, before.file, before.form_digest)
        if found:
            refused.append(_refusal(entry, found[0].code, found[0].sentence))
        else:
            signed.append(one)
    return Versions(tuple(signed), tuple(refused))


def _checked(entry: VerifiedEntry, owner: KeyId, lattice: LatticeId) -> Enforced:
    assert entry.payload is not None, "the fold keeps only entries with a payload"
    fields = read_fields(entry.payload, "directives", 4)
    form = verify(fields.data(3), purpose=PURPOSE_DIRECTIVES, lattice=lattice, signer=owner)
    text = fields.text(2)
    if canonical_form(text) != form:
        raise AlteredDirectivesError(fields.integer(1))
    file, _ = read(text)
    form_digest = hashlib.sha256(form).hexdigest()
    return Enforced(file, text, entry.hash, file.version, form_digest, fields.integer(4))


def _refusal(entry: VerifiedEntry, code: str, sentence: str) -> Finding:
    where = f"directives in entry {entry.hash.hex()[:12]}"
    return Finding(code, where, f"refused, the last good version stands: {sentence}")


def draft_findings(current: Enforced, draft: str | None) -> tuple[Finding, ...]:
    """Say how the file on disk differs from what is in force."""
    name = "directives.toml"
    if current.file is None:
        sentence = "no directives are in force yet; `lex7 directives sign` puts the file in force"
        return (Finding("directive.unsigned", name, sentence),)
    if draft is None:
        sentence = f"the file is gone; version {current.version} goes on standing"
        return (Finding("directive.missing_file", name, sentence),)
    try:
        if say_the_same(draft, current.text):
            return ()
    except DirectivesFileError:
        pass
    sentence = (
        f"the file was changed since version {current.version} was signed; what was signed "
        "goes on standing until `lex7 directives sign`"
    )
    return (Finding("directive.unsigned_change", name, sentence),)
