"""Fork baseline: the counts that a forked child inherits.

The child subtracts them from its exports, since the parent exports them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    Metric,
    MetricsData,
    ScopeMetrics,
    Sum,
)

from otel_trading import recording
from otel_trading.pipeline.clean.metrics_data import (
    each_metric,
    has_temporality,
    key_of,
    with_metrics,
    with_points,
)

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_DELTA: Final = AggregationTemporality.DELTA
_STARTS_AT_ZERO: Final = frozenset({recording.SCOPE, recording.SCOPE_OF_PROCESS})


class Baseline:
    """Subtracts the counts before a fork from the monotonic sums and histograms of the child.

    A forked child inherits the cumulative sums of its parent. If both exported them, they would count twice.

    Our own counters start at zero in a child (`recording.restart`), and so does the CPU time of the process.
    The SDK computes their first delta against the parent's last value, so that value is added back.

    Args:
        data: The metrics collected right before the fork; None in a process that was not forked.
        own: The sums of all deltas of our own counters so far, from `add_own_deltas`; None in a process that
            was not forked.
    """

    def __init__(self, data: MetricsData | None = None, own: Mapping[Hashable, float] | None = None) -> None:
        found = [] if data is None else [(s, m) for _, s, m in each_metric(data) if _is_inherited(s, m)]
        self._before = {key_of(s, m, point): point for s, m in found for point in m.data.data_points}
        self._owed = dict(own or {})
        self._is_child = own is not None

    def subtract_from(self, data: MetricsData) -> MetricsData:
        """Return a collection without the counts before the fork.

        Args:
            data: One collection. Pass each collection once, since it may use up an owed value.
        """
        return with_metrics(data, self._without_inherited) if self._is_child else data

    def _without_inherited(self, scope: ScopeMetrics, metric: Metric) -> Metric:
        if _is_delta_sum(metric):
            return with_points(metric, partial(self._with_owed, scope, metric))
        if _is_inherited(scope, metric):
            return with_points(metric, partial(self._difference, scope, metric))
        return metric

    def _with_owed(self, scope: ScopeMetrics, metric: Metric, point: Any) -> Any:
        owed = self._owed.pop(key_of(scope, metric, point), 0)
        # A foreign counter that starts at zero in the child has a negative delta and no known owed value.
        value = max(0, point.value + owed)
        return point if value == point.value else replace(point, value=value)

    def _difference(self, scope: ScopeMetrics, metric: Metric, point: Any) -> Any:
        before: Any = self._before.get(key_of(scope, metric, point))
        if before is None:
            return point
        rest: dict[str, Any] = {"start_time_unix_nano": before.time_unix_nano}
        if hasattr(point, "bucket_counts"):
            counts = zip(point.bucket_counts, before.bucket_counts, strict=True)
            rest |= {"count": point.count - before.count, "sum": point.sum - before.sum}
            rest["bucket_counts"] = [now - then for now, then in counts]
            # An extreme that did not change since the fork may be a value of the parent.
            rest["min"] = point.min if point.min < before.min else None
            rest["max"] = point.max if point.max > before.max else None
        else:
            if point.value < before.value:  # it started at zero with the process, as CPU time does
                before = self._before[key_of(scope, metric, point)] = replace(before, value=0)
            rest["value"] = point.value - before.value
        return replace(point, **rest)


def add_own_deltas(totals: Counter[Hashable], data: MetricsData) -> None:
    """Add the deltas of our own counters to their totals.

    Args:
        totals: The sum so far, by series; changed in place.
        data: One collection.
    """
    for _, scope, metric in each_metric(data):
        if scope.scope.name in _STARTS_AT_ZERO and _is_delta_sum(metric):
            for point in metric.data.data_points:
                totals[key_of(scope, metric, point)] += point.value  # type: ignore[union-attr, assignment]


def _is_delta_sum(metric: Metric) -> bool:
    return isinstance(metric.data, Sum) and metric.data.is_monotonic and has_temporality(metric, _DELTA)


def _is_inherited(scope: ScopeMetrics, metric: Metric) -> bool:
    data = metric.data
    if not has_temporality(metric, _CUMULATIVE):
        return False
    if isinstance(data, Sum):
        return data.is_monotonic and scope.scope.name not in _STARTS_AT_ZERO
    return isinstance(data, Histogram)
