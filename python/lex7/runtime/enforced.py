"""The directives in force: the last signed version in the logs, and how the file differs.

What is in force comes from the logs alone. The file in the home is a draft until it is signed: if
it was changed since, a finding says so and the signed version goes on standing.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.fields import read_fields
from lex7.bark.signature import PURPOSE_DIRECTIVES, SigningKey, sign, verify
from lex7.base.errors import BarkError, Finding
from lex7.base.ids import KeyId, LatticeId
from lex7.directive.document import AccessRule, Directive, DirectiveFile, Lever
from lex7.directive.read import DirectivesFileError, read
from lex7.directive.sign import canonical_form
from lex7.lattice import LatticeState


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
        version: counts signatures, from 1.
    """

    file: DirectiveFile | None = None
    text: str = ""
    digest: bytes = b""
    version: int = 0

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
    """Spell the payload of a DIRECTIVES entry, signed by the owner."""
    form = canonical_form(text)
    message = sign(owner, purpose=PURPOSE_DIRECTIVES, lattice=lattice, payload=form)
    return canon.encode({1: version, 2: text, 3: message, 4: now_ns})


def enforced(state: LatticeState, owner: KeyId, lattice: LatticeId) -> Enforced:
    """Return the directives in force.

    Raises:
        AlteredDirectivesError: the text in the log is not what was signed.
        BarkError: the signature is not the owner's.
    """
    if not state.directives:
        return Enforced()
    entry = state.directives[-1]
    assert entry.payload is not None, "the fold keeps only entries with a payload"
    fields = read_fields(entry.payload, "directives", 4)
    form = verify(fields.data(3), purpose=PURPOSE_DIRECTIVES, lattice=lattice, signer=owner)
    text = fields.text(2)
    if canonical_form(text) != form:
        raise AlteredDirectivesError(fields.integer(1))
    file, _ = read(text)
    return Enforced(file, text, entry.hash, fields.integer(1))


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
        same = canonical_form(draft) == canonical_form(current.text)
    except DirectivesFileError:
        same = False
    if same:
        return ()
    sentence = (
        f"the file was changed since it was signed; version {current.version} goes on "
        "standing until `lex7 directives sign`"
    )
    return (Finding("directive.unsigned_change", name, sentence),)
