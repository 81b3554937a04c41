"""Drill: one fault that is put in force for real, and how soon somebody heard of it and of its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.drills.receiver import Notice, Receiver
from tests.drills.system import ENVIRONMENT, TradingSystem
from tests.stack.running import RunningStack

_LATER = 60.0
"""Seconds after its time in which a notification is still waited for, to know how late it is."""

RECEIVERS = {"P0": "pagerduty", "P1": "slack", "P2": "email"}


@dataclass(frozen=True)
class Scene:
    """What a drill can do things to."""

    stack: RunningStack
    system: TradingSystem
    receiver: Receiver


@dataclass(frozen=True)
class Drill:
    """A fault, and the alert that has to follow.

    Attributes:
        alert: The alert's name.
        priority: Its priority, which says who is told.
        fault: What is done, in words.
        begin: Puts the fault in force.
        end: Ends it.
        within: Seconds from the fault to the notification, at the most.
        resolves_within: Seconds from the fault's end to the notification that it is over, at the most.
        labels: Those by which the alert is told from others of its name.
        is_ours: Whether the alert is about what trades, and carries its environment.
        consequences: What follows from the same fault, which lasts until all of it was noticed.
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
    """What a consequence does by itself."""


@dataclass(frozen=True)
class Result:
    """What came of a drill.

    Attributes:
        drill: The drill.
        detected: Seconds from the fault to the notification; None if none came.
        resolved: Seconds from the fault's end to the notification that it is over; None if none came.
        notices: How many times somebody was told of it while it lasted.
    """

    drill: Drill
    detected: float | None
    resolved: float | None
    notices: int

    def __str__(self) -> str:
        """What a person wants to see while it goes on."""
        seconds = ["never" if one is None else f"after {one:.1f} s" for one in (self.detected, self.resolved)]
        return f"{self.drill.alert}: noticed {seconds[0]}, over {seconds[1]}, told {self.notices} times"

    @property
    def well(self) -> bool:
        """Whether it was noticed in time, once, and seen to end in time."""
        return (
            self.detected is not None
            and self.detected <= self.drill.within
            and self.resolved is not None
            and self.resolved <= self.drill.resolves_within
            and self.notices == 1
        )


def perform(drill: Drill, scene: Scene) -> list[Result]:
    """Put the fault in force, wait for the notifications, end it, and wait for those that it is over."""
    begun = time.time()
    drill.begin(scene)
    drills = [drill, *drill.consequences]
    fired = [_wait(scene, one, "firing", begun, begun + one.within) for one in drills]
    ended = time.time()
    drill.end(scene)
    results = []
    for one, first in zip(drills, fired, strict=True):
        over = _wait(scene, one, "resolved", ended, ended + one.resolves_within) if first else None
        told = {n.at for n in scene.receiver.notices if _is_of(n, one, "firing", begun) and n.at < ended}
        result = Result(
            one, first.at - begun if first else None, over.at - ended if over else None, len(told)
        )
        sys.stderr.write(f"{result}\n")
        results.append(result)
    return results


def _wait(scene: Scene, drill: Drill, status: str, since: float, until: float) -> Notice | None:
    patience = max(0.0, until - time.time()) + _LATER
    return scene.receiver.wait(lambda notice: _is_of(notice, drill, status, since), patience)


def _is_of(notice: Notice, drill: Drill, status: str, since: float) -> bool:
    wanted = {"deployment_environment_name": ENVIRONMENT, **drill.labels} if drill.is_ours else drill.labels
    return (
        (notice.alert, notice.status) == (drill.alert, status)
        and notice.receiver == RECEIVERS[drill.priority]
        and notice.at >= since
        and wanted.items() <= notice.labels.items()
    )
