"""The errors of LEX-7, as a tree, and the finding: one sentence about partly wrong input.

    Lex7Error
    ├── BarkError          a log, entry, seal or key that is not what it must be
    ├── StorageError       the disk or the database said no
    ├── TransportError     a message did not arrive
    ├── DirectiveError     a directive, lever or proposal cannot be read
    ├── StateError         a filter or a fold cannot go on from here
    ├── ModelError         a model file, checkpoint, snapshot or token is not what it must be
    ├── IngestError        a file is refused as a whole
    └── HomeError          the home folder, its passphrase or its lock

Every leaf ends in `Error`, lives in the package that raises it, carries typed fields, and reads as
one
sentence: what was expected, what came, where. Codes are public; sentences may be reworded.
"""

from __future__ import annotations

from dataclasses import dataclass


class Lex7Error(Exception):
    """The root of every error that LEX-7 raises on purpose."""

    code: str = "lex7"


class BarkError(Lex7Error):
    """A log, entry, seal or key is not what it must be."""

    code = "bark"


class StorageError(Lex7Error):
    """The disk or the database refused."""

    code = "storage"


class TransportError(Lex7Error):
    """A message could not be carried."""

    code = "transport"


class DirectiveError(Lex7Error):
    """A directive, lever or proposal cannot be read."""

    code = "directive"


class StateError(Lex7Error):
    """A filter or a fold cannot go on from the state and input it was given."""

    code = "state"


class ModelError(Lex7Error):
    """A model file, checkpoint, snapshot or token is not what it must be."""

    code = "model"


class IngestError(Lex7Error):
    """A file is refused as a whole."""

    code = "ingest"


class HomeError(Lex7Error):
    """The home folder, its passphrase or its lock stands in the way."""

    code = "home"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about input that is partly wrong; the good records beside it are kept.

    Attributes:
        code: stable, dotted and public, for example `ofx.amount`.
        where: the place a person can find: `bank.ofx, line 812`, `directives.toml, line 9, column
        12`.
        sentence: what was expected, what came, what was done about it.
        text: the offending text, cut to 80 characters; empty where it could be private.
    """

    code: str
    where: str
    sentence: str
    text: str = ""
