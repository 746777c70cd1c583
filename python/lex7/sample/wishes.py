"""What the sample person wants: rules, levers, and three purchases to ask about.

The limits are round numbers of the person's own budget, as somebody would set who knows roughly
what is spent; they are not fitted to any forecast.
"""

from __future__ import annotations

from lex7.base.civil import Day, Month, date_of, month_of, month_start

_DIRECTIVES = """\
# Robin's directives. Each rule is checked against what the files say and what is forecast.
# `lex7 directives check` names every mistake, `lex7 directives sign` puts the file in force.

format = "lex7-directives/1"
currency = "{currency}"
time_zone = "{zone}"

[[directive]]
id = "runway"
say = "I always keep six months of runway."
rule = "always[0mo,12mo] runway >= 6 mo"
confidence = 0.95
over = "jointly"
severity = "hard"
priority = 1

[[directive]]
id = "reserve"
say = "My cash never falls below {reserve:,} {currency}."
rule = "always[0d,180d] cash >= {reserve} {currency}"
confidence = 0.95
over = "pointwise"
severity = "hard"
priority = 1

[[directive]]
id = "eating-out"
say = "I spend at most {eating_out} {currency} a month on restaurants."
rule = "always[1mo,3mo] sum(spend.restaurants, month) <= {eating_out} {currency}"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 5
weight = "1 / 50 {currency}"

[[directive]]
id = "sleep-week"
say = "I sleep seven hours a night, averaged over a week."
rule = "always[0d,28d] mean(sleep, 7d) >= 7 h"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 4
weight = "1 / 0.5 h"

[[directive]]
id = "resting-heart"
say = "My resting heart rate stays within 5 bpm of what is usual for me."
rule = "always[0d,14d] abs(resting_heart - baseline(resting_heart, 60d)) <= 5 bpm"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 4
weight = "1 / 2 bpm"

[[directive]]
id = "steps"
say = "I walk 8,000 steps a day, averaged over four weeks."
rule = "always[0d,28d] mean(steps, 28d) >= 8000 steps"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 6
weight = "1 / 1000 steps"

[[directive]]
id = "weight"
say = "My weight stays within 3 kg of what it was this season."
rule = "always[0d,60d] abs(weight - baseline(weight, 90d)) <= 3 kg"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 6
weight = "1 / 1 kg"

[[directive]]
id = "raw-heart"
say = "Raw heart data never leaves node vit."
deny = {{ action = ["read", "publish", "export"], kind = "heart", raw = true, except_node = "vit" }}

[[directive]]
id = "payees"
say = "Nobody but node wth sees whom I pay."
deny = {{ action = ["read", "publish", "export"], kind = "transaction", except_node = "wth" }}

[[directive]]
id = "council-figures"
say = "The council may ask for daily figures and forecasts to judge my rules; nobody else may."
only = {{ node = "mon", action = "read", kind = ["margin", "sleep", "resting_heart", "hrv",
  "weight", "steps", "cash", "spend", "income", "burn", "runway"] }}

[[lever]]
id = "eat-out"
say = "eat at home more often"
moves = "spend.restaurants"
per = "month"
by = ["-{cut} {currency}", "0 {currency}"]
step = "1 {currency}"
reluctance = "1 / 100 {currency}"

[[lever]]
id = "shopping"
say = "buy fewer things"
moves = "spend.shopping"
per = "month"
by = ["-{cut} {currency}", "0 {currency}"]
step = "1 {currency}"
reluctance = "1 / 60 {currency}"
"""

_PROPOSALS = """\
# Three purchases to ask about: lex7 propose "..."
amount={small} {currency} category=home date={soon} move=amount,date,levers
amount={large} {currency} category=home date={spring} move=amount,date,levers
amount={huge} {currency} category=travel date={soon} move=date
"""


def directives_toml(scale: float, zone: str, currency: str) -> bytes:
    """Return the person's rules and levers; `scale` is the size of their budget."""
    return _DIRECTIVES.format(
        currency=currency,
        zone=zone,
        reserve=_round(7_000 * scale, 500),
        eating_out=_round(320 * scale, 10),
        cut=_round(150 * scale, 10),
    ).encode()


def proposals_txt(scale: float, as_of: Day, currency: str) -> bytes:
    """Return three proposals: a small one, a large one and one far beyond the budget."""
    month = month_of(as_of)
    soon, spring = (f"{date_of(month_start(Month(month + add))):%Y-%m}" for add in (1, 4))
    return _PROPOSALS.format(
        currency=currency,
        small=_round(650 * scale, 50),
        large=_round(6_400 * scale, 100),
        huge=_round(26_000 * scale, 1_000),
        soon=soon,
        spring=spring,
    ).encode()


def _round(value: float, step: int) -> int:
    return round(value / step) * step
