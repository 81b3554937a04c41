"""Metrics data: walk the SDK's nested metrics, and change metrics and points in copies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
)


def with_metrics(data: MetricsData, change: Callable[[ScopeMetrics, Metric], Metric | None]) -> MetricsData:
    """Return the data with each metric replaced by `change(scope, metric)`; None drops the metric."""
    return replace(
        data,
        resource_metrics=[
            replace(
                resource,
                scope_metrics=[
                    replace(
                        scope,
                        metrics=[
                            after for metric in scope.metrics if (after := change(scope, metric)) is not None
                        ],
                    )
                    for scope in resource.scope_metrics
                ],
            )
            for resource in data.resource_metrics
        ],
    )


def with_points(metric: Metric, change: Callable[[Any], Any]) -> Metric:
    """Return the metric with each data point replaced by `change(point)`; itself if no point changed."""
    points = [change(point) for point in metric.data.data_points]
    if all(after is before for after, before in zip(points, metric.data.data_points, strict=True)):
        return metric
    return of_points(metric, points)


def of_points(metric: Metric, points: Sequence[Any]) -> Metric:
    """Return the metric with other data points of the same kind."""
    data: Any = metric.data
    return replace(metric, data=replace(data, data_points=points))


def each_metric(data: MetricsData) -> Iterator[tuple[ResourceMetrics, ScopeMetrics, Metric]]:
    """Yield every metric with its resource and scope."""
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield resource, scope, metric


def count_points(data: MetricsData) -> int:
    """Return how many data points the data holds."""
    return sum(len(metric.data.data_points) for _, _, metric in each_metric(data))


def has_temporality(metric: Metric, temporality: AggregationTemporality) -> bool:
    """Return whether the metric has this temporality; a gauge has none."""
    return getattr(metric.data, "aggregation_temporality", None) is temporality


def stream_of(scope: ScopeMetrics, metric: Metric) -> Hashable:
    """Return a key that is unique per metric: instruments of one name may differ in every other field."""
    return scope.scope, metric.name, metric.description, metric.unit, type(metric.data)


def series_of(attributes: Mapping[str, Any] | None) -> Hashable:
    """Return a key that is unique per series of a metric; True, 1 and 1.0 are different values."""
    return repr(sorted((attributes or {}).items()))


def key_of(scope: ScopeMetrics, metric: Metric, point: Any) -> Hashable:
    """Return a key that is unique per series over all metrics."""
    return stream_of(scope, metric), series_of(point.attributes)
