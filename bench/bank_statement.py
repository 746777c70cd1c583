"""Bank statements for the benchmarks: OFX in SGML and in XML, from a seed."""

from __future__ import annotations

import random
from pathlib import Path

HEADER = (
    "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
    "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
)
BEFORE = (
    "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260101"
    "<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0"
    "<SEVERITY>INFO</STATUS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>123456789"
    "<ACCTID>000123456789<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n"
)
AFTER = (
    "</BANKTRANLIST><LEDGERBAL><BALAMT>100.99<DTASOF>20251231</LEDGERBAL></STMTRS></STMTTRNRS>"
    "</BANKMSGSRSV1></OFX>\n"
)


def write_ofx(path: Path, line_count: int, *, seed: int, is_xml: bool) -> None:
    """Write a statement; with `is_xml` every value has its closing tag, as OFX 2 asks."""
    draw = random.Random(seed)
    lines = []
    for number in range(line_count):
        year = 2020 + number * 6 // line_count
        day = f"{year}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}120000.000[-5:EST]"
        cents = draw.randint(-50_000, 20_000)
        sign = "-" if cents < 0 else ""
        values = (
            ("TRNTYPE", "DEBIT" if cents < 0 else "CREDIT"),
            ("DTPOSTED", day),
            ("TRNAMT", f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"),
            ("FITID", f"{number:012d}"),
            ("NAME", f"MERCHANT {draw.randint(1, 500)} STORE"),
            (
                "MEMO",
                f"PURCHASE ON {number} CARD 1234 REF {draw.randint(10**9, 10**10)} SPRINGFIELD",
            ),
        )
        inside = "".join(
            f"<{tag}>{value}{f'</{tag}>' if is_xml else ''}\n" for tag, value in values
        )
        lines.append(f"<STMTTRN>\n{inside}</STMTTRN>\n")
    path.write_text(HEADER + BEFORE + "".join(lines) + AFTER)
