"""From clean OFX text to aggregates: named groups of fields, in the order of the file.

Only the aggregates that carry money, accounts and dates are looked at. In SGML a field ends where
the next tag starts, in XML at its own closing tag; both are read the same way. An aggregate whose
closing tag is missing ends where the next of its kind starts or the list around it closes. This
module knows tags and no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CASH_MOVES = (
    "BUYDEBT", "BUYMF", "BUYOPT", "BUYOTHER", "BUYSTOCK",
    "SELLDEBT", "SELLMF", "SELLOPT", "SELLOTHER", "SELLSTOCK",
    "INCOME", "INVEXPENSE", "MARGININTEREST", "RETOFCAP",
)  # fmt: skip
"""Investment aggregates whose TOTAL moves cash (OFX 2.2, section 13.9.2.4)."""

NO_CASH_MOVES = ("REINVEST", "JRNLFUND", "JRNLSEC", "TRANSFER", "SPLIT", "CLOSUREOPT")
"""Investment aggregates that move securities, or cash within one account."""

_GROUPS = (
    "STMTTRN",
    *CASH_MOVES,
    *NO_CASH_MOVES,
    "LEDGERBAL",
    "INVBAL",
    "BANKACCTFROM",
    "CCACCTFROM",
    "INVACCTFROM",
    "LOANACCTFROM",
    "STATUS",
)
_STARTS = ("STMTRS", "CCSTMTRS", "INVSTMTRS", "LOANSTMTRS")
_FIELDS = ("CURDEF", "DTASOF")

_NEXT = re.compile(rf"<({'|'.join((*_GROUPS, *_STARTS, *_FIELDS))})>")
_FIELD = re.compile(r"<([A-Z][A-Z0-9._]*+)>([^<]*)")
_PARTS = re.compile(r"<(PAYEE|CURRENCY|ORIGCURRENCY|BANKACCTTO|CCACCTTO|SECID|BALLIST)>")
_LIST_ENDS = re.compile(
    r"</(?:BANKTRANLIST|INVTRANLIST|INVBANKTRAN|STMTRS|CCSTMTRS|INVSTMTRS|OFX)>"
    rf"|<(?:{'|'.join(name for name in _GROUPS if name != 'STATUS')})>"
)


@dataclass(frozen=True, slots=True)
class Group:
    """One aggregate, flat.

    Attributes:
        name: its tag.
        fields: the values inside, stripped, by tag; those of a part by `PART/TAG`.
        offset: where its opening tag stands in the text.
        is_closed: whether its own closing tag was found.
        is_cut: whether the text ended inside it.
    """

    name: str
    fields: dict[str, str]
    offset: int
    is_closed: bool = True
    is_cut: bool = False


def read_groups(text: str) -> Iterator[Group]:
    """Yield the aggregates of a file in order; statement starts and lone fields as small groups."""
    position = 0
    while (match := _NEXT.search(text, position)) is not None:
        name, start = match[1], match.end()
        if name in _STARTS:
            yield Group(name, {}, match.start())
            position = start
        elif name in _FIELDS:
            stop = text.find("<", start)
            stop = len(text) if stop < 0 else stop
            yield Group(name, {name: text[start:stop].strip()}, match.start())
            position = stop
        else:
            group, position = _read_group(text, name, match.start(), start)
            yield group


def _read_group(text: str, name: str, offset: int, start: int) -> tuple[Group, int]:
    # Looking for the next opening first bounds the search for the closing tag, so that a file of
    # unclosed tags is still read in linear time.
    following = text.find(f"<{name}>", start)
    limit = len(text) if following < 0 else following
    end = text.find(f"</{name}>", start, limit)
    if end >= 0:
        return Group(name, _fields(text[start:end]), offset), end
    stop = _LIST_ENDS.search(text, start, limit)
    end = stop.start() if stop else limit
    is_cut = stop is None and following < 0
    return Group(name, _fields(text[start:end]), offset, is_closed=False, is_cut=is_cut), end


def _fields(block: str) -> dict[str, str]:
    """Return tag → value; the first of equal tags stands."""
    if _PARTS.search(block) is None:
        pairs = _FIELD.findall(block)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            fields = dict(reversed(pairs))
        return fields
    fields = {}
    part = ""
    for tag in re.finditer(r"<(/?)([A-Z][A-Z0-9._]*+)>([^<]*)", block):
        slash, name, value = tag.groups()
        if slash:
            part = "" if name == part else part
        elif _PARTS.match(tag[0]):
            part = name
        else:
            fields.setdefault(f"{part}/{name}" if part else name, value)
    return fields
