"""One layout: what is written stays, how it is written does not."""

from __future__ import annotations

import pytest

from lex7.directive import read
from lex7.directive.format import formatted, say_the_same
from lex7.directive.rule_text import respell
from lex7.directive.starter import starter_text

MESSY = '''# my rules

# where I live
time_zone='Europe/Berlin'   # in winter too
format = "lex7-directives/1"
currency="USD"
[[directive]]    # sleep
# because I am forty
weight="1/0.50 h"
rule = """always[ 0d , 28d ]mean( sleep,7d )>=7.0h"""
id="sleep-week" # short
confidence = 0.80 # four in five
over = 'pointwise'
severity = "soft"
priority = 4
say = "I sleep seven hours."
# the end of sleep

# --- levers ---

[[ lever ]]
moves = "spend.food"
id = "food"
per="month"
by=["-300USD",
  "0 USD"]
step = "1 USD"
reluctance="1/100USD"
'''

TIDY = """# my rules

format = "lex7-directives/1"
currency = "USD"
# where I live
time_zone = "Europe/Berlin"  # in winter too

[[directive]]  # sleep
id = "sleep-week"  # short
say = "I sleep seven hours."
rule = "always[0d,28d] mean(sleep, 7d) >= 7 h"
confidence = 0.80  # four in five
over = "pointwise"
severity = "soft"
priority = 4
# because I am forty
weight = "1 / 0.5 h"
# the end of sleep

# --- levers ---

[[lever]]
id = "food"
moves = "spend.food"
per = "month"
by = ["-300 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 100 USD"
"""


def test_a_messy_file_gets_the_one_layout_and_keeps_its_comments() -> None:
    assert formatted(MESSY) == TIDY
    assert formatted(TIDY) == TIDY


def test_a_formatted_file_says_what_it_said() -> None:
    assert say_the_same(MESSY, TIDY)
    before, after = read(MESSY), read(TIDY)
    assert before[1] == after[1] == ()
    assert before[0].directives[0].rule == after[0].directives[0].rule


@pytest.mark.parametrize(("currency", "zone"), [("USD", "Europe/Berlin"), ("JPY", "Asia/Tokyo")])
def test_the_starter_is_in_the_one_layout(currency: str, zone: str) -> None:
    assert formatted(starter_text(currency, zone)) == starter_text(currency, zone)


SPELLINGS = [
    ("always[ 0d , 12 mo ]runway>=6mo", "always[0d,12mo] runway >= 6 mo"),
    ("always[-2d,0d] if sleep<5h then sleep>=8h", None),
    ("-sleep<=-.50 h", "-sleep <= -0.5 h"),
    ("sleep - -1h >= 007.0 h", "sleep - -1 h >= 7 h"),
    ("(sleep>=7h)and(steps>=1steps)", "(sleep >= 7 h) and (steps >= 1 steps)"),
    ("always[0d,1d](sleep >= 7h)", "always[0d,1d] (sleep >= 7 h)"),
    ("min(sleep,14 d)>=300min", "min(sleep, 14d) >= 300 min"),
    ("sum( spend.food , month )<=110% * 5USD", "sum(spend.food, month) <= 110 % * 5 USD"),
    ("cash.my-bank - cash>=-3 USD", "cash.my-bank - cash >= -3 USD"),
    ("2*abs(sleep-7h)<=1h", "2 * abs(sleep - 7 h) <= 1 h"),
]


@pytest.mark.parametrize(("text", "expected"), SPELLINGS)
def test_a_rule_has_one_spelling(text: str, expected: str | None) -> None:
    found = respell(text)
    assert found == (expected or "always[-2d,0d] if sleep < 5 h then sleep >= 8 h")
    assert respell(found) == found


def test_a_long_rule_stands_on_several_lines_and_means_the_same(head: str, sleep: str) -> None:
    parts = " and ".join(f"mean(sleep, {days}d) >= {days}.5 h" for days in range(2, 9))
    text = head + sleep.replace("mean(sleep, 7d) >= 7 h", f"({parts})")
    found = formatted(text)
    assert formatted(found) == found
    assert max(map(len, found.splitlines())) <= 100
    assert [one.rule for one in read(found)[0].directives] == [
        one.rule for one in read(text)[0].directives
    ]


KEPT = [
    "by = [\n  # nothing more\n  '-1 USD', '0 USD']\n",
    'say = """two\nlines"""\n',
    'say = "a # that is no comment"\n',
    'say = "quote \\" and \\u0007"\n',
    "effective = 2027-01-31\n",
    'given.sleep = "7 h"\n',
    '"odd key" = "x"\n',
    "version = 0x10\nother = 1_000\nlast = nan\n",
    'rule = "this is / no rule"\n',
]


@pytest.mark.parametrize("text", KEPT)
def test_odd_values_are_kept_as_they_are(text: str) -> None:
    found = formatted(text)
    assert formatted(found) == found
    for part in ("# nothing more", "two\nlines", "# that is no comment", "0x10", "nan"):
        assert (part in found) == (part in text)
