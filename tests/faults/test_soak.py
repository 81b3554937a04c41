"""The soak's verdict: what would make it say yes to what was lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.soak import fills, is_exact, told_of

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
def test_an_account_is_exact_where_all_arrived_or_was_dropped_for_a_reason(wrong: dict[str, Any]) -> None:
    assert is_exact(EXACT)
    assert not is_exact({**EXACT, **wrong})


def test_a_partial_fill_that_the_journal_lacks_is_seen_in_executions_and_shares(tmp_path: Path) -> None:
    told = [
        {"event": "trading.order.acknowledged", "attributes": {"trading.order.id": "o"}},
        *(
            {"event": "trading.order.filled", "attributes": {"trading.execution.quantity": shares}}
            for shares in (10.0, 30.0)
        ),
    ]
    (tmp_path / "execution_engine").mkdir()
    journal = tmp_path / "execution_engine/audit-1.jsonl"
    journal.write_text("".join(json.dumps(line) + "\n" for line in told))
    assert fills(told_of(tmp_path)) == {"executions": 2, "shares": 40}
    journal.write_text("".join(json.dumps(line) + "\n" for line in told[1:2]))
    assert fills(told_of(tmp_path)) == {"executions": 1, "shares": 10}
