"""The four services and the venue as processes, and their telemetry."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests
import trading_system
from trading_system.drill import Leader

from otel_trading.ops.viewer.receiver import Receiver
from otel_trading.ops.viewer.store import Series, Store

EXAMPLES = str(Path(trading_system.__file__).parents[1])
PATIENCE = 60
SERVICES = ("market-data", "risk-manager", "signal-bridge", "execution-engine")


class RunningSystem:
    """`python -m trading_system.run`, its telemetry, and the leader of its drills."""

    def __init__(self, store: Store, endpoint: str, leader: Leader) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRADING_"))}
        self.store, self.leader, self.lines = store, leader, list[dict[str, Any]]()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trading_system.run", "--seconds", "600", "--no-faults", "--restart"],
            env={
                **kept,
                "PYTHONPATH": EXAMPLES,
                "TRADING_DRILL_URL": leader.url,
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_TRADING_EXPORT_INTERVAL": "0.5",
                "OTEL_TRADING_SAMPLE_RATIO": "0",
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(json.loads(line) for line in self.process.stdout)

    def lines_about(self, message: str, part: str) -> list[dict[str, Any]]:
        """Return the printed lines about one of the parts, oldest first."""
        return [line for line in [*self.lines] if (line.get("message"), line.get("part")) == (message, part)]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        port = self.lines_about("started", "venue")[0]["port"]
        return requests.request(
            method, f"http://127.0.0.1:{port}/control/{path}", json=body, timeout=PATIENCE
        ).json()

    def holdings(self) -> float:
        """Return the value of the account's positions at the venue, long and short together, in USD."""
        port = self.lines_about("started", "venue")[0]["port"]
        keys = {"APCA-API-KEY-ID": "demo-key", "APCA-API-SECRET-KEY": "demo-secret"}
        url = f"http://127.0.0.1:{port}/v2/positions"
        held = requests.get(url, headers=keys, timeout=PATIENCE).json()
        return sum(abs(float(position["market_value"])) for position in held)

    def series(self, name: str, service: str = "", /, **labels: str) -> list[Series]:
        """Return the series of a metric with these label values; a label is named by the last part of its key."""
        return [
            one
            for one in self.store.series_of(name)
            if service in ("", one.service)
            and labels.items() <= {key.split(".")[-1]: value for key, value in one.attributes.items()}.items()
        ]

    def total(self, name: str, service: str = "", /, **labels: str) -> float:
        return sum(one.count or one.value for one in self.series(name, service, **labels))

    def state(self, name: str, service: str) -> list[str]:
        """Return the states of a status metric whose value is 1."""
        return [
            str(value)
            for one in self.series(name, service)
            if one.value
            for key, value in one.attributes.items()
            if key.endswith(".state")
        ]

    def wait_until(self, condition: Callable[[], Any], sentence: str) -> None:
        pause = Event()
        for _ in range(PATIENCE * 20):
            if condition():
                return
            assert self.process.poll() is None, self.lines[-20:]
            pause.wait(0.05)
        pytest.fail(f"waited {PATIENCE} s and {sentence} did not happen")

    def end(self) -> int:
        """Send SIGTERM, wait for the end, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        return code


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    """The system, trading."""
    store = Store()
    with Receiver(store) as receiver, Leader(f"ipc://{tmp_path}/drill") as leader:
        running = RunningSystem(store, receiver.endpoint, leader)
        try:
            assert leader.wait_for(*SERVICES, seconds=PATIENCE)
            running.wait_until(lambda: running.total("trading.order.completed"), "the first order")
            yield running
        finally:
            if running.process.poll() is None:
                running.end()
            assert running.process.stdout is not None
            running.process.stdout.close()
