"""Names of accounts: short for the owner, and never one name for two accounts.

A reader names an account by its kind and the last four signs of its number. Where two accounts
end alike, in one file or in files imported years apart, the second gets a longer name. A number
that is known only by its end, or that stands inside the other (an account number inside an IBAN),
may be the same account, and then it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lex7.base.errors import Finding
from lex7.base.record import Account, Balance, Record, Transaction
from lex7.ingest.result import ImportResult

TAIL_SIGNS = 4
_MASK = re.compile(r"\A.*x{2,}")


def plain_number(text: str) -> str:
    """Return the letters and digits of a number, in lower case; of a masked one what is shown."""
    signs = "".join(sign for sign in text if sign.isascii() and sign.isalnum()).lower()
    return _MASK.sub("", signs)


def name_account(account: Account, known: Sequence[Account]) -> Account:
    """Return an account under the name it has, or one that no other account has."""
    alike = [other for other in known if other.plain == account.plain]
    for other in alike:
        if _may_be_same(account, other):
            return replace(account, name=other.name)
    if not alike:
        return replace(account, name=account.plain)
    taken = {other.name for other in alike}
    digest = hashlib.sha256(f"{account.bank}\0{account.number}".encode()).hexdigest()
    names = (f"{account.plain}-{digest[:width]}" for width in (4, 8, 64))
    return replace(account, name=next(name for name in names if name not in taken))


def name_apart(result: ImportResult, known: Sequence[Account], where: str) -> ImportResult:
    """Rename the accounts of a file so that they fit what is known, and say which were renamed."""
    found = list(known)
    names: dict[str, str] = {}
    findings = []
    for account in result.accounts:
        chosen = name_account(account, found)
        if chosen not in found:
            found.append(chosen)
        names[account.name] = chosen.name
        if chosen.name not in (account.name, chosen.plain):
            findings.append(longer_name(chosen, where))
    if all(name == chosen for name, chosen in names.items()):
        return result
    return replace(
        result,
        records=tuple(_rename(record, names) for record in result.records),
        accounts=tuple(replace(account, name=names[account.name]) for account in result.accounts),
        findings=(*result.findings, *findings),
    )


def longer_name(account: Account, where: str) -> Finding:
    """Say that an account got a longer name."""
    tail = account.plain.rpartition("-")[2]
    sentence = f"two accounts end in {tail}; this one is named {account.name}"
    return Finding("ingest.account", where, sentence)


def _rename(record: Record, names: Mapping[str, str]) -> Record:
    if isinstance(record, Transaction | Balance) and record.account in names:
        return replace(record, account=names[record.account])
    return record


def _may_be_same(one: Account, other: Account) -> bool:
    """Answer whether two numbers can be one account's."""
    short, long = sorted((one.number.lstrip("0"), other.number.lstrip("0")), key=len)
    is_within = short in long if len(short) > TAIL_SIGNS else long.endswith(short)
    return is_within and (not one.bank or not other.bank or one.bank == other.bank)
