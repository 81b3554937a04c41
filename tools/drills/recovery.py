"""Recovery: kills a part of the monitoring; measures the time until an alarm and the number of lost samples.

`make drill-recovery`, or `python -m tools.drills.recovery [--json FILE]`.
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

from tools.drills.drill import Scene
from tools.drills.running import poll_until
from tools.drills.stage import ALWAYS, stage, until_quiet

OUTAGE = 120.0
SILENCE = 90.0
"""Seconds without the dead-man's switch after which its listener raises the alarm."""

_EXPORT = 5.0
_BEATS = (
    'count_over_time(trading_service_heartbeat_timestamp_seconds{{service_name="risk-manager"}}[{seconds}s])'
)


@dataclass(frozen=True)
class Outcome:
    """The result of one kill.

    Attributes:
        killed: The name of the killed program.
        noticed_by: The alert or the switch that raised the alarm.
        after: Seconds from the kill to the alarm; None without an alarm.
        lost: The number of missing samples of a service's heartbeat, from the kill to the recovery.
        expected: The number of samples without a kill.
    """

    killed: str
    noticed_by: str
    after: float | None
    lost: int
    expected: int


def kill(scene: Scene, name: str) -> None:
    """Kill a program of the stack, or a service of the system, as a crash does."""
    if name in scene.stack.programs.running():
        scene.stack.programs.kill(name)
    else:
        os.kill(scene.system.pid(name), signal.SIGKILL)


def dead_mans_switch(scene: Scene, began: float) -> float | None:
    """Wait until the dead-man's switch raises the alarm; return the seconds until then, or None."""
    while time.time() - began < OUTAGE:
        last = max((n.at for n in scene.receiver.notices if n.alert == ALWAYS), default=began)
        if time.time() - last >= SILENCE:
            return time.time() - began
        time.sleep(0.5)
    return None


def page(scene: Scene, began: float) -> float | None:
    """Wait for a page; return the seconds until then, or None."""
    notice = scene.receiver.wait(
        lambda n: n.receiver == "pagerduty" and n.status == "firing" and n.at >= began, OUTAGE
    )
    return notice.at - began if notice else None


def no_page(scene: Scene, began: float) -> float | None:
    """Wait for a page that must not come: a program that restarts within seconds is not an incident."""
    return page(scene, began)


VICTIMS: list[tuple[str, str, Callable[[Scene, float], float | None]]] = [
    ("prometheus", "the dead-man's switch", dead_mans_switch),
    ("alertmanager", "the dead-man's switch", dead_mans_switch),
    ("otelcol", "TradingServiceHeartbeatStale", page),
    ("risk-manager", "nobody: it restarts within seconds", no_page),
]


def outcome(
    scene: Scene, name: str, noticed_by: str, alarm: Callable[[Scene, float], float | None]
) -> Outcome:
    """Kill a program, wait for the alarm, start the program again, and count the missing samples."""
    began = time.time()
    kill(scene, name)
    after = alarm(scene, began)
    if name not in scene.stack.programs.running() and name != "risk-manager":
        scene.stack.programs.start(name)
    until_quiet(scene, 120)
    time.sleep(2 * _EXPORT)  # until the queued samples and those of the next export have arrived
    seconds = round(time.time() - began)
    query = _BEATS.format(seconds=seconds)
    (found,) = poll_until("samples are there", lambda: scene.stack.prometheus.query(query))
    wanted = int(seconds / _EXPORT)
    return Outcome(name, noticed_by, after, max(0, wanted - int(found["value"][1])), wanted)


def main() -> int:
    """Kill one program after another; the exit code is 1 if an alarm is missing or unexpected."""
    parser = argparse.ArgumentParser(prog="python -m tools.drills.recovery", description=__doc__)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, stage(Path(folder)) as scene:
        found = [outcome(scene, *victim) for victim in VICTIMS]
    sys.stdout.write("| killed | noticed by | after | samples lost |\n|--|--|--|--|\n")
    for each in found:
        after = "never" if each.after is None else f"{each.after:.0f} s"
        lost = f"{each.lost} of {each.expected}"
        sys.stdout.write(f"| {each.killed} | {each.noticed_by} | {after} | {lost} |\n")
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    return 1 if any((each.after is None) == (each.killed != "risk-manager") for each in found) else 0


if __name__ == "__main__":
    sys.exit(main())
