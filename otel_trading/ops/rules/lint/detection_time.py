"""Detection time: the longest time from a fault to the first notification.

The worst case is a complete outage that begins just after a sample was taken: every event is bad from then
on, and events arrive as often as before. The notification is then sent after the sum of

- *sample*: the time until the next sample is in Prometheus, which is the interval of the export or of the
  scrape;
- *evaluation*: the time until the next evaluation of the rule, and of the groups that record its input;
- *window*: the time until enough of the window that the rule reads shows the fault, see `fill`;
- *hold*: the `for` of the rule, in whole evaluations;
- *group_wait*: the time that Alertmanager waits for more alerts of the group.

The SRE workbook computes detection times for a complete outage as well: a burn rate of 14.4 over an hour,
with an objective of 99.9 %, takes 1 h x 14.4 x 0.001 = 52 s (https://sre.google/workbook/alerting-on-slos/).
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
    alternatives,
    bare,
    comparison,
    constant,
    is_binary,
    is_filter,
    name_of,
    offset,
    selectors,
    walk,
    window,
)
from otel_trading.ops.rules.promql.shares import Events, events, is_minimum, quantile, quotient, traffic

EXPORT: Final = 5.0
"""Seconds between two exports by OTLP: this package's default for `OTEL_METRIC_EXPORT_INTERVAL`."""

SCRAPE: Final = 5.0
"""Seconds between two scrapes: prometheus.yml's `scrape_interval`."""

LOOKBACK: Final = 300.0
"""Seconds that a pushed series stays readable after its last sample, because no stale marker ends it.

https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness
"""

BUDGETS: Final[Mapping[str, float]] = {"P0": 60.0, "P1": 450.0, "P2": 1800.0, "META": 600.0}
"""The longest allowed detection time by priority, in seconds.

P0: the desk loses money each second, and the goal for the mean is one minute. P1: half of the 15 minutes in
which the incident should be over. P2: somebody reads it within half an hour. META: the lookback alone takes
five minutes.
"""

_SLOPES: Final = frozenset({"deriv", "delta", "idelta", "changes", "resets"}) | RATES
_IMMEDIATE: Final = frozenset({"last_over_time", "count_over_time", "present_over_time"})


@dataclass(frozen=True)
class DetectionTime:
    """The parts of a detection time, in seconds; the module explains them."""

    sample: float
    evaluation: float
    window: float
    hold: float
    group_wait: float

    @property
    def total(self) -> float:
        """The sum of the parts, in seconds."""
        return self.sample + self.evaluation + self.window + self.hold + self.group_wait

    def __str__(self) -> str:
        parts = {
            "until Prometheus has it": self.sample,
            "until the rule is evaluated": self.evaluation,
            "until the window shows it": self.window,
            "`for`": self.hold,
            "group_wait": self.group_wait,
        }
        return " + ".join(f"{seconds:g} s {part}" for part, seconds in parts.items() if seconds)


def worst_case(subject: Subject, priority: str) -> DetectionTime:
    """Return the longest time that the fault behind an alert stays unnoticed.

    Args:
        subject: The alert.
        priority: The class of the alert, on which the wait of Alertmanager depends.
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

    A share above c takes that part of its window; a p99 takes a hundredth; a minimum takes the whole window,
    a maximum takes no time; the first event is enough for `> 0`. A number of events takes the whole window,
    unless a share is taken of the same events: they arrive before the fault, too. An age takes the threshold
    that it is compared with, an `offset` takes its length, and a comparison of two vectors takes the window
    of the left one. `absent` of a pushed series takes the lookback.
    """
    return max(
        _until(atom, traffic(alternative), subject)
        for alternative in alternatives(subject.expanded)
        for atom in alternative
    )


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
    """Return the part of its window that a comparison needs, between 0 and 1."""
    share = quantile(core)
    if share is not None:
        return 1 - share[0] if compared.rises else share[0]
    if quotient(core) is not None:
        part = compared.threshold if compared.rises else 1 - compared.threshold
        return min(max(part, 0.0), 1.0)
    function = core.func.name if isinstance(core, Call) else ""
    # A slope leaves 0 with the first sample that differs, and an extreme of a window is there with one
    # sample.
    first = function in _SLOPES and compared.threshold == 0
    extreme = function == ("max_over_time" if compared.rises else "min_over_time")
    return 0.0 if first or extreme or function in _IMMEDIATE else 1.0


def _age(compared: Comparison, core: Expr) -> float:
    if not isinstance(core, BinaryExpr) or str(core.op) != "-" or not compared.rises:
        return 0.0
    now = bare(core.lhs)
    return compared.threshold if isinstance(now, Call) and now.func.name in {"time", "timestamp"} else 0.0


def _outlook(core: Expr) -> float:
    """Return the seconds by which a forecast is early: how far it looks ahead, at most its window."""
    if isinstance(core, Call) and core.func.name == "predict_linear":
        return min(window(core), constant(core.args[1]) or 0.0)
    return 0.0


def _recording(subject: Subject) -> float:
    """Return the longest interval of the other groups that record the series that the rule reads."""
    # A group evaluates its own rules in order within one evaluation, so only other groups add their interval:
    # https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/#rule_group
    read = [pair for s in selectors(subject.expr) for pair in subject.vocabulary.recorded(name_of(s) or "")]
    return max((rule.interval for rule, _ in read if rule.group != subject.rule.group), default=0.0)
