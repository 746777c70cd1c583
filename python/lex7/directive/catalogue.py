"""The quantities and kinds that rules may name, known before any data are.

The table is static for what every person has (`sleep`, `cash`), and open for what only the
owner's data can name: `cash.<account>` and `spend.<category>`. It knows names, nodes and units;
it knows no values.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from lex7.base.streams import STREAMS

NODES = ("vit", "wth", "mon")


@dataclass(frozen=True, slots=True)
class QuantitySpec:
    """One quantity as rules see it.

    Attributes:
        name: as rules write it.
        node: the node kind that answers for it.
        unit: the unit of its values; money stands in the file's currency.
        is_flow: an amount per day that may be summed over a window (spending, sleep), as against a
            level (cash, weight).
        words: how a sentence names it.
        sample: what one value is called when values are counted: `night`, `day`.
    """

    name: str
    node: str
    unit: str
    is_flow: bool
    words: str
    sample: str = "day"


RUNWAY = "runway"
CASH = "cash"
BURN = "burn"
MONEY = "money"

_STATIC = (
    QuantitySpec("sleep", "vit", "h", is_flow=True, words="sleep", sample="night"),
    QuantitySpec(
        "resting_heart", "vit", "bpm", is_flow=False, words="resting heart rate", sample="night"
    ),
    QuantitySpec("hrv", "vit", "ms", is_flow=False, words="heart rate variability", sample="night"),
    QuantitySpec("weight", "vit", "kg", is_flow=False, words="weight"),
    QuantitySpec("steps", "vit", "steps", is_flow=True, words="steps"),
    QuantitySpec(CASH, "wth", MONEY, is_flow=False, words="cash over all accounts"),
    QuantitySpec("spend", "wth", MONEY, is_flow=True, words="spending"),
    QuantitySpec("income", "wth", MONEY, is_flow=True, words="income"),
    QuantitySpec(BURN, "wth", MONEY, is_flow=False, words="spending in a month without income"),
    QuantitySpec(RUNWAY, "wth", "mo", is_flow=False, words="runway"),
)
_OPEN = {
    "cash": QuantitySpec("cash.", "wth", MONEY, is_flow=False, words="cash in {}"),
    "spend": QuantitySpec("spend.", "wth", MONEY, is_flow=True, words="spending on {}"),
}

KINDS = tuple(
    sorted(
        {spec.name for spec in _STATIC}
        | {name.split(".")[0] for name in STREAMS}
        | {"balance", "transaction", "payee", "margin", "proposal", "verdict", "directive"}
        | {"backup", "session"}
    )
)
"""The first parts of the names of streams and quantities, and what else a node may publish."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The names one owner's rules may use.

    Attributes:
        currency: the currency of money quantities.
        accounts: known account names; empty where no data are at hand.
        categories: known spending categories; empty where no data are at hand.
    """

    currency: str
    accounts: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def find(self, name: str) -> QuantitySpec | None:
        """Return what is known of a quantity, or None if no rule may name it."""
        for spec in _STATIC:
            if spec.name == name:
                return self._in_currency(spec, name, "")
        head, dot, rest = name.partition(".")
        spec_open = _OPEN.get(head)
        if spec_open is None or not dot or not rest:
            return None
        known = self.accounts if head == CASH else self.categories
        if known and rest not in known:
            return None
        return self._in_currency(spec_open, name, rest)

    def names(self) -> tuple[str, ...]:
        """List the names a message can offer."""
        accounts = tuple(f"cash.{name}" for name in self.accounts) or ("cash.<account>",)
        categories = tuple(f"spend.{name}" for name in self.categories) or ("spend.<category>",)
        return (*(spec.name for spec in _STATIC), *accounts, *categories)

    def _in_currency(self, spec: QuantitySpec, name: str, part: str) -> QuantitySpec:
        unit = self.currency if spec.unit == MONEY else spec.unit
        words = spec.words.format(part)
        return QuantitySpec(
            name, spec.node, unit, is_flow=spec.is_flow, words=words, sample=spec.sample
        )


def node_of(quantity: str) -> str:
    """Return the node kind that answers for a quantity, or an empty text for none."""
    head = quantity.partition(".")[0]
    return next((spec.node for spec in _STATIC if spec.name == head), "")


def sample_of(quantity: str) -> str:
    """Return what one value of a quantity is called: `night` or `day`."""
    head = quantity.partition(".")[0]
    return next((spec.sample for spec in _STATIC if spec.name == head), "day")


def words_of(quantity: str) -> str:
    """Return how a sentence names a quantity."""
    head, _, rest = quantity.partition(".")
    if rest and head in _OPEN:
        return _OPEN[head].words.format(rest)
    return next((spec.words for spec in _STATIC if spec.name == head), quantity)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """Return `did you mean 'x'?` for the nearest known spelling, or the whole list."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if found:
        return f"did you mean {found[0]!r}?"
    return f"known: {', '.join(known[:24])}{', …' if len(known) > 24 else ''}"
