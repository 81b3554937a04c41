"""The table of protections fits the tree: each clause exists, its change changes it, and its test exists."""

from __future__ import annotations

import ast
import difflib
import re

import pytest

from tests.faults.test_catalogue import ROWS
from tools.mutate.protections import ROOT, Protection, removed, table


@pytest.mark.parametrize("protection", table(), ids=str)
def test_a_protection_can_be_removed_and_its_test_exists(protection: Protection) -> None:
    path, text = removed(ROOT, protection)
    assert text != (ROOT / path).read_text(encoding="utf-8")
    if path.suffix == ".py":
        ast.parse(text)
    file, _, test = protection.test.partition("::")
    names = re.findall(r"def (test_\w+)\(", (ROOT / file).read_text(encoding="utf-8"))
    near = difflib.get_close_matches(test, names, 3)
    assert names, f"no test in {file}"
    assert not test or test in names, f"no {test} in {file}; did you mean {' or '.join(near)}?"


@pytest.mark.parametrize(("number", "held_by"), [(int(row[0]), row[3]) for row in ROWS])
def test_a_protection_of_each_entry_is_removed_for_the_test_that_the_catalogue_names(
    number: int, held_by: str
) -> None:
    tests = [protection.test for protection in table() if number in protection.entries]
    assert tests
    if not held_by.startswith("tests/stack/"):
        assert any(test == held_by or test.startswith(f"{held_by}::") for test in tests)
