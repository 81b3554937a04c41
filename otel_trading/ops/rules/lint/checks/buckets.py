"""Buckets: the threshold of a quantile and the objective of a share are boundaries of buckets."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator

from promql_parser import Call, VectorSelector

from otel_trading.ops.rules.lint.findings import Finding, Subject, number
from otel_trading.ops.rules.promql.expressions import (
    Comparison,
    comparisons,
    matchers_of,
    selectors,
    text_of,
    walk,
)
from otel_trading.ops.rules.promql.label_sets import labels_of
from otel_trading.ops.rules.promql.shares import quantile
from otel_trading.ops.rules.promql.vocabulary import KnownSeries


def thresholds(subject: Subject) -> Iterator[Finding]:
    """Check that a quantile can be on either side of its threshold."""
    for compared in comparisons(subject.expanded):
        found = None if compared.summed or compared.op == "!=" else quantile(compared.core)
        for series in subject.read(found[1]) if found is not None else ():
            if series.boundaries and not _is_boundary(compared, series.boundaries):
                yield _threshold(subject, compared, series)


def _is_boundary(compared: Comparison, bounds: tuple[float, ...]) -> bool:
    """Return whether the threshold is a boundary with a bucket on either side: the result is then exact."""
    # Within a bucket histogram_quantile() interpolates, and above the top finite one it returns that
    # boundary: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    exact = bounds[:-1] if compared.op == ">" else bounds
    return any(math.isclose(bound, compared.threshold) for bound in exact)


def _threshold(subject: Subject, compared: Comparison, series: KnownSeries) -> Finding:
    bounds, asked = series.boundaries, f"{compared.op} {number(compared.threshold)}"
    place = bisect(bounds, compared.threshold)
    if place == len(bounds):
        check = "threshold-above-buckets"
        message = (
            f"a quantile of {series.name} is at most {number(bounds[-1])}, where its top finite bucket ends: "
            f"{asked} is {'never' if compared.rises else 'always'} true"
        )
    elif place == 0:
        check = "threshold-below-buckets"
        message = (
            f"below {number(bounds[0])}, where the lowest bucket of {series.name} ends, {asked} is a guess"
        )
    else:
        check = "threshold-between-buckets"
        low, high = number(bounds[place - 1]), number(bounds[place])
        message = (
            f"between {low} and {high}, where buckets of {series.name} end, a quantile is interpolated: "
            f"{asked} may be true although no event is beyond the threshold"
        )
    first = max(min(place, len(bounds) - 1) - 1, 0)
    near = " or ".join(map(number, bounds[first:-1][:2]))
    fix = f"compare with a boundary such as {near}; or add a boundary at the threshold, and one well above it"
    return subject.finding(check, message, fix)


def quantiles_have_buckets(subject: Subject) -> Iterator[Finding]:
    """Check that the argument of `histogram_quantile` has the label `le`."""
    calls = (node for node in walk(subject.expr) if isinstance(node, Call))
    for node in calls:
        if node.func.name == "histogram_quantile" and "le" not in labels_of(node.args[1], subject.vocabulary):
            message = f"{text_of(node.args[1])} has no label le, so histogram_quantile() has no result"
            fix = "add le to the grouping: sum by (..., le)"
            yield subject.finding("quantile-without-le", message, fix)


def objectives(subject: Subject) -> Iterator[Finding]:
    """Check that a bucket selected by its boundary exists, in the notation of its route (OTLP or scrape)."""
    for selector in selectors(subject.expr):
        for series in subject.vocabulary.read_by(selector):
            if series.boundaries:
                yield from _objective(subject, selector, series)


def _objective(subject: Subject, selector: VectorSelector, series: KnownSeries) -> Iterator[Finding]:
    written = {series.le(bound): bound for bound in (*series.boundaries, float("inf"))}
    for asked in matchers_of(selector):
        if asked.label != "le" or asked.op not in {"=", "=~"} or any(map(asked.accepts, written)):
            continue
        same = next((le for le, bound in written.items() if bound == _value(asked.value)), None)
        message = f"{series.name} has no bucket le={asked.value!r}"
        if same is None:
            fix = f"take one of its boundaries as the objective: {', '.join(written)}"
            yield subject.finding("objective-not-a-boundary", message, fix)
        elif series.pushed:  # a scraped page may use any notation
            yield subject.finding(
                "bucket-format", f"{message}: a series sent by OTLP has {same!r}", f'write le="{same}"'
            )


def _value(le: str) -> float | None:
    try:
        return float(le)
    except ValueError:
        return None
