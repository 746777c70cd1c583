"""The published JSON Schema and the reader agree on the shape of a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lex7.directive.read import read
from lex7.directive.schema import schema_text
from lex7.directive.starter import starter_text

SCHEMA = Path(__file__).resolve().parents[3] / "docs/spec/directives.schema.json"


@pytest.fixture
def validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def shape(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_starter_has_the_published_shape(validator: Draft202012Validator) -> None:
    assert list(validator.iter_errors(shape(starter_text("USD", "Europe/Berlin")))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('over = "jointly" ', 'over = "often" '),
        ('severity = "hard" ', 'severity = "soft" '),
        ("confidence = 0.95 ", "confidence = 1.0 "),
        ("priority = 1 ", "prio = 1 "),
        ('except_node = "vit"', 'except_node = "moon"'),
        ('per = "day"', 'per = "year"'),
        ('by = ["0 h", "1.5 h"]', 'by = ["0 h"]'),
        ('step = "0.25 h"', "step = 0.25"),
        ('rule = "always[0mo,12mo] runway', 'deny = "always[0mo,12mo] runway'),
    ],
)
def test_schema_and_reader_refuse_the_same_shapes(
    validator: Draft202012Validator, old: str, new: str
) -> None:
    text = starter_text("USD", "Europe/Berlin")
    assert old in text
    changed = text.replace(old, new, 1)
    assert list(validator.iter_errors(shape(changed)))
    assert read(changed)[1]


def test_the_package_carries_the_published_schema() -> None:
    assert schema_text() == SCHEMA.read_text()
