"""Carry-over: delta points collected at a fork.

No later collection repeats them, so they wait here for the next export.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)

from otel_trading.pipeline.clean.metrics_data import (
    each_metric,
    has_temporality,
    key_of,
    of_points,
    series_of,
    stream_of,
    with_metrics,
    with_points,
)
from otel_trading.recording.handles import MAX_SERIES, OVERFLOW


class CarryOver:
    """Delta points of all forks since the last export, added up per series so that their number is bounded.

    The next collection repeats cumulative points, so only their exemplars are kept: for each series those of
    the last fork.
    """

    def __init__(self) -> None:
        self._sums: dict[Hashable, _SeriesSums] = {}
        self._exemplars: dict[Hashable, Any] = {}

    def add(self, data: MetricsData) -> None:
        """Keep the deltas of a collection that are not zero, and the exemplars of all other points.

        Args:
            data: Collected at a fork, in the parent.
        """
        for resource, scope, metric in each_metric(data):
            if has_temporality(metric, AggregationTemporality.DELTA):
                changes = [point for point in metric.data.data_points if _is_not_zero(point)]
                if changes:
                    series = self._sums.setdefault(
                        stream_of(scope, metric), _SeriesSums(resource, scope, metric)
                    )
                    for point in changes:
                        series.add(point)
            else:
                found = {key_of(scope, metric, point): point.exemplars for point in metric.data.data_points}
                self._exemplars |= {key: exemplars for key, exemplars in found.items() if exemplars}

    def merge_into(self, data: MetricsData) -> MetricsData:
        """Return a later collection with the kept points and exemplars, and forget them.

        Args:
            data: The collection that is exported next.
        """
        sums, self._sums = self._sums, {}
        exemplars, self._exemplars = self._exemplars, {}
        if exemplars:
            data = with_metrics(data, partial(_with_exemplars, exemplars))
        kept = [series.as_metrics() for series in sums.values()]
        return replace(data, resource_metrics=[*kept, *data.resource_metrics])


class _SeriesSums:
    """The sums of one metric, by series.

    Args:
        resource: The resource of the metric.
        scope: The scope of the metric.
        metric: Gives name, unit and kind; its points are not used.
    """

    def __init__(self, resource: ResourceMetrics, scope: ScopeMetrics, metric: Metric) -> None:
        self._origin = resource, scope, metric
        self._points: dict[Hashable, Any] = {}

    def add(self, point: Any) -> None:
        series = series_of(point.attributes)
        if series not in self._points and len(self._points) >= MAX_SERIES:
            # The SDK bounds the series of one collection, but not of a thousand collections at forks.
            series, point = None, replace(point, attributes=OVERFLOW)
        before = self._points.get(series)
        self._points[series] = point if before is None else _sum(before, point)

    def as_metrics(self) -> ResourceMetrics:
        resource, scope, metric = self._origin
        summed = of_points(metric, list(self._points.values()))
        return replace(resource, scope_metrics=[replace(scope, metrics=[summed])])


def _with_exemplars(exemplars: Mapping[Hashable, Any], scope: ScopeMetrics, metric: Metric) -> Metric:
    def with_own(point: Any) -> Any:
        kept = None if point.exemplars else exemplars.get(key_of(scope, metric, point))
        return replace(point, exemplars=kept) if kept else point

    return with_points(metric, with_own)


def _is_not_zero(point: Any) -> bool:
    return bool(getattr(point, "count", 0) or getattr(point, "value", 0))


def _sum(before: Any, point: Any) -> Any:
    """Return the sum of two consecutive delta points of one series."""
    both: dict[str, Any] = {
        "start_time_unix_nano": before.start_time_unix_nano,
        "exemplars": point.exemplars or before.exemplars,
    }
    if hasattr(point, "bucket_counts"):
        counts = zip(before.bucket_counts, point.bucket_counts, strict=True)
        both |= {"count": before.count + point.count, "sum": before.sum + point.sum}
        both |= {"min": min(before.min, point.min), "max": max(before.max, point.max)}
        both["bucket_counts"] = [sum(pair) for pair in counts]
    else:
        both["value"] = before.value + point.value
    return replace(point, **both)
