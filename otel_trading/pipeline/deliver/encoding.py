"""The encoding: what the SDK hands over becomes the bytes of one request, item by item where need be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics
from opentelemetry.sdk.trace import ReadableSpan

from otel_trading.pipeline.clean.metrics_data import each_metric, of_points

T = TypeVar("T")


def _one(_: object) -> int:
    return 1


def _whole(_: object) -> None:
    return None


@dataclass(frozen=True)
class Encoding(Generic[T]):
    """How the items of one signal are encoded; each can go in a request of its own.

    Attributes:
        encode: Returns one request; raises whatever the encoder does at an item that it cannot encode.
        count: How many spans, log records or data points an item is.
        halves: Splits an item that is too large for a request, or returns None where it is one thing.
    """

    encode: Callable[[Sequence[T]], bytes]
    count: Callable[[T], int] = _one
    halves: Callable[[T], tuple[T, T] | None] = _whole


def metrics_of(data: MetricsData) -> list[ResourceMetrics]:
    """Return each metric by itself, under its resource and its scope."""
    return [
        replace(resource, scope_metrics=[replace(scope, metrics=[metric])])
        for resource, scope, metric in each_metric(data)
    ]


def _encode_metrics(items: Sequence[ResourceMetrics]) -> bytes:
    return encode_metrics(MetricsData(_together(items))).SerializeToString()


def _together(items: Sequence[ResourceMetrics]) -> list[ResourceMetrics]:
    """Put single metrics under one resource and one scope again, where they share them."""
    merged: dict[int, tuple[ResourceMetrics, dict[int, list[Any]]]] = {}
    for item in items:
        (scope,) = item.scope_metrics
        _, scopes = merged.setdefault(id(item.resource), (item, {}))
        scopes.setdefault(id(scope.scope), []).append(scope)
    return [
        replace(
            first,
            scope_metrics=[
                replace(group[0], metrics=[metric for one in group for metric in one.metrics])
                for group in scopes.values()
            ],
        )
        for first, scopes in merged.values()
    ]


def _points(item: ResourceMetrics) -> Sequence[Any]:
    return item.scope_metrics[0].metrics[0].data.data_points


def _count(item: ResourceMetrics) -> int:
    return len(_points(item))


def _halve(item: ResourceMetrics) -> tuple[ResourceMetrics, ResourceMetrics] | None:
    points = _points(item)
    middle = len(points) // 2
    return (_with(item, points[:middle]), _with(item, points[middle:])) if middle else None


def _with(item: ResourceMetrics, points: Sequence[Any]) -> ResourceMetrics:
    scope = item.scope_metrics[0]
    return replace(item, scope_metrics=[replace(scope, metrics=[of_points(scope.metrics[0], points)])])


SPANS: Final[Encoding[ReadableSpan]] = Encoding(lambda items: encode_spans(items).SerializeToString())
LOGS: Final[Encoding[ReadableLogRecord]] = Encoding(lambda items: encode_logs(items).SerializeToString())
METRICS: Final[Encoding[ResourceMetrics]] = Encoding(_encode_metrics, _count, _halve)
