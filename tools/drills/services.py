"""Services: small services with one fault each: `python -m tools.drills.services NAME`."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry import metrics

import otel_trading as ot

if TYPE_CHECKING:
    from tools.drills.drill import Scene

ROOT = Path(__file__).parents[2]
_ENVIRONMENTS = {"lonely": "production", "drifting": "live", "exploding": "live"}
_MANY = 3000


class Services:
    """The running services, by name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, scene: Scene, name: str) -> None:
        """Start a service, which reports to the stack until `stop`."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", "tools.drills.services", name],
            cwd=ROOT,
            env={**kept, **scene.stack.environ(), "OTEL_TRADING_ENVIRONMENT": _ENVIRONMENTS[name]},
            stdin=subprocess.PIPE,
        )

    def stop(self, name: str) -> None:
        """Stop a service, and wait until it has ended."""
        self._running.pop(name).communicate(timeout=30)


def lonely() -> None:
    """Run market data as the only service of an environment; at the end, report that its session is over."""
    with ot.configure("market-data"):
        feed = ot.Feed("sip")
        feed.connected()
        _beat_until_stopped()
        feed.idle()


def drifting() -> None:
    """Run a service on a host whose clock is wrong until the drill ends."""
    with ot.configure("drifting"):
        ot.clock_offset(0.2, source="ntp")
        sys.stdin.read()
        ot.clock_offset(0.0, source="ntp")


def exploding() -> None:
    """Run a service that uses an identifier as a label, on an OpenTelemetry instrument without a limit."""
    with ot.configure("exploding"):
        counter = metrics.get_meter("drill").create_counter("drill.requests")
        for number in range(_MANY):
            counter.add(1, {"request.id": str(number)})
        sys.stdin.read()


def _beat_until_stopped() -> None:
    while not select.select([sys.stdin], [], [], 1)[0]:
        ot.heartbeat()


if __name__ == "__main__":
    {"lonely": lonely, "drifting": drifting, "exploding": exploding}[sys.argv[1]]()
