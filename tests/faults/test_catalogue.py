"""Every entry of the catalogue has a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| (.*) \| (.*) \| `([^`]+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/reliability.md").read_text(encoding="utf-8"))


def marked(path: Path) -> dict[int, set[str]]:
    """The tests of a file by the entries that they are marked with."""
    found: dict[int, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                    for number in mark.args:
                        found.setdefault(ast.literal_eval(number), set()).add(node.name)
    return found


def test_the_catalogue_has_its_74_entries() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 75))


@pytest.mark.parametrize(("number", "held_by"), [(int(row[0]), row[3]) for row in ROWS])
def test_an_entry_is_held_by_a_test_that_exists(number: int, held_by: str) -> None:
    name, _, test = held_by.partition("::")
    path = ROOT / name
    if test:
        assert re.search(rf"^(async )?def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert number in marked(path)


def test_a_mark_names_an_entry() -> None:
    numbers = {n for path in (ROOT / "tests").rglob("test_*.py") for n in marked(path)}
    assert numbers <= set(range(1, 75))
