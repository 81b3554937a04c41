"""System: runs the example system for the drills, and changes its parts and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any

import requests
from trading_system.drill import Leader
from typing_extensions import Self

from tools.drills.running import poll_until

EXAMPLES = Path(__file__).parents[2] / "examples"
ENVIRONMENT = "live"
SERVICES = ("market-data", "signal-bridge", "risk-manager", "execution-engine")
_TIMEOUT = 60.0


class TradingSystem:
    """A context in which the venue and the four services trade.

    Args:
        folder: The folder for the socket of the drill commands.
        environ: The environment variables with the endpoints for telemetry.
        rate: Ticks a second.
        sampled: The share of sampled traces. The default is the share in production, because sampled ticks
            are slower, and an alert watches the p95 of ticks.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], rate: int = 400, sampled: float = 0.02
    ) -> None:
        self._leader = Leader(f"ipc://{folder}/drill")
        self._sending = Lock()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "TRADING_"))}
        self._environ = {
            **kept,
            **environ,
            "PYTHONPATH": str(EXAMPLES),
            "OTEL_TRADING_ENVIRONMENT": ENVIRONMENT,
            "OTEL_TRADING_SAMPLE_RATIO": str(sampled),
            "TRADING_DRILL_URL": self._leader.url,
        }
        self._command = [sys.executable, "-m", "trading_system.run", "--no-faults", "--restart"]
        self._command += ["--seconds", "7200", "--rate", str(rate)]
        self._pids: dict[str, int] = {}
        self._venue = ""
        self._started = Condition()
        self.last_lines: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reading = Thread(target=self._read)
        self._reading.start()
        assert self._leader.wait_for(*SERVICES, seconds=_TIMEOUT), self.last_lines
        with self._started:
            assert self._started.wait_for(lambda: len(self._pids) > len(SERVICES), _TIMEOUT), self.last_lines
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_TIMEOUT)
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._leader.__exit__()

    def do(self, service: str, command: str, **parameters: float | str) -> None:
        """Send a command to a service; see `trading_system.drill`."""
        with self._sending:
            self._leader.send(service, command, **parameters)

    def fault(self, name: str, seconds: float, **parameters: float) -> None:
        """Apply a fault of the venue; see `trading_system.venue.faults`."""
        body = {"name": name, "seconds": seconds, **parameters}
        requests.post(f"{self._venue}/control/faults", json=body, timeout=10).raise_for_status()

    def clear_faults(self) -> None:
        """End every fault of the venue."""
        requests.delete(f"{self._venue}/control/faults", timeout=10).raise_for_status()

    def market(self, *, is_open: bool) -> None:
        """Open or close the market."""
        body = {"running": is_open}
        requests.post(f"{self._venue}/control/market", json=body, timeout=10).raise_for_status()

    def trade_outside(self, symbol: str, quantity: int, side: str) -> None:
        """Trade on the account without the system, as a person can do on the broker's page."""
        headers = {"APCA-API-KEY-ID": "demo-key", "APCA-API-SECRET-KEY": "demo-secret"}
        order = {"symbol": symbol, "qty": str(quantity), "side": side, "type": "market"}
        body = {**order, "time_in_force": "day"}
        url = f"{self._venue}/v2/orders"
        # The venue refuses the order while the system has an open order on the other side.
        poll_until(
            "the venue accepts the order",
            lambda: requests.post(url, json=body, headers=headers, timeout=10).ok,
        )

    def pid(self, service: str) -> int:
        """Return the current process id of a service."""
        with self._started:
            return self._pids[service.replace("-", "_")]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            with self._started:
                self.last_lines = [*self.last_lines[-20:], text.rstrip()]
                self._note(text)
                self._started.notify_all()

    def _note(self, text: str) -> None:
        try:
            line: dict[str, Any] = json.loads(text)
        except ValueError:
            return
        if line.get("message") == "started" and "pid" in line:
            self._pids[line["part"]] = line["pid"]
            if "port" in line:
                self._venue = f"http://127.0.0.1:{line['port']}"
