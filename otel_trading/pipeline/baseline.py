"""The baseline: what a forked child's sums already held, which its parent exports."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    Metric,
    MetricsData,
    ScopeMetrics,
    Sum,
)

from otel_trading import recording
from otel_trading.pipeline.metrics_data import each_metric, with_metrics, with_points


class Baseline:
    """Takes from what only grows what had been counted before the fork.

    A forked child has its parent's cumulative sums; exported under its own name they would count twice. Our
    own counters need none, since `recording.restart` begins them anew.

    Args:
        data: What was collected right before the fork; None in a process that was not forked.
    """

    def __init__(self, data: MetricsData | None = None) -> None:
        found = [] if data is None else [(s, m) for _, s, m in each_metric(data) if _is_inherited(s, m)]
        self._before = {_key(s, m, point): point for s, m in found for point in m.data.data_points}

    def without(self, data: MetricsData) -> MetricsData:
        """Return the data without what was counted before."""
        return with_metrics(data, self._rest) if self._before else data

    def _rest(self, scope: ScopeMetrics, metric: Metric) -> Metric:
        if not _is_inherited(scope, metric):
            return metric
        return with_points(metric, partial(self._difference, scope, metric))

    def _difference(self, scope: ScopeMetrics, metric: Metric, point: Any) -> Any:
        before: Any = self._before.get(_key(scope, metric, point))
        if before is None:
            return point
        rest: dict[str, Any] = {"start_time_unix_nano": before.time_unix_nano}
        if hasattr(point, "bucket_counts"):
            counts = zip(point.bucket_counts, before.bucket_counts, strict=True)
            rest |= {"count": point.count - before.count, "sum": point.sum - before.sum}
            rest["bucket_counts"] = [now - then for now, then in counts]
        else:
            rest["value"] = point.value - before.value
        return replace(point, **rest)


def _is_inherited(scope: ScopeMetrics, metric: Metric) -> bool:
    data = metric.data
    if getattr(data, "aggregation_temporality", None) is not AggregationTemporality.CUMULATIVE:
        return False
    if isinstance(data, Sum):
        return data.is_monotonic and scope.scope.name != recording.SCOPE
    return isinstance(data, Histogram)


def _key(scope: ScopeMetrics, metric: Metric, point: Any) -> Hashable:
    return scope.scope.name, metric.name, frozenset((point.attributes or {}).items())
