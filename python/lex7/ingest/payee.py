"""Payees as words: how the text of a bank becomes tokens that can be compared.

The same payee is spelled in many ways (`SQ *BLUE BOTTLE 0412`, `Blue Bottle #12`). A token is a run
of letters in lower case without accents; words that banks add around a payee are dropped, and so is
every run that holds a digit, unless nothing else would be left. The tables of Unicode 3.2 are used,
because they are the same in every Python. This module knows no transaction and no category.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import ucd_3_2_0 as unicode_tables

SIMILARITY_SCALE = 1_000
"""A similarity is an integer out of this."""

BANK_WORDS = frozenset(
    "ach auth authorized bei card checkcard com contactless debit des ec ecom"
    " id in inc kartenzahlung llc ltd mktp nr online pay pending pmt pos ppd purchase recurring ref"
    " sepa sq sumup the to transaction tst visa web www".split()
)
"""Words that banks and terminals put around a payee; they tell nothing about who was paid."""

_WORD = re.compile(r"[^\W_]+")
_FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "'": "", "’": ""})


@lru_cache(maxsize=65_536)
def fold_text(text: str) -> str:
    """Return the text in lower case, without accents, words parted by single spaces."""
    lowered = text.lower().translate(_FOLDED)
    if not lowered.isascii():
        parts = unicode_tables.normalize("NFKD", lowered)
        lowered = "".join(sign for sign in parts if not unicode_tables.combining(sign))
    return " ".join(_WORD.findall(lowered))


@lru_cache(maxsize=65_536)
def payee_tokens(text: str) -> tuple[str, ...]:
    """Return the words that name a payee, in order, each once."""
    words = tuple(dict.fromkeys(fold_text(text).split()))
    lettered = tuple(word for word in words if not any(sign.isdigit() for sign in word))
    telling = tuple(word for word in lettered if len(word) > 1 and word not in BANK_WORDS)
    return telling or lettered or words


def payee_key(text: str) -> str:
    """Return one spelling for all spellings of a payee, for grouping repeated payments."""
    return " ".join(payee_tokens(text)[:4])


def payee_similarity(one: str, other: str) -> int:
    """Return how much of the shorter payee stands in the longer one, out of 1,000.

    The overlap coefficient |A ∩ B| / min(|A|, |B|) over tokens (Szymkiewicz, Simpson). Two empty
    payees are alike; an empty one and a written one are half alike: nothing speaks against it.
    """
    first, second = set(payee_tokens(one)), set(payee_tokens(other))
    if not first and not second:
        return SIMILARITY_SCALE
    if not first or not second:
        return SIMILARITY_SCALE // 2
    return SIMILARITY_SCALE * len(first & second) // min(len(first), len(second))
