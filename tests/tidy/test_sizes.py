"""The sizes and words that docs and code keep to."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES_PER_FILE_MAX = 400
LINES_PER_FUNCTION_MAX = 60
PARAMETERS_MAX = 6
PUBLIC_NAMES_MAX = 20
BANNED_FILES = {
    "utils.py",
    "helpers.py",
    "common.py",
    "manager.py",
    "misc.py",
    "utils.rs",
    "helpers.rs",
}
BANNED_WORDS = re.compile(
    r"\b(medical-grade|unbreakable|production-ready|seamless|should (?:buy|sell)"
    r"|arrhythmia|hypoglycemia|diagnos(?:e|es|is))\b",
    re.IGNORECASE,
)


def tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file()]


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", tracked("*.py", "*.rs", "*.ts"), ids=str)
def test_a_file_can_be_held_in_mind(path: Path) -> None:
    assert path.name not in BANNED_FILES
    assert len(path.read_text().splitlines()) <= LINES_PER_FILE_MAX


@pytest.mark.parametrize("path", tracked("python/*.py"), ids=str)
def test_a_function_fits_one_screen(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
            count -= bool(given.args) and given.args[0].arg in ("self", "cls")
            assert code_lines(node) <= LINES_PER_FUNCTION_MAX, node.name
            assert count <= PARAMETERS_MAX, node.name


@pytest.mark.parametrize("path", tracked("python/*.py"), ids=str)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", tracked("python/*/__init__.py"), ids=str)
def test_a_package_lists_few_public_names(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            assert len(ast.literal_eval(node.value)) <= PUBLIC_NAMES_MAX


@pytest.mark.parametrize("path", tracked("*.md"), ids=str)
def test_a_document_has_one_title(path: Path) -> None:
    outside = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    assert len(re.findall(r"^# ", outside, flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("path", tracked("*.md", "python/*.py"), ids=str)
def test_words_promise_no_more_than_the_software_does(path: Path) -> None:
    found = BANNED_WORDS.search(path.read_text())
    assert found is None or "ban" in path.name, found
