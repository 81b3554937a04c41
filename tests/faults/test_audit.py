"""The audit passes if the service knows every dependency, and none is vulnerable."""

from __future__ import annotations

from typing import Any

import pytest

from tools.audit import judge

SAFE = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1", "3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ([SAFE, VULNERABLE], ["b 2 has CVE-2026-1, fixed in 2.1, 3."]),
        ([SAFE, VULNERABLE | {"vulns": []}, UNKNOWN], []),
        ([SAFE, SAFE, UNKNOWN], ["The vulnerability service did not answer for 1 of 2 dependencies: it cannot be reached, or does not know b."]),
        ([], ["The vulnerability service did not answer for 2 of 2 dependencies: it cannot be reached, or does not know a, b."]),
    ],
)  # fmt: skip
def test_a_dependency_is_known_to_be_safe_or_it_is_named(
    answer: list[dict[str, Any]], wrong: list[str]
) -> None:
    assert judge(answer, {"a", "b"}) == wrong
