"""Timing: an alert arrives within the time that its class allows."""

from __future__ import annotations

from collections.abc import Iterator

from otel_trading.ops.rules.lint.detection_time import BUDGETS, worst_case
from otel_trading.ops.rules.lint.findings import Finding, Subject, number


def budget(subject: Subject) -> Iterator[Finding]:
    """The worst time to detect is within the budget."""
    priority = subject.priority
    if priority is None or priority not in BUDGETS:
        return
    if subject.always_fires_on_purpose or subject.judges_a_budget:
        return
    needed = worst_case(subject, priority)
    if needed.total > BUDGETS[priority]:
        says = (
            f"at worst it is notified after {number(needed.total)} s, and {priority} has "
            f"{number(BUDGETS[priority])} s: {needed}"
        )
        mend = "shorten its window or its `for`, or give it a class that may take longer"
        yield subject.finding("too-late", says, mend)
