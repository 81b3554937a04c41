"""Recovery: a part of the watching itself is killed and comes back: who notices, when, and what is lost.

`make drill-recovery`, or `python -m tests.drills.recovery [--json FILE]`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.drills.drill import Scene
from tests.drills.stage import ALWAYS, stage, until_quiet
from tests.stack.running import poll_until

OUTAGE = 120.0
SILENCE = 90.0
"""Seconds without the dead-man's switch after which whoever hears it raises the alarm."""

_EXPORT = 5.0
_BEATS = (
    'count_over_time(trading_service_heartbeat_timestamp_seconds{{service_name="risk-manager"}}[{seconds}s])'
)


@dataclass(frozen=True)
class Outcome:
    """What came of one end.

    Attributes:
        killed: What was killed.
        noticed_by: Who noticed.
        after: Seconds from the end until then; None if nobody did.
        lost: Samples of a service's heartbeat that are missing in the time of the outage and after it.
        of: How many there should be.
    """

    killed: str
    noticed_by: str
    after: float | None
    lost: int
    of: int


def kill(scene: Scene, name: str) -> None:
    """Kill a program of the stack, or a service of the system, as a crash does."""
    if name in scene.stack.stack.running():
        scene.stack.stack.kill(name)
    else:
        os.kill(scene.system.pid(name), signal.SIGKILL)


def dead_mans_switch(scene: Scene, began: float) -> float | None:
    """Wait until the dead-man's switch has been silent for so long that it raises the alarm."""
    while time.time() - began < OUTAGE:
        last = max((n.at for n in scene.receiver.notices if n.alert == ALWAYS), default=began)
        if time.time() - last >= SILENCE:
            return time.time() - began
        time.sleep(0.5)
    return None


def page(scene: Scene, began: float) -> float | None:
    """Wait for a page."""
    notice = scene.receiver.wait(
        lambda n: n.receiver == "pagerduty" and n.status == "firing" and n.at >= began, OUTAGE
    )
    return notice.at - began if notice else None


def nobody(scene: Scene, began: float) -> float | None:
    """Make sure that nobody is paged: what is started again within seconds is no incident."""
    return page(scene, began)


VICTIMS: list[tuple[str, str, Callable[[Scene, float], float | None]]] = [
    ("prometheus", "the dead-man's switch", dead_mans_switch),
    ("alertmanager", "the dead-man's switch", dead_mans_switch),
    ("otelcol", "TradingServiceHeartbeatStale", page),
    ("risk-manager", "nobody: it is started again within seconds", nobody),
]


def outcome(
    scene: Scene, name: str, noticed_by: str, notice: Callable[[Scene, float], float | None]
) -> Outcome:
    """Kill one, wait until it is noticed, start it again, and count what is missing."""
    began = time.time()
    kill(scene, name)
    after = notice(scene, began)
    if name not in scene.stack.stack.running() and name != "risk-manager":
        scene.stack.stack.start(name)
    until_quiet(scene, 120)
    time.sleep(2 * _EXPORT)  # the last of what waited, and the export after it
    seconds = round(time.time() - began)
    query = _BEATS.format(seconds=seconds)
    (found,) = poll_until("samples are there", lambda: scene.stack.prometheus.query(query))
    wanted = int(seconds / _EXPORT)
    return Outcome(name, noticed_by, after, max(0, wanted - int(found["value"][1])), wanted)


def main() -> int:
    """Kill one after another; exit code 1 if an end was not noticed that should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.recovery", description=__doc__)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, stage(Path(folder)) as scene:
        found = [outcome(scene, *victim) for victim in VICTIMS]
    sys.stdout.write("| killed | noticed by | after | samples lost |\n|--|--|--|--|\n")
    for each in found:
        after = "never" if each.after is None else f"{each.after:.0f} s"
        sys.stdout.write(f"| {each.killed} | {each.noticed_by} | {after} | {each.lost} of {each.of} |\n")
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    return 1 if any((each.after is None) == (each.killed != "risk-manager") for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
