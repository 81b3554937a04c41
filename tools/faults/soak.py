"""Soak: the example trades at full speed, and its endpoint has another fault every minute.

`make soak` runs it for 20 minutes (`SOAK_SECONDS`). It fails if the memory of a service grows by more than 64 MB
after the first faults, an audit event is lost, an account is not exact, or an exit takes longer than 5 s.
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
from collections import Counter, defaultdict
from pathlib import Path
from threading import Lock
from typing import Any

import psutil

from tools.faults.endpoint import MESSAGES, Endpoint, Mode, environment, http_endpoint

ROOT = Path(__file__).parents[2]

SECONDS = float(os.environ.get("SOAK_SECONDS", "1200"))
PERIOD = min(60.0, SECONDS / 12)
RATE = "1000"  # ticks a second, about the most that two cores sustain
GROWTH_MB, EXIT_S = 64, 5.0
WARM_UP = 3
"""The number of faults after which the memory of a service must not grow any more."""

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
SERVICES = ("market_data", "signal_bridge", "risk_manager", "execution_engine")
COMMAND = ["-m", "trading_system.run", "--seconds", str(SECONDS + 600), "--rate", RATE, "--no-faults"]


class Arrived:
    """Counts the items that the endpoint accepts, so that it does not keep the items of twenty minutes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._lock = endpoint, Lock()
        self.counts: Counter[str] = Counter()
        endpoint.accept = self.accept  # type: ignore[method-assign]

    def accept(self, signal: str, body: bytes) -> None:
        request = MESSAGES[signal][0].FromString(body)
        arrived = len(items(signal, request)) - self._endpoint.mode.rejected
        with self._lock:
            self.counts[signal] += max(arrived, 0)


def items(signal: str, request: Any) -> list[Any]:
    if signal == "traces":
        return [span for r in request.resource_spans for s in r.scope_spans for span in s.spans]
    if signal == "logs":
        return [record for r in request.resource_logs for s in r.scope_logs for record in s.log_records]
    metrics = [metric for r in request.resource_metrics for s in r.scope_metrics for metric in s.metrics]
    return [point for metric in metrics for point in getattr(metric, metric.WhichOneof("data")).data_points]


def lines_with(output: Path, message: str) -> list[dict[str, Any]]:
    """Return the lines of the system with a message."""
    lines = [line for line in output.read_text().splitlines() if f'"message": "{message}"' in line]
    return [json.loads(line) for line in lines]


def apply_faults(endpoint: Endpoint, output: Path) -> dict[str, list[float]]:
    """Apply one fault after the other; return the megabytes of each service after each fault."""
    sizes: dict[str, list[float]] = defaultdict(list)
    began = time.monotonic()
    for name, mode in itertools.cycle(FAULTS.items()):
        endpoint.mode = mode
        time.sleep(PERIOD)
        for line in lines_with(output, "started"):
            if line["part"] in SERVICES:
                sizes[line["part"]].append(psutil.Process(line["pid"]).memory_info().rss / 2**20)
        shown = "  ".join(f"{part} {seen[-1]:.0f}" for part, seen in sizes.items())
        print(f"{time.monotonic() - began:6.0f} s  {name:8s} MB: {shown}", flush=True)
        if time.monotonic() - began >= SECONDS:
            break
    return sizes


def journal_of(journals: Path) -> list[dict[str, Any]]:
    """Return the lines of the execution engine's journal."""
    files = journals.glob("execution_engine/audit-*")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def endings(lines: list[dict[str, Any]]) -> Counter[str]:
    """Count the orders of a journal by their last event, and the accepted orders."""
    last = {line["attributes"]["trading.order.id"]: line["event"] for line in lines}
    count = Counter(event.rpartition(".")[2] for event in last.values())
    count["accepted"] = sum(line["event"] == "trading.order.acknowledged" for line in lines)
    return count


def fills(lines: list[dict[str, Any]]) -> dict[str, int]:
    """Return the number of executions in a journal, partial ones included, and of the shares they traded."""
    traded = [line["attributes"] for line in lines if line["event"] == "trading.order.filled"]
    shares = sum(attributes["trading.execution.quantity"] for attributes in traded)
    return {"executions": len(traded), "shares": shares}


