"""The bank's files of the sample household, each in the dialect its bank would use.

`checking.ofx` is OFX 1.0.2 in SGML (no closing tags on values, Windows-1252, CRLF), `card.qfx` is
OFX 2.1.1 in XML with the tags that QFX adds, `savings.csv` is a European bank's table: semicolons,
decimal comma, day first, a running balance. An older statement of the checking account overlaps
with the newer one and still shows its last card payment as pending: another id, a day earlier.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lex7.base.civil import Day, date_of
from lex7.sample.household import CARD, CHECKING, SAVINGS, Movement

ACCOUNT_IDS = {CHECKING: "0048120915", CARD: "4929550012344412", SAVINGS: "DE44700111100048120923"}
ORGANISATION = "NORDBANK"
BANK_ID = "10077777"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: a movement and the id the bank gave it."""

    movement: Movement
    external_id: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One account over a run of days.

    Attributes:
        account: `checking`, `card` or `savings`.
        currency: ISO 4217.
        first: the first day covered.
        last: the last day covered; the closing balance is that of its evening.
        lines: in order of booking.
        opening_minor: the balance before the first day.
    """

    account: str
    currency: str
    first: Day
    last: Day
    lines: tuple[Line, ...]
    opening_minor: int

    @property
    def closing_minor(self) -> int:
        """Return the exact balance in the evening of the last day."""
        return self.opening_minor + sum(line.movement.amount_minor for line in self.lines)


def number_lines(movements: Iterable[Movement]) -> tuple[Line, ...]:
    """Give each movement of one account the bank's id: the day and a number within it."""
    result: list[Line] = []
    day, number = None, 0
    for movement in movements:
        number = number + 1 if movement.day == day else 1
        day = movement.day
        result.append(Line(movement, f"{date_of(movement.day):%Y%m%d}{number:04d}"))
    return tuple(result)


def ofx_sgml(statement: Statement) -> bytes:
    """Spell a bank statement as OFX 1.0.2."""
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\n"
        "CHARSET:1252\nCOMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
    )
    body = [
        "<OFX>\n<SIGNONMSGSRSV1>\n<SONRS>\n<STATUS>\n<CODE>0\n<SEVERITY>INFO\n</STATUS>\n"
        f"<DTSERVER>{_moment(statement.last)}\n<LANGUAGE>ENG\n"
        f"<FI>\n<ORG>{ORGANISATION}\n<FID>7777\n</FI>\n</SONRS>\n</SIGNONMSGSRSV1>\n"
        "<BANKMSGSRSV1>\n<STMTTRNRS>\n<TRNUID>1\n<STATUS>\n<CODE>0\n<SEVERITY>INFO\n</STATUS>\n"
        f"<STMTRS>\n<CURDEF>{statement.currency}\n"
        f"<BANKACCTFROM>\n<BANKID>{BANK_ID}\n<ACCTID>{ACCOUNT_IDS[statement.account]}\n"
        "<ACCTTYPE>CHECKING\n</BANKACCTFROM>\n"
        f"<BANKTRANLIST>\n<DTSTART>{_day(statement.first)}\n<DTEND>{_day(statement.last)}\n"
    ]
    for line in statement.lines:
        row = line.movement
        memo = f"<MEMO>{_sgml(row.memo)}\n" if row.memo else ""
        body.append(
            f"<STMTTRN>\n<TRNTYPE>{row.kind}\n<DTPOSTED>{_day(row.day)}\n"
            f"<TRNAMT>{plain(row.amount_minor)}\n<FITID>{line.external_id}\n"
            f"<NAME>{_sgml(row.payee[:32])}\n{memo}</STMTTRN>\n"
        )
    body.append(
        f"</BANKTRANLIST>\n<LEDGERBAL>\n<BALAMT>{plain(statement.closing_minor)}\n"
        f"<DTASOF>{_moment(statement.last)}\n</LEDGERBAL>\n<AVAILBAL>\n"
        f"<BALAMT>{plain(statement.closing_minor)}\n<DTASOF>{_moment(statement.last)}\n"
        "</AVAILBAL>\n</STMTRS>\n</STMTTRNRS>\n</BANKMSGSRSV1>\n</OFX>\n"
    )
    return (head + "".join(body)).replace("\n", "\r\n").encode("cp1252")


