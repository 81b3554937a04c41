"""Timing: the notification arrives within the time that the class of the alert allows."""

from __future__ import annotations

from collections.abc import Iterator

from otel_trading.ops.rules.lint.detection_time import BUDGETS, worst_case
from otel_trading.ops.rules.lint.findings import Finding, Subject, number


def budget(subject: Subject) -> Iterator[Finding]:
    """Check that the longest detection time is within the budget of the class."""
    priority = subject.priority
    if priority is None or priority not in BUDGETS:
        return
    if subject.always_fires_on_purpose or subject.judges_a_budget:
        return
    needed = worst_case(subject, priority)
    if needed.total > BUDGETS[priority]:
        message = (
            f"in the worst case it is notified after {number(needed.total)} s, and {priority} allows "
            f"{number(BUDGETS[priority])} s: {needed}"
        )
        fix = "shorten its window or its `for`, or give it a class that allows more time"
        yield subject.finding("too-late", message, fix)
