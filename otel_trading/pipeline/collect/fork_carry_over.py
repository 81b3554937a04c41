"""What is carried: what a collection read at a fork, and no later collection says again."""

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
    key_of,
    of_points,
    series_of,
    stream_of,
    with_metrics,
    with_points,
)
from otel_trading.recording.handles import MAX_SERIES, OVERFLOW


class Carried:
    """Adds up per series what was read, so that it takes no more room after a thousand forks than after one.

    Sums that count from the start of the process are said again by the next collection: of them, the
    exemplars alone are kept, those of the last fork for each series.
    """

    def __init__(self) -> None:
        self._streams: dict[Hashable, _Stream] = {}
        self._exemplars: dict[Hashable, Any] = {}

    def add(self, data: MetricsData) -> None:
        """Keep the differences in the data that are any, and the exemplars of all else."""
        for resource, scope, metric in each_metric(data):
            if getattr(metric.data, "aggregation_temporality", None) is AggregationTemporality.DELTA:
                changes = [point for point in metric.data.data_points if _says_something(point)]
                if changes:
                    stream = self._streams.setdefault(
                        stream_of(scope, metric), _Stream(resource, scope, metric)
                    )
                    for point in changes:
                        stream.add(point)
            else:
                found = {key_of(scope, metric, point): point.exemplars for point in metric.data.data_points}
                self._exemplars |= {key: exemplars for key, exemplars in found.items() if exemplars}

    def give(self, data: MetricsData) -> MetricsData:
        """Return a later collection with what was kept, and keep it no longer."""
        streams, self._streams = self._streams, {}
        exemplars, self._exemplars = self._exemplars, {}
        if exemplars:
            data = with_metrics(data, partial(_with_exemplars, exemplars))
        kept = [stream.as_metrics() for stream in streams.values()]
        return replace(data, resource_metrics=[*kept, *data.resource_metrics])


class _Stream:
    """The series of one metric.

    Args:
        resource: Its resource.
        scope: Its scope.
        metric: What it is called, and of which kind it is.
    """

    def __init__(self, resource: ResourceMetrics, scope: ScopeMetrics, metric: Metric) -> None:
        self._within = resource, scope, metric
        self._points: dict[Hashable, Any] = {}

    def add(self, point: Any) -> None:
        series = series_of(point.attributes)
        if series not in self._points and len(self._points) >= MAX_SERIES:
            series, point = None, replace(point, attributes=OVERFLOW)
        before = self._points.get(series)
        self._points[series] = point if before is None else _sum(before, point)

    def as_metrics(self) -> ResourceMetrics:
        resource, scope, metric = self._within
        summed = of_points(metric, list(self._points.values()))
        return replace(resource, scope_metrics=[replace(scope, metrics=[summed])])


def _with_exemplars(exemplars: Mapping[Hashable, Any], scope: ScopeMetrics, metric: Metric) -> Metric:
    def with_own(point: Any) -> Any:
        kept = None if point.exemplars else exemplars.get(key_of(scope, metric, point))
        return replace(point, exemplars=kept) if kept else point

    return with_points(metric, with_own)


def _says_something(point: Any) -> bool:
    return bool(getattr(point, "count", 0) or getattr(point, "value", 0))


def _sum(before: Any, point: Any) -> Any:
    """Return one point for two of the same series, the later of which begins where the earlier ends."""
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
