"""Encoding: turns spans, log records and metrics into the bytes of one OTLP request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics
from opentelemetry.sdk.trace import ReadableSpan

from otel_trading._sdk.encoders import log_encoder
from otel_trading.pipeline.clean.metrics_data import each_metric, of_points

T = TypeVar("T")


def _one(_: object) -> int:
    return 1


def _no_halves(_: object) -> None:
    return None


@dataclass(frozen=True)
class Encoding(Generic[T]):
    """The encoding of one signal. Each item can be sent in a request of its own.

    Attributes:
        encode: Returns the bytes of one request; raises any exception if an item cannot be encoded.
        count: Returns how many spans, log records or data points an item contains.
        halves: Splits an item that is too large for a request; returns None if it cannot be split.
    """

    encode: Callable[[Sequence[T]], bytes]
    count: Callable[[T], int] = _one
    halves: Callable[[T], tuple[T, T] | None] = _no_halves


def metrics_of(data: MetricsData) -> list[ResourceMetrics]:
    """Split a collection into items of one metric each, with its resource and scope.

    Args:
        data: One collection.
    """
    return [
        replace(resource, scope_metrics=[replace(scope, metrics=[metric])])
        for resource, scope, metric in each_metric(data)
    ]


def _encode_metrics(items: Sequence[ResourceMetrics]) -> bytes:
    return encode_metrics(MetricsData(_merged(items))).SerializeToString()


def _merged(items: Sequence[ResourceMetrics]) -> list[ResourceMetrics]:
    """Group metrics by resource and scope again, so that a request contains each of these once."""
    grouped: dict[int, tuple[ResourceMetrics, dict[int, list[Any]]]] = {}
    for item in items:
        (scope,) = item.scope_metrics
        _, scopes = grouped.setdefault(id(item.resource), (item, {}))
        scopes.setdefault(id(scope.scope), []).append(scope)
    return [
        replace(
            first,
            scope_metrics=[
                replace(group[0], metrics=[metric for one in group for metric in one.metrics])
                for group in scopes.values()
            ],
        )
        for first, scopes in grouped.values()
    ]


def _points(item: ResourceMetrics) -> Sequence[Any]:
    return item.scope_metrics[0].metrics[0].data.data_points


def _count_points(item: ResourceMetrics) -> int:
    return len(_points(item))


def _halve(item: ResourceMetrics) -> tuple[ResourceMetrics, ResourceMetrics] | None:
    points = _points(item)
    middle = len(points) // 2
    return (_with_points(item, points[:middle]), _with_points(item, points[middle:])) if middle else None


def _with_points(item: ResourceMetrics, points: Sequence[Any]) -> ResourceMetrics:
    scope = item.scope_metrics[0]
    return replace(item, scope_metrics=[replace(scope, metrics=[of_points(scope.metrics[0], points)])])


SPANS: Final[Encoding[ReadableSpan]] = Encoding(lambda items: encode_spans(items).SerializeToString())
LOGS: Final[Encoding[ReadableLogRecord]] = Encoding(log_encoder())
METRICS: Final[Encoding[ResourceMetrics]] = Encoding(_encode_metrics, _count_points, _halve)
