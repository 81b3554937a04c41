"""The soak: the example's trade at full speed, with another fault of its endpoint every minute.

`make soak` runs it for 20 minutes (`SOAK_SECONDS`), and fails where memory grows by more than 64 MB after the
first round of faults, an audit event is lost, the account is not exact, or the exit takes longer than 5 s.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.faults.conftest import environment  # noqa: E402
from tests.faults.endpoint import Endpoint, Mode, http_endpoint  # noqa: E402

SECONDS = float(os.environ.get("SOAK_SECONDS", "1200"))
PERIOD = min(60.0, SECONDS / 12)
GROWTH_MB, EXIT_S = 64, 5.0
FAULTS = {
    "none": Mode(),
    "503": Mode(status=503),
    "hangs": Mode(hangs=True),
    "resets": Mode(resets=True),
    "slow": Mode(delay=1.0),
    "429": Mode(status=429, retry_after="30"),
    "html": Mode(body=b"<html></html>", content_type="text/html"),
    "partial": Mode(rejected=3),
    "400": Mode(status=400),
    "413": Mode(largest=20_000),
    "giant": Mode(body=b"\0" * 10_000_000),
}
SERVICE = """
import json, os, signal, sys, time
import otel_trading as ot
telemetry = ot.configure("engine", environment="paper", json_logs=False, journal=os.environ["JOURNAL"], journal_bytes=2**30)
ended = []
signal.signal(signal.SIGTERM, lambda *_: ended.append(time.monotonic()))
feed, gate = ot.Feed("sip"), ot.RiskGate()
number = 0
while not ended:
    with ot.span("tick", {"symbol": "AAPL", "note": "x" * (number % 7 * 100)}):
        feed.received("quote")
        with gate.check("position"):
            pass
    if number % 20 == 0:
        order = ot.Order(f"c-{number}", venue="XNAS", type="limit", side="buy", quantity=1, strategy="mm")
        order.submitted()
        order.filled(quantity=1, price=10.0, execution_id=f"e-{number}")
    number += 1
    if number % 50 == 0:
        time.sleep(0.005)
orders = (number + 19) // 20
began = time.monotonic()
telemetry.shutdown()
took = time.monotonic() - began
routes = {route.signal: vars(route) for route in telemetry.health().routes}
print(json.dumps({"ticks": number, "orders": orders, "exit_s": took, "routes": routes}), flush=True)
"""


def run(endpoint: Endpoint, journal: str) -> int:
    """Run the service under one fault after the other, and judge it."""
    child = subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        env=environment(endpoint, JOURNAL=journal),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    process, sizes, began = psutil.Process(child.pid), [], time.monotonic()
    for name, mode in itertools.cycle(FAULTS.items()):
        endpoint.mode = mode
        time.sleep(PERIOD)
        endpoint.released.set()
        endpoint.released.clear()
        sizes.append(process.memory_info().rss / 2**20)
        print(f"{time.monotonic() - began:6.0f} s  {name:8s} {sizes[-1]:6.0f} MB", flush=True)
        if time.monotonic() - began >= SECONDS:
            break
    endpoint.mode = Mode(hangs=True)
    child.send_signal(signal.SIGTERM)
    found = json.loads(child.communicate(timeout=120)[0])
    lines = [
        json.loads(line) for file in Path(journal).glob("audit-*") for line in file.read_text().splitlines()
    ]
    fills = sum(line["event"] == "trading.order.filled" for line in lines)
    growth = max(sizes) - max(sizes[: len(FAULTS)][:3])
    routes = found["routes"]
    exact = all(r["waiting"] == 0 and r["produced"] == r["delivered"] + r["lost"] for r in routes.values())
    verdicts = {
        f"memory grew by {growth:.0f} MB after the first faults, at most {GROWTH_MB}": growth <= GROWTH_MB,
        f"{found['orders'] - fills} of {found['orders']} fills lost": fills == found["orders"],
        f"the account is exact: {json.dumps({s: [r['produced'], r['delivered'], r['dropped']] for s, r in routes.items()})}": exact,
        f"exit took {found['exit_s']:.1f} s with an endpoint that hangs, at most {EXIT_S:.0f}": found[
            "exit_s"
        ]
        <= EXIT_S + 0.5,
    }
    for sentence, holds in verdicts.items():
        print("ok  " if holds else "FAIL", sentence)
    return int(not all(verdicts.values()))


if __name__ == "__main__":
    with http_endpoint() as endpoint, tempfile.TemporaryDirectory() as journal:
        sys.exit(run(endpoint, journal))
