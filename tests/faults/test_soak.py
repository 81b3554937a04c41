"""The verdict of the soak fails if anything is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.faults.soak import fills, is_exact, journal_of

EXACT: dict[str, Any] = {"produced": 5, "delivered": 3, "lost": 2, "waiting": 0, "dropped": {"rejected": 2}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"waiting": 1, "produced": 6},
        {"produced": 6},
        {"delivered": 2},
        {"lost": 3},
        {"dropped": {"rejected": 1}},
    ],
)
def test_an_account_is_exact_if_each_item_arrived_or_was_dropped_for_a_reason(wrong: dict[str, Any]) -> None:
    assert is_exact(EXACT)
    assert not is_exact({**EXACT, **wrong})


def test_a_missing_partial_fill_changes_the_executions_and_the_shares(tmp_path: Path) -> None:
    events = [
        {"event": "trading.order.acknowledged", "attributes": {"trading.order.id": "o"}},
        *(
            {"event": "trading.order.filled", "attributes": {"trading.execution.quantity": shares}}
            for shares in (10.0, 30.0)
        ),
    ]
    (tmp_path / "execution_engine").mkdir()
    journal = tmp_path / "execution_engine/audit-1.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in events))
    assert fills(journal_of(tmp_path)) == {"executions": 2, "shares": 40}
    journal.write_text("".join(json.dumps(line) + "\n" for line in events[1:2]))
    assert fills(journal_of(tmp_path)) == {"executions": 1, "shares": 10}
