"""The baseline: what a forked child's sums already held, which its parent exports."""

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
from otel_trading.pipeline.clean.metrics_data import each_metric, key_of, with_metrics, with_points

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_DELTA: Final = AggregationTemporality.DELTA
_BEGINS_ANEW: Final = frozenset({recording.SCOPE, recording.SCOPE_OF_PROCESS})


class Baseline:
    """Takes from what only grows what had been counted before the fork.

    A forked child has its parent's cumulative sums; exported under its own name they would count twice. Our
    own counters begin anew (`recording.restart`), as does the CPU time of the new process: of them, the SDK's
    first difference is one to what the parent had read, which has to be added again.

    Args:
        data: What was collected right before the fork; None in a process that was not forked.
        own: What differences of our own counters had come to, from `add_own`; None in a process that was not
            forked.
    """

    def __init__(self, data: MetricsData | None = None, own: Mapping[Hashable, float] | None = None) -> None:
        found = [] if data is None else [(s, m) for _, s, m in each_metric(data) if _is_inherited(s, m)]
        self._before = {key_of(s, m, point): point for s, m in found for point in m.data.data_points}
        self._owed = dict(own or {})
        self._is_child = own is not None

    def without(self, data: MetricsData) -> MetricsData:
        """Return the data without what was counted before; each collection is given once."""
        return with_metrics(data, self._rest) if self._is_child else data

    def _rest(self, scope: ScopeMetrics, metric: Metric) -> Metric:
        if _is_difference(metric):
            return with_points(metric, partial(self._made_good, scope, metric))
        if _is_inherited(scope, metric):
            return with_points(metric, partial(self._difference, scope, metric))
        return metric

    def _made_good(self, scope: ScopeMetrics, metric: Metric, point: Any) -> Any:
        owed = self._owed.pop(key_of(scope, metric, point), 0)
        value = max(0, point.value + owed)  # less where another's began anew, from what is not known
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
            rest["min"] = point.min if point.min < before.min else None  # else it may be the parent's
            rest["max"] = point.max if point.max > before.max else None
        else:
            if point.value < before.value:  # read of something that began anew with the process
                before = self._before[key_of(scope, metric, point)] = replace(before, value=0)
            rest["value"] = point.value - before.value
        return replace(point, **rest)


def add_own(totals: Counter[Hashable], data: MetricsData) -> None:
    """Add what differences of our own counters say to their totals, by series."""
    for _, scope, metric in each_metric(data):
        if scope.scope.name in _BEGINS_ANEW and _is_difference(metric):
            for point in metric.data.data_points:
                totals[key_of(scope, metric, point)] += point.value  # type: ignore[union-attr, assignment]


def _is_difference(metric: Metric) -> bool:
    return isinstance(metric.data, Sum) and metric.data.is_monotonic and _counts(metric, _DELTA)


def _is_inherited(scope: ScopeMetrics, metric: Metric) -> bool:
    data = metric.data
    if not _counts(metric, _CUMULATIVE):
        return False
    if isinstance(data, Sum):
        return data.is_monotonic and scope.scope.name not in _BEGINS_ANEW
    return isinstance(data, Histogram)


def _counts(metric: Metric, since: AggregationTemporality) -> bool:
    return getattr(metric.data, "aggregation_temporality", None) is since
