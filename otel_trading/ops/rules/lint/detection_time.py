"""Detection time: how long it takes at worst from a fault to the first notification.

A fault that begins just after a sample was taken, in a complete outage (every event is bad from then on, and
as many come as before), is notified after the sum of

- *sample*: until the next sample is in Prometheus, the interval of the export, or of the scrape;
- *evaluation*: until the rule is evaluated next, with the groups that record what it reads;
- *window*: until what the rule looks back over has enough of the fault in it, see `fill`;
- *hold*: its `for`, in whole evaluations;
- *group_wait*: how long Alertmanager waits for more alerts of the group.

"Complete outage" is what the SRE workbook computes detection times for: a burn rate of 14.4 over an hour,
with an objective of 99.9 %, takes 1 h x 14.4 x 0.001 = 52 s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from promql_parser import BinaryExpr, Call, Expr

from otel_trading.ops.rules.lint.findings import Subject
from otel_trading.ops.rules.promql.expressions import (
    RATES,
    Comparison,
    bare,
    comparison,
    constant,
    is_binary,
    is_filter,
    name_of,
    offset,
    selectors,
    walk,
    ways,
    window,
)
from otel_trading.ops.rules.promql.shares import Events, events, is_minimum, quantile, quotient, traffic

EXPORT: Final = 5.0
"""Seconds between two exports by OTLP: the SDK's default here, `OTEL_METRIC_EXPORT_INTERVAL`."""

SCRAPE: Final = 5.0
"""Seconds between two scrapes: prometheus.yml's `scrape_interval`."""

LOOKBACK: Final = 300.0
"""Seconds that a pushed series stays readable after its last sample: nobody marks it as gone."""

BUDGETS: Final[Mapping[str, float]] = {"P0": 60.0, "P1": 450.0, "P2": 1800.0, "META": 600.0}
"""Seconds by priority.

P0: money is lost each second, and the goal for the mean is one minute. P1: half of the 15 minutes in which it
is to be over. P2: somebody reads it within half an hour. META: the lookback alone takes five minutes.
"""

_SLOPES: Final = frozenset({"deriv", "delta", "idelta", "changes", "resets"}) | RATES
_IMMEDIATE: Final = frozenset({"last_over_time", "count_over_time", "present_over_time"})


@dataclass(frozen=True)
class DetectionTime:
    """The parts of a detection time, in seconds; see the module."""

    sample: float
    evaluation: float
    window: float
    hold: float
    group_wait: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.sample + self.evaluation + self.window + self.hold + self.group_wait

    def __str__(self) -> str:
        parts = {
            "until Prometheus has it": self.sample,
            "until the rule is evaluated": self.evaluation,
            "until the window shows it": self.window,
            "`for`": self.hold,
            "group_wait": self.group_wait,
        }
        return " + ".join(f"{seconds:g} s {what}" for what, seconds in parts.items() if seconds)


def worst_case(subject: Subject, priority: str) -> DetectionTime:
    """Compute how long the fault that an alert is about goes unnoticed.

    Args:
        subject: The alert.
        priority: Its class, which says how long Alertmanager waits.
    """
    rule = subject.rule
    series = subject.read(subject.expanded)
    return DetectionTime(
        sample=max((EXPORT if each.pushed else SCRAPE for each in series), default=0.0),
        evaluation=rule.interval + _recording(subject),
        window=fill(subject),
        hold=math.ceil(rule.hold / rule.interval) * rule.interval,
        group_wait=subject.surroundings.routes.group_wait(rule.name, rule.labels, priority),
    )


def fill(subject: Subject) -> float:
    """Return how long a complete outage takes to make an expression true, in seconds.

    A share above c of a window takes that part of it; a p99 takes a hundredth; a minimum takes all of it, a
    maximum nothing; the first event is enough for `> 0`. A number of events takes the window, unless it is
    the number of those that the share is taken of: they come before the fault, too. An age takes what it is
    compared with, a reading of a while ago takes that while, and what is compared with another vector takes
    the window of its left side. `absent` of a pushed series takes the lookback.
    """
    return max(_until(atom, traffic(way), subject) for way in ways(subject.expanded) for atom in way)


def _until(atom: Expr, before: set[Events], subject: Subject) -> float:
    compared = comparison(atom)
    if is_binary(atom, "unless"):
        return 0.0
    if compared is None and isinstance(atom, BinaryExpr) and is_filter(atom):
        return window(atom.lhs)
    if compared is None:
        return max(window(atom), _absence(atom, subject))
    core = bare(compared.core)
    if is_minimum(compared) and events(core) <= before:
        return 0.0
    return (
        _part_of_window(compared, core) * window(core) + _age(compared, core) - _outlook(core) + offset(core)
    )


def _absence(atom: Expr, subject: Subject) -> float:
    looks = [part for part in walk(atom) if isinstance(part, Call) and part.func.name == "absent"]
    return LOOKBACK if any(each.pushed for part in looks for each in subject.read(part)) else 0.0


def _part_of_window(compared: Comparison, core: Expr) -> float:
    """How much of its window a comparison needs, between 0 and 1."""
    share = quantile(core)
    if share is not None:
        return 1 - share[0] if compared.rises else share[0]
    if quotient(core) is not None:
        part = compared.threshold if compared.rises else 1 - compared.threshold
        return min(max(part, 0.0), 1.0)
    function = core.func.name if isinstance(core, Call) else ""
    first = function in _SLOPES and compared.threshold == 0
    extreme = function == ("max_over_time" if compared.rises else "min_over_time")
    return 0.0 if first or extreme or function in _IMMEDIATE else 1.0


def _age(compared: Comparison, core: Expr) -> float:
    if not isinstance(core, BinaryExpr) or str(core.op) != "-" or not compared.rises:
        return 0.0
    now = bare(core.lhs)
    return compared.threshold if isinstance(now, Call) and now.func.name in {"time", "timestamp"} else 0.0


def _outlook(core: Expr) -> float:
    """A forecast of further ahead than it looks back is early."""
    if isinstance(core, Call) and core.func.name == "predict_linear":
        return min(window(core), constant(core.args[1]) or 0.0)
    return 0.0


def _recording(subject: Subject) -> float:
    """The groups that record what the rule reads, one after another, each wait for their own evaluation."""
    read = [pair for s in selectors(subject.expr) for pair in subject.vocabulary.recorded(name_of(s) or "")]
    return max((rule.interval for rule, _ in read if rule.group != subject.rule.group), default=0.0)
