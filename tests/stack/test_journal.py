"""An audit event is stored once if it arrives by OTLP and by the journal, and also by the journal alone."""

from __future__ import annotations

import os
import subprocess
import sys

from tools.drills.running import poll_until

TRADE = """
import os, sys
import otel_trading as ot
telemetry = ot.configure("journaled", environment="paper", json_logs=False, journal=os.environ["JOURNAL"])
for number in range(50):
    order = ot.Order(f"{sys.argv[1]}-{number}", venue="XNAS", type="limit", side="buy", quantity=1, strategy="mm")
    order.submitted()
    order.filled(quantity=1, price=10.0, execution_id=f"e-{number}")
if sys.argv[1] == "both":
    assert telemetry.flush(30)
os._exit(0)
"""


def test_an_event_is_stored_once_on_every_route_and_after_repetitions(stack) -> None:
    journal = stack.log_folder / "journal"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    for route in ("both", "journal"):  # the second process ends without an export
        subprocess.run(
            [sys.executable, "-c", TRADE, route],
            env={**kept, **stack.environ(), "JOURNAL": str(journal)},
            check=True,
            timeout=120,
        )
    lines = sum(len(file.read_text().splitlines()) for file in journal.glob("audit-*"))
    assert lines == 200
    received = "otelcol_receiver_accepted_log_records"
    poll_until("the journal was read", lambda: stack.collector_total(received, receiver="file_log") >= lines)
    fills = {
        "bool": {
            "filter": [
                {"term": {"service.name": "journaled"}},
                {"term": {"event.action": "trading.order.filled"}},
            ]
        }
    }
    poll_until("every fill is there", lambda: stack.count_documents(fills) >= 100)
    found = stack.documents(fills)
    ids = [document["trading.order.id"] for document in found]
    assert sorted(ids) == sorted(f"{route}-{number}" for route in ("both", "journal") for number in range(50))
    assert len({document["event.id"] for document in found}) == 100
    assert "version_conflict" not in stack.programs.log("otelcol")
