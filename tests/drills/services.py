"""Services that are wrong in one way each, as processes of their own: `python -m tests.drills.services NAME`."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import otel_trading as ot

if TYPE_CHECKING:
    from tests.drills.drill import Scene

ROOT = Path(__file__).parents[2]
_ENVIRONMENTS = {"lonely": "production", "drifting": "live", "exploding": "live"}
_MANY = 3000


class Services:
    """Those that run, by name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, scene: Scene, name: str) -> None:
        """Start one; it reports to the stack until it is stopped."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.services", name],
            cwd=ROOT,
            env={**kept, **scene.stack.environ(), "OTEL_TRADING_ENVIRONMENT": _ENVIRONMENTS[name]},
            stdin=subprocess.PIPE,
        )

    def stop(self, name: str) -> None:
        """End one in order."""
        self._running.pop(name).communicate(timeout=30)


def lonely() -> None:
    """Market data of an environment in which nothing else was started; in the end its session is over."""
    with ot.configure("market-data"):
        feed = ot.Feed("sip")
        feed.connected()
        _beat_until_told()
        feed.idle()


def drifting() -> None:
    """A service on a host whose clock is wrong, until it is right again."""
    with ot.configure("drifting"):
        ot.clock_offset(0.2, source="ntp")
        sys.stdin.read()
        ot.clock_offset(0.0, source="ntp")


def exploding() -> None:
    """A service with an identifier for a label, by OpenTelemetry's own instrument, which nothing keeps from it."""
    from opentelemetry import metrics

    with ot.configure("exploding"):
        counter = metrics.get_meter("drill").create_counter("drill.requests")
        for number in range(_MANY):
            counter.add(1, {"request.id": str(number)})
        sys.stdin.read()


def _beat_until_told() -> None:
    while not select.select([sys.stdin], [], [], 1)[0]:
        ot.heartbeat()


if __name__ == "__main__":
    {"lonely": lonely, "drifting": drifting, "exploding": exploding}[sys.argv[1]]()