def qfx_xml(statement: Statement) -> bytes:
    """Spell a card statement as OFX 2.1.1 with the tags of QFX."""
    rows = [
        "      <STMTTRN>\n"
        f"       <TRNTYPE>{line.movement.kind}</TRNTYPE>\n"
        f"       <DTPOSTED>{_day(line.movement.day)}120000[0:GMT]</DTPOSTED>\n"
        f"       <TRNAMT>{plain(line.movement.amount_minor)}</TRNAMT>\n"
        f"       <FITID>{line.external_id}</FITID>\n"
        f"       <NAME>{escape(line.movement.payee[:32])}</NAME>\n"
        + (f"       <MEMO>{escape(line.movement.memo)}</MEMO>\n" if line.movement.memo else "")
        + "      </STMTTRN>\n"
        for line in statement.lines
    ]
    status = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
        '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" '
        'NEWFILEUID="NONE"?>\n'
        f"<OFX>\n <SIGNONMSGSRSV1>\n  <SONRS>\n   {status}\n"
        f"   <DTSERVER>{_moment(statement.last)}</DTSERVER>\n   <LANGUAGE>ENG</LANGUAGE>\n"
        f"   <FI><ORG>{ORGANISATION}</ORG><FID>7777</FID></FI>\n"
        "   <INTU.BID>7777</INTU.BID>\n  </SONRS>\n </SIGNONMSGSRSV1>\n"
        f" <CREDITCARDMSGSRSV1>\n  <CCSTMTTRNRS>\n   <TRNUID>1</TRNUID>\n   {status}\n"
        f"   <CCSTMTRS>\n    <CURDEF>{statement.currency}</CURDEF>\n"
        f"    <CCACCTFROM><ACCTID>{ACCOUNT_IDS[statement.account]}</ACCTID></CCACCTFROM>\n"
        f"    <BANKTRANLIST>\n     <DTSTART>{_day(statement.first)}</DTSTART>\n"
        f"     <DTEND>{_day(statement.last)}</DTEND>\n{''.join(rows)}    </BANKTRANLIST>\n"
        f"    <LEDGERBAL><BALAMT>{plain(statement.closing_minor)}</BALAMT>"
        f"<DTASOF>{_moment(statement.last)}</DTASOF></LEDGERBAL>\n"
        "   </CCSTMTRS>\n  </CCSTMTTRNRS>\n </CREDITCARDMSGSRSV1>\n</OFX>\n"
    ).encode()


def european_csv(statement: Statement) -> bytes:
    """Spell a savings statement as a table, the newest booking last."""
    rows = ["Date;Payee;Purpose;Amount;Currency;Balance"]
    balance = statement.opening_minor
    for line in statement.lines:
        row = line.movement
        balance += row.amount_minor
        cells = (
            f"{date_of(row.day):%d.%m.%Y}", row.payee, row.memo,
            comma(row.amount_minor), statement.currency, comma(balance),
        )  # fmt: skip
        rows.append(";".join(cells))
    return ("\r\n".join(rows) + "\r\n").encode()


def plain(minor: int) -> str:
    """Spell an amount as `-1234.50`."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def comma(minor: int) -> str:
    """Spell an amount as `-1.234,50`."""
    whole = f"{abs(minor) // 100:,}".replace(",", ".")
    return f"{'-' if minor < 0 else ''}{whole},{abs(minor) % 100:02d}"


def _day(day: Day) -> str:
    return f"{date_of(day):%Y%m%d}"


def _moment(day: Day) -> str:
    return f"{_day(day)}220000.000[+1:CET]"


def _sgml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
