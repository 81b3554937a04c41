"""Quiet: trades sessions without a fault at several speeds. No alert may fire.

`python -m tools.drills.quiet [--minutes 3]`; the exit code is 1 if an alert fired.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tools.drills.stage import firing, is_constant, stage

RATES = (50, 200, 1000)


def quiet(rate: int, minutes: float) -> dict[str, object]:
    """Trade a session without a fault, close the market, open it again, and return the alerts.

    Args:
        rate: Ticks a second.
        minutes: The length of the session; the market is closed for a quarter of it.
    """
    fired: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="quiet-") as folder, stage(Path(folder), rate) as scene:
        began = time.time()
        for is_open, share in ((True, 1.0), (False, 0.25), (True, 0.25)):
            scene.system.market(is_open=is_open)
            until = time.monotonic() + share * minutes * 60
            while time.monotonic() < until:
                fired |= {labels["alertname"] for labels in firing(scene)}
                time.sleep(1)
        trips = scene.stack.prometheus.query(
            'max_over_time(trading_kill_switch_status{trading_kill_switch_state="tripped"}[1h]) > 0'
        )
        notified = {n.alert for n in scene.receiver.notices if n.at >= began and not is_constant(n.labels)}
    return {
        "rate": rate,
        "minutes": minutes,
        "fired": sorted(fired),
        "notified": sorted(notified),
        "trips": len(trips),
    }


def main() -> int:
    """Run a session at each speed, print the alerts, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.drills.quiet", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    given = parser.parse_args()
    days = [quiet(rate, given.minutes) for rate in RATES]
    sys.stdout.write(json.dumps(days, indent=2) + "\n")
    return 1 if any(day["fired"] or day["notified"] or day["trips"] for day in days) else 0


if __name__ == "__main__":
    sys.exit(main())
