"""The table of removals fits the tree: what is to be removed is there, once, and so is the test."""

from __future__ import annotations

import re

import pytest

from tests.faults.removals import ROOT, Removal, removals
from tests.faults.test_catalogue import ROWS


@pytest.mark.parametrize("removal", removals(), ids=str)
def test_what_is_to_be_removed_is_there_once_and_its_test_exists(removal: Removal) -> None:
    assert (ROOT / removal.file).read_text(encoding="utf-8").count(removal.find) == 1
    assert removal.find != removal.put
    path, _, test = removal.test.partition("::")
    assert re.search(
        rf"^(async )?def {test or 'test_.*'}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(("number", "held_by"), [(int(row[0]), row[3]) for row in ROWS])
def test_the_test_that_the_catalogue_names_is_tried(number: int, held_by: str) -> None:
    tests = [removal.test for removal in removals() if number in removal.entries]
    assert tests
    if not held_by.startswith("tests/stack/"):
        assert any(test == held_by or test.startswith(f"{held_by}::") for test in tests)
