"""Units as people write them, so that a message can offer the ones that rules know."""

from __future__ import annotations

from lex7.directive.catalogue import nearest

_WORDS = {
    "s": "sec secs second seconds",
    "min": "mins minute minutes m",
    "h": "hr hrs hour hours",
    "d": "day days night nights",
    "w": "wk wks week weeks",
    "mo": "mon mth month months",
    "y": "yr yrs year years",
    "kg": "kgs kilo kilos kilogram kilograms",
    "g": "gram grams",
    "lb": "lbs pound pounds",
    "bpm": "beat beats",
    "steps": "step",
    "%": "percent percents",
    "USD": "dollar dollars usd",
    "EUR": "euro euros eur",
    "GBP": "gbp",
    "CHF": "chf francs",
}
_MEANT = {word: unit for unit, words in _WORDS.items() for word in words.split()}


def unit_hint(word: str, known: tuple[str, ...]) -> str:
    """Return `did you mean 'h'?` for another word for a unit, or the units there are."""
    meant = _MEANT.get(word.lower(), "")
    if word == "m" and "mo" in known:
        meant = "mo"
    return f"did you mean {meant!r}?" if meant in known else nearest(word, known)
