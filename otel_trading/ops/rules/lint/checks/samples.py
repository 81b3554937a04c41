"""Samples: a conclusion is drawn from enough events."""

from __future__ import annotations

from collections.abc import Iterator

from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.expressions import comparison, ways
from otel_trading.ops.rules.promql.shares import is_minimum, quantile, quotient


def minimums(subject: Subject) -> Iterator[Finding]:
    """A quantile or a share stands beside a smallest number of events."""
    for way in ways(subject.expanded):
        compared = [each for each in map(comparison, way) if each is not None]
        if any(map(is_minimum, compared)):
            continue
        for each in compared:
            share = quantile(each.core)
            if share is not None or quotient(each.core) is not None:
                what = f"a quantile of {number(share[0])}" if share is not None else "a share"
                says = (
                    f"{what} of a handful of events is chance, and nothing here asks for more: in thin "
                    "traffic one event fires the alert"
                )
                mend = "add the smallest number that counts: and sum by (...) (increase(..._count[5m])) >= 20"
                yield subject.finding("thin-traffic", says, mend)