def is_exact(route: dict[str, Any]) -> bool:
    """Return whether each item of a closed route arrived or was dropped for a named reason."""
    dropped = sum(route["dropped"].values())
    is_empty = route["waiting"] == 0 and route["lost"] == dropped
    return bool(is_empty and route["produced"] == route["delivered"] + dropped)


def judge(sizes: dict[str, list[float]], output: Path, journals: Path, arrived: Counter[str]) -> int:
    """Print whether each claim holds, and return the exit code."""
    grown = {part: max(seen) - max(seen[:WARM_UP]) for part, seen in sizes.items()}
    (ended,) = lines_with(output, "ended")
    counts = ended["counts"]
    orders = Counter({name: n for name, n in counts["orders"].items() if n and name != "updates_lost"})
    orders["rejected"] += orders.pop("refused", 0)
    lines, health = journal_of(journals), ended["health"]
    journaled = endings(lines)
    exits = {line["service"]: line["exit_s"] for line in lines_with(output, "telemetry")}
    routes = [route for one in health.values() for route in one["routes"]]
    delivered: Counter[str] = Counter()
    for route in routes:
        if route["exporter"] == "otlp":
            delivered[route["signal"]] += route["delivered"]
    dropped = sum((Counter(route["dropped"]) for route in routes), Counter())
    signals = [{route["signal"] for route in one["routes"]} for one in health.values()]
    verdicts = {
        f"memory grew after the first faults by {', '.join(f'{p} {mb:.0f} MB' for p, mb in grown.items())}, "
        f"at most {GROWTH_MB}": set(grown) == set(SERVICES) and max(grown.values()) <= GROWTH_MB,
        f"orders at the venue: {dict(orders)}, in the journal: {dict(journaled)}": journaled == orders,
        f"fills at the venue: {counts['fills']}, in the journal: {fills(lines)}": fills(lines)
        == counts["fills"]
        and counts["fills"]["executions"] > 0,
        f"each account is exact: {sum(r['produced'] for r in routes)} produced, "
        f"{sum(r['delivered'] for r in routes)} delivered, {sum(r['waiting'] for r in routes)} waiting, "
        f"dropped {dict(dropped)}": signals == [set(MESSAGES)] * len(SERVICES) and all(map(is_exact, routes)),
        f"delivered {dict(delivered)}, arrived {dict(arrived)}": delivered == arrived,
        f"exits took {exits} s with a hanging endpoint, at most {EXIT_S:.0f}": len(exits) == len(SERVICES)
        and max(exits.values()) <= EXIT_S,
        f"exit codes {ended['codes']}": not any(ended["codes"].values()),
    }
    for sentence, holds in verdicts.items():
        print("ok  " if holds else "FAIL", sentence)
    return int(not all(verdicts.values()))


def run(endpoint: Endpoint, folder: Path) -> int:
    """Run the system under one fault after the other, stop it, and judge it."""
    output, journals, arrived = folder / "output", folder / "journals", Arrived(endpoint)
    journals.mkdir()
    environ = environment(
        endpoint,
        PYTHONPATH=str(ROOT / "examples"),
        OTEL_TRADING_ENVIRONMENT="paper",
        OTEL_TRADING_JOURNAL=str(journals),
        OTEL_TRADING_JOURNAL_BYTES=str(2**30),
    )
    with output.open("w") as lines:
        system = subprocess.Popen([sys.executable, *COMMAND], env=environ, stdout=lines)
        try:
            sizes = apply_faults(endpoint, output)
            endpoint.mode = Mode(hangs=True)
            system.send_signal(signal.SIGTERM)
            system.wait(timeout=120)
        finally:
            system.kill()
    return judge(sizes, output, journals, arrived.counts)


if __name__ == "__main__":
    with http_endpoint() as endpoint, tempfile.TemporaryDirectory() as folder:
        sys.exit(run(endpoint, Path(folder)))
