"""Samples: a quantile or a share is judged only on enough events."""

from __future__ import annotations

from collections.abc import Iterator

from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.expressions import alternatives, comparison
from otel_trading.ops.rules.promql.shares import is_minimum, quantile, quotient


def minimums(subject: Subject) -> Iterator[Finding]:
    """Check that a condition on a quantile or a share comes with a minimum number of events."""
    for alternative in alternatives(subject.expanded):
        compared = [each for each in map(comparison, alternative) if each is not None]
        if any(map(is_minimum, compared)):
            continue
        for each in compared:
            share = quantile(each.core)
            if share is not None or quotient(each.core) is not None:
                statistic = f"a quantile of {number(share[0])}" if share is not None else "a share"
                message = (
                    f"{statistic} of a few events is chance, and the rule requires no minimum: in thin "
                    "traffic one event fires the alert"
                )
                fix = "require a minimum number of events: and sum by (...) (increase(..._count[5m])) >= 20"
                yield subject.finding("thin-traffic", message, fix)
