"""What the directive tests share: a catalogue, and a file with one directive to fill in."""

from __future__ import annotations

import pytest

from lex7.directive.catalogue import Catalogue

HEAD = """format = "lex7-directives/1"
currency = "USD"
time_zone = "Europe/Berlin"
"""

SLEEP = """
[[directive]]
id = "sleep-week"
say = "I sleep seven hours a night, averaged over a week."
rule = "always[0d,28d] mean(sleep, 7d) >= 7 h"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 4
weight = "1 / 0.5 h"
"""


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue("USD")


@pytest.fixture
def head() -> str:
    return HEAD


@pytest.fixture
def sleep() -> str:
    return SLEEP
