"""Drill: applies one real fault, and measures how soon the alert fires and resolves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.drills.receiver import Notice, Receiver
from tools.drills.running import RunningStack
from tools.drills.system import ENVIRONMENT, TradingSystem

_LATER = 60.0
"""Seconds that a drill waits for a notification after the limit, to measure how late it is."""

RECEIVERS = {"P0": "pagerduty", "P1": "slack", "P2": "email"}


@dataclass(frozen=True)
class Scene:
    """The stack, the trading system and the receiver that a drill acts on."""

    stack: RunningStack
    system: TradingSystem
    receiver: Receiver


@dataclass(frozen=True)
class Drill:
    """A fault, and the alert that must follow.

    Attributes:
        alert: The name of the alert.
        priority: The priority of the alert, which selects the receiver.
        fault: The fault in words.
        begin: Applies the fault.
        end: Ends the fault.
        within: The longest allowed time from the fault to the notification, in seconds.
        resolves_within: The longest allowed time from the end of the fault to the resolved notification, in
            seconds.
        labels: The labels that distinguish the alert from others of its name.
        is_ours: Whether the alert is about the trading system, and has the label of its environment.
        consequences: Drills of the same fault. The fault lasts until the alerts of all of them have fired.
    """

    alert: str
    priority: str
    fault: str
    begin: Callable[[Scene], None]
    end: Callable[[Scene], None]
    within: float
    resolves_within: float
    labels: dict[str, str] = field(default_factory=dict)
    is_ours: bool = True
    consequences: tuple[Drill, ...] = ()


def nothing(_: Scene) -> None:
    """Do nothing: a consequence needs no fault of its own."""


@dataclass(frozen=True)
class Result:
    """The result of a drill.

    Attributes:
        drill: The drill.
        detected: Seconds from the fault to the notification; None without a notification.
        resolved: Seconds from the end of the fault to the resolved notification; None without one.
        notices: The number of notifications while the fault lasted.
    """

    drill: Drill
    detected: float | None
    resolved: float | None
    notices: int

    def __str__(self) -> str:
        """Return the result on one line."""
        seconds = ["never" if one is None else f"after {one:.1f} s" for one in (self.detected, self.resolved)]
        return f"{self.drill.alert}: fired {seconds[0]}, resolved {seconds[1]}, sent {self.notices} times"

    @property
    def passed(self) -> bool:
        """Whether the alert fired in time, once, and resolved in time."""
        return (
            self.detected is not None
            and self.detected <= self.drill.within
            and self.resolved is not None
            and self.resolved <= self.drill.resolves_within
            and self.notices == 1
        )


def perform(drill: Drill, scene: Scene) -> list[Result]:
    """Apply the fault, wait for the notifications, end it, and wait for the resolved notifications."""
    begun = time.time()
    drill.begin(scene)
    drills = [drill, *drill.consequences]
    fired = [_wait(scene, one, "firing", begun, begun + one.within) for one in drills]
    ended = time.time()
    drill.end(scene)
    results = []
    for one, first in zip(drills, fired, strict=True):
        resolved = _wait(scene, one, "resolved", ended, ended + one.resolves_within) if first else None
        sent = {n.at for n in scene.receiver.notices if _is_of(n, one, "firing", begun) and n.at < ended}
        result = Result(
            one, first.at - begun if first else None, resolved.at - ended if resolved else None, len(sent)
        )
        sys.stderr.write(f"{result}\n")
        results.append(result)
    return results


def _wait(scene: Scene, drill: Drill, status: str, since: float, until: float) -> Notice | None:
    timeout = max(0.0, until - time.time()) + _LATER
    return scene.receiver.wait(lambda notice: _is_of(notice, drill, status, since), timeout)


def _is_of(notice: Notice, drill: Drill, status: str, since: float) -> bool:
    wanted = {"deployment_environment_name": ENVIRONMENT, **drill.labels} if drill.is_ours else drill.labels
    return (
        (notice.alert, notice.status) == (drill.alert, status)
        and notice.receiver == RECEIVERS[drill.priority]
        and notice.at >= since
        and wanted.items() <= notice.labels.items()
    )
