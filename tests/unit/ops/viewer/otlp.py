"""Builders of OTLP messages for the tests of the viewer."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

SECOND = 1_000_000_000


def key(name: str, value: Any) -> KeyValue:
    return KeyValue(key=name, value=AnyValue(string_value=value) if isinstance(value, str) else value)


def labels(given: dict[str, str]) -> list[KeyValue]:
    """Return attributes from keyword arguments, with dots for double underscores."""
    return [key(name.replace("__", "."), value) for name, value in given.items()]


def service(name: str = "risk-manager") -> Resource:
    return Resource(attributes=[key("service.name", name)])


def spans(*given: Span, by: str = "risk-manager") -> list[ResourceSpans]:
    return [ResourceSpans(resource=service(by), scope_spans=[ScopeSpans(spans=given)])]


def span(
    trace: int,
    number: int,
    name: str = "s",
    parent: int = 0,
    start: int = 0,
    *,
    lasts: int = 10,
    failed: bool = True,
    **attributes: str,
) -> Span:
    return Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=start + lasts,
        events=[Span.Event(name="e")],
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
        attributes=labels(attributes),
    )


def metric(name: str, *points: Any) -> list[ResourceMetrics]:
    data = (
        Metric(name=name, histogram=Histogram(data_points=points))
        if isinstance(points[0], HistogramDataPoint)
        else Metric(name=name, sum=Sum(data_points=points))
    )
    return [ResourceMetrics(resource=service(), scope_metrics=[ScopeMetrics(metrics=[data])])]


def log(
    trace: int = 0,
    body: str = "text",
    *,
    by: str = "risk-manager",
    severity: int = 9,
    time: int = 7,
    **attributes: str,
) -> list[ResourceLogs]:
    record = LogRecord(
        body=AnyValue(string_value=body),
        severity_text="INFO",
        severity_number=severity,  # type: ignore[arg-type]
        observed_time_unix_nano=time,
        trace_id=trace.to_bytes(16, "big") if trace else b"",
        attributes=labels(attributes),
    )
    return [ResourceLogs(resource=service(by), scope_logs=[ScopeLogs(log_records=[record])])]


def counted(
    name: str, value: float, at: float, *, start: float = 0, delta: bool = False, **attributes: str
) -> Any:
    """Return a monotonic sum at a time in seconds."""
    point = NumberDataPoint(
        as_double=value,
        time_unix_nano=int(at * SECOND),
        start_time_unix_nano=int(start * SECOND),
        attributes=labels(attributes),
    )
    kind = (
        AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        if delta
        else AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    return sent(
        Metric(name=name, sum=Sum(data_points=[point], is_monotonic=True, aggregation_temporality=kind))
    )


def held(name: str, value: float, at: float, by: str = "risk-manager", **attributes: str) -> Any:
    """Return a gauge at a time in seconds."""
    point = NumberDataPoint(as_double=value, time_unix_nano=int(at * SECOND), attributes=labels(attributes))
    return sent(Metric(name=name, gauge=Gauge(data_points=[point])), by)


def timed(
    name: str,
    bounds: list[float],
    counts: list[int],
    at: float,
    *,
    total: float = 0.0,
    start: float = 0,
    **attributes: str,
) -> Any:
    """Return a cumulative histogram at a time in seconds."""
    point = HistogramDataPoint(
        time_unix_nano=int(at * SECOND),
        start_time_unix_nano=int(start * SECOND),
        explicit_bounds=bounds,
        bucket_counts=counts,
        count=sum(counts),
        sum=total,
        attributes=labels(attributes),
    )
    kind = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    return sent(Metric(name=name, histogram=Histogram(data_points=[point], aggregation_temporality=kind)))


def sent(metric: Metric, by: str = "risk-manager") -> list[ResourceMetrics]:
    return [ResourceMetrics(resource=service(by), scope_metrics=[ScopeMetrics(metrics=[metric])])]
