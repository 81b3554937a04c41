"""Children killed at random moments (entries 47, 49, 57): each event reported before is journaled, whole and once."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from otel_trading.pipeline.collect.journal import UID
from tools.faults.endpoint import Mode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not have SIGKILL")

ROUNDS = int(os.environ.get("FAULT_KILLS", "3"))

TRADE = """
import os, sys
import otel_trading as ot
ot.configure("engine", json_logs=False, journal=os.environ["JOURNAL"], journal_bytes=2**26)
print("ready", flush=True)
number = 0
while True:
    order = ot.Order(f"c-{number}", venue="XNAS", type="limit", side="buy", quantity=1, strategy="mm")
    order.submitted()
    order.filled(quantity=1, price=10.0, execution_id=f"e-{number}")
    os.write(1, f"{number}\\n".encode())
    number += 1
"""


def journaled(directory: Path) -> list[dict[str, object]]:
    """Return the events of a journal, without a torn line at the end of a file."""
    found = []
    for file in sorted(directory.glob("audit-*.jsonl")):
        *whole, torn = file.read_text().split("\n")
        assert torn == "" or not torn.endswith("}")
        found += [json.loads(line) for line in whole]
    return found


@pytest.mark.fault(47, 57)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_each_event_reported_before_a_kill_is_in_the_journal(start, http, tmp_path, seed) -> None:
    http.mode = Mode(status=503)  # an outage: no event reaches a backend
    chance = random.Random(seed)
    for life in range(2):  # and again after a restart, in the same directory
        child = start(TRADE, http, JOURNAL=str(tmp_path))
        assert child.stdout.readline() == "ready\n"
        last = -1
        for _ in range(chance.randrange(1, 200)):
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        reported = [last, *(int(line) for line in child.stdout.read().split("\n")[:-1])]
        child.wait()
        events = journaled(tmp_path)
        fills = [event for event in events if event["event"] == "trading.order.filled"]
        lives = [event["attributes"]["trading.order.id"] for event in fills]
        assert {f"c-{number}" for number in range(max(reported) + 1)} <= set(lives)
        assert len({event["attributes"][UID] for event in events}) == len(events)
        assert len(lives) - len(set(lives)) <= life * len(set(lives))


@pytest.mark.fault(11, 49)
def test_the_journal_has_an_event_that_no_exit_hook_could_export(run, http, tmp_path) -> None:
    run(
        "import os, otel_trading as ot\n"
        f"ot.configure('engine', json_logs=False, journal={str(tmp_path)!r}, log_delay=60)\n"
        "switch = ot.KillSwitch()\n"
        "switch.trip('daily loss')\n"
        "os._exit(0)",
        http,
    )
    assert [event["event"] for event in journaled(tmp_path)] == ["trading.kill_switch.tripped"]
    assert http.records == []
