"""Drill: one fault that is put in force for real, and how soon somebody heard of it and of its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.drills.receiver import Notice, Receiver
from tests.drills.system import ENVIRONMENT, TradingSystem
from tests.stack.running import RunningStack

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


def perform(drill: Drill, scene: Scene) -> Result:
    """Put the fault in force, wait for the notification, end it, and wait for the one that it is over."""
    result = _performed(drill, scene)
    sys.stderr.write(f"{result}\n")
    return result


def _performed(drill: Drill, scene: Scene) -> Result:
    begun = time.time()
    drill.begin(scene)
    fired = scene.receiver.wait(lambda n: _is_of(n, drill, "firing", begun), drill.within + 60)
    ended = time.time()
    drill.end(scene)
    if fired is None:
        return Result(drill, None, None, 0)
    over = scene.receiver.wait(lambda n: _is_of(n, drill, "resolved", ended), drill.resolves_within + 60)
    told = {n.at for n in scene.receiver.notices if _is_of(n, drill, "firing", begun) and n.at < ended}
    return Result(drill, fired.at - begun, over.at - ended if over else None, len(told))


def _is_of(notice: Notice, drill: Drill, status: str, since: float) -> bool:
    wanted = {"deployment_environment_name": ENVIRONMENT, **drill.labels} if drill.is_ours else drill.labels
    return (
        (notice.alert, notice.status) == (drill.alert, status)
        and notice.receiver == RECEIVERS[drill.priority]
        and notice.at >= since
        and wanted.items() <= notice.labels.items()
    )
