"""From the bytes of an OFX file to clean, tagged text.

OFX 1.x is SGML with `KEY:VALUE` header lines, OFX 2.x is XML; banks mix the two, declare encodings
they do not use, and leave `<` unescaped. `decode` finds the encoding, `clean` brings the body into
one shape: upper-case tags without attributes, no comments, no declarations, CDATA escaped, every
other `<` spelled `&lt;`. Newlines stay where they were, so that places can be named. Every step is
linear in the size of the text, whatever it holds. Nothing is expanded: entities that a file
declares stay unread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lex7.ingest.result import WrongFormatError

HEAD_BYTES = 8_192
"""The header and the first tag stand within this."""

_ENCODINGS = re.compile(
    r"(?:utf-?8|utf-?16(?:le|be)?|us-?ascii|ascii|(?:windows-?|cp)?125[0-8]|(?:iso-?)?8859-?\d{1,2}"
    r"|gb2312|gbk|gb18030|big5|shift_jis|euc-kr|euc-jp|koi8-r)\Z",
    re.IGNORECASE,
)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.-]{1,40})["']""")
_HEADER_LINE = re.compile(rb"\b(ENCODING|CHARSET)[ \t]*:[ \t]*([A-Za-z0-9_.-]*)", re.IGNORECASE)
_OPENING = re.compile(r"<OFX[ \t\r\n>]", re.IGNORECASE)
_UNCLEAN = re.compile(r"<(?!/?[A-Z][A-Z0-9._]*+>)")
_LOOSE_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]*+)([^<>]*+)>")
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding whose place is still an offset into the text."""

    code: str
    offset: int
    sentence: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """The tagged text of a file, from `<OFX>` on.

    Attributes:
        text: clean text.
        lines_before: newlines that stand before it in the file.
        troubles: what was wrong with encoding and markup.
    """

    text: str
    lines_before: int
    troubles: tuple[Trouble, ...]


def read_body(data: bytes, name: str) -> Body:
    """Decode and clean a whole file.

    Raises:
        WrongFormatError: no `<OFX>` stands in it.
    """
    text, troubles = decode(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    opening = _OPENING.search(text)
    if opening is None:
        raise WrongFormatError(name, "an OFX statement", "no <OFX> tag")
    start = opening.start()
    body, more = clean(text[start:])
    if "<!ENTITY" in text[:start].upper():
        more = [*more, _declarations(0)]
    return Body(body, text.count("\n", 0, start), (*troubles, *more))


def decode(data: bytes) -> tuple[str, list[Trouble]]:
    """Decode by byte-order mark, else by what the bytes are, else by what the header says."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding)
    if data.isascii() and b"\0" not in data[:HEAD_BYTES]:
        return _without_nul(data.decode("ascii"), [])
    if data[1:2] == b"\0" or data[:1] == b"\0":
        return _decode_as(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    declared = declared_encoding(data[:HEAD_BYTES])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        is_unicode = declared in ("utf-8", "utf-16", "")
        text, troubles = _decode_as(data, "cp1252" if is_unicode else declared)
        if declared == "utf-8":
            sentence = "the header says UTF-8, the bytes are not; they were read as Windows-1252"
            troubles.insert(0, Trouble("ofx.encoding", 0, sentence))
        return text, troubles
    troubles = []
    if declared not in ("utf-8", "utf-16", ""):
        sentence = f"the header says {declared}, the bytes are UTF-8 and were read as such"
        troubles.append(Trouble("ofx.encoding", 0, sentence))
    return _without_nul(text, troubles)


def declared_encoding(head: bytes) -> str:
    """Return the encoding that the header names, as Python spells it; empty if it names none."""
    found = _XML_ENCODING.search(head)
    if found:
        return _python_name(found[1].decode("ascii"))
    values = {key.upper(): value.decode("ascii") for key, value in _HEADER_LINE.findall(head)}
    encoding, charset = values.get(b"ENCODING", ""), values.get(b"CHARSET", "")
    if encoding.upper() in ("UTF-8", "UTF8", "UNICODE"):
        return "utf-8"
    if encoding or charset:
        return _python_name(charset) or "cp1252"
    return ""


def clean(text: str) -> tuple[str, list[Trouble]]:
    """Bring tags into one shape; most files already have it and are only scanned."""
    if _UNCLEAN.search(text) is None:
        return text, []
    troubles = []
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        troubles.append(_declarations(0))
    text = _replace_runs(text, "<![CDATA[", "]]>", _escape)
    for start, end in (("<!--", "-->"), ("<?", "?>"), ("<!", ">")):
        text = _replace_runs(text, start, end, _blank)
    text = _LOOSE_TAG.sub(_one_shape, text)
    return _UNCLEAN.sub("&lt;", text), troubles


def _replace_runs(text: str, start: str, end: str, change: Callable[[str], str]) -> str:
    parts = []
    position = 0
    while (opened := text.find(start, position)) >= 0:
        closed = text.find(end, opened + len(start))
        if closed < 0:
            break
        parts.append(text[position:opened])
        parts.append(change(text[opened + len(start) : closed]))
        position = closed + len(end)
    parts.append(text[position:])
    return "".join(parts)


def _escape(inner: str) -> str:
    return inner.replace("&", "&amp;").replace("<", "&lt;")


def _blank(inner: str) -> str:
    return "\n" * inner.count("\n")


def _one_shape(match: re.Match[str]) -> str:
    slash, name, rest = match.groups()
    tag = name.rpartition(":")[2].upper()
    if not tag.isascii() or not tag[:1].isalpha() or "-" in tag:
        return match[0]
    if not rest.strip():
        return f"<{slash}{tag}>" + _blank(rest)
    if rest.rstrip().endswith("/"):
        return f"<{tag}></{tag}>" + _blank(rest)
    if rest[0].isspace() and "=" in rest:
        return f"<{slash}{tag}>" + _blank(rest)
    return match[0]


def _declarations(offset: int) -> Trouble:
    sentence = "document type and entity declarations are not read and nothing is expanded"
    return Trouble("ofx.declaration", offset, sentence)


def _decode_as(data: bytes, encoding: str) -> tuple[str, list[Trouble]]:
    try:
        return _without_nul(data.decode(encoding), [])
    except UnicodeDecodeError as wrong:
        text = data.decode(encoding, errors="replace")
        sentence = f"some bytes are not {encoding}; they were replaced by the sign U+FFFD"
        offset = len(data[: wrong.start].decode(encoding, errors="replace"))
        return _without_nul(text, [Trouble("ofx.encoding", offset, sentence)])


def _without_nul(text: str, troubles: list[Trouble]) -> tuple[str, list[Trouble]]:
    if "\0" not in text:
        return text, troubles
    offset = text.index("\0")
    troubles.append(Trouble("ofx.nul", offset, "NUL bytes were left out"))
    return text.replace("\0", ""), troubles


def _python_name(name: str) -> str:
    lowered = name.lower()
    if not _ENCODINGS.match(lowered):
        return ""
    if lowered in ("us-ascii", "usascii", "ascii"):
        return "cp1252"
    if lowered[:4].isdigit() and lowered.startswith("125"):
        return f"cp{lowered}"
    if lowered.startswith("8859"):
        return f"iso-{lowered}"
    return lowered
