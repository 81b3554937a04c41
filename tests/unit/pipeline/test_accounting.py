"""The account: every item that leaves is booked as delivered or lost, with what the exporter said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    InMemoryMetricReader,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_trading import _losses
from otel_trading.pipeline.accounting import (
    AccountedLogs,
    AccountedMetrics,
    AccountedSpans,
    ErrorListener,
    Route,
    each,
)


def account(route: Route) -> tuple[int, int, str | None]:
    return route.delivered, route.lost, route.last_error


@pytest.fixture
def listener() -> Iterator[None]:
    listener = ErrorListener()
    listener.start()
    yield
    listener.stop()


def test_a_delivery_is_booked() -> None:
    route = Route("traces", "otlp")
    assert route.deliver(3, lambda: True)
    assert account(route) == (3, 0, None)


def test_a_failure_is_booked_and_counted() -> None:
    route = Route("logs", "otlp")
    assert not route.deliver(2, lambda: False)
    assert account(route) == (0, 2, "The export failed.")
    assert _losses.snapshot() == {"logs": {"export_failed": 2}}


def test_what_an_exporter_raises_is_booked_without_its_secrets() -> None:
    def export() -> bool:
        raise OSError("no route to https://me:S3CRET@collector/")

    route = Route("traces", "otlp")
    assert not route.deliver(1, export)
    assert route.last_error == "OSError: no route to https://REDACTED:REDACTED@collector/"


def says(*lines: str) -> Callable[[], bool]:
    def export() -> bool:
        for line in lines:
            logging.getLogger("opentelemetry.exporter.otlp").warning(line)
        return False

    return export


def test_what_an_exporter_logs_is_the_reason(listener: None) -> None:
    route = Route("traces", "otlp")
    route.deliver(1, says("Connection refused.", "Retrying.", "Failed to export."))
    assert route.last_error == "Connection refused. Failed to export."
    route.deliver(1, says("Failed, code: 401"))
    assert route.last_error == "Failed, code: 401"
    route.deliver(1, says())
    assert route.last_error == "The export failed."


def test_an_item_that_cannot_be_redacted_is_lost_alone(caplog: pytest.LogCaptureFixture) -> None:
    def change(item: int) -> int:
        return 10 // item

    assert each("traces", [1, 0, 2], change) == [10, 5]
    assert _losses.snapshot() == {"traces": {"redaction_failed": 1}}
    assert caplog.messages == ["otel_trading: an item of traces was dropped: ZeroDivisionError"]


def test_spans_are_exported_redacted() -> None:
    inner, route = InMemorySpanExporter(), Route("traces", "otlp")
    exporter = AccountedSpans(inner, route)
    span = ReadableSpan("s", resource=Resource({}), attributes={"url.full": "https://h/?k=S3CRET"})
    assert exporter.export([span]) is SpanExportResult.SUCCESS
    assert inner.get_finished_spans()[0].attributes == {"url.full": "https://h/?REDACTED"}
    assert exporter.force_flush()
    exporter.shutdown()
    assert exporter.export([span]) is SpanExportResult.FAILURE
    assert account(route)[:2] == (1, 1)


def test_log_records_are_exported_redacted() -> None:
    inner, route = InMemoryLogRecordExporter(), Route("logs", "otlp")
    exporter = AccountedLogs(inner, route)
    record = ReadableLogRecord(LogRecord(body="https://h/?k=S3CRET"), Resource({}))
    assert exporter.export([record]) is LogRecordExportResult.SUCCESS
    assert inner.get_finished_logs()[0].log_record.body == "https://h/?REDACTED"
    assert exporter.force_flush()
    exporter.shutdown()
    assert exporter.export([record]) is LogRecordExportResult.FAILURE


class Metrics(MetricExporter):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[MetricsData] = []
        self.is_shut_down = False

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: object
    ) -> MetricExportResult:
        self.got.append(metrics_data)
        return MetricExportResult.FAILURE if self.is_shut_down else MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: object) -> None:
        self.is_shut_down = True


def collected(values: Sequence[int]) -> MetricsData:
    reader = InMemoryMetricReader()
    counter = MeterProvider([reader], Resource({}), shutdown_on_exit=False).get_meter("t").create_counter("c")
    for value in values:
        counter.add(1, {"value": value})
    data = reader.get_metrics_data()
    assert data is not None
    return data


def test_data_points_are_counted() -> None:
    inner, route = Metrics(), Route("metrics", "otlp")
    exporter = AccountedMetrics(inner, route, {})
    assert exporter.export(collected([1, 2, 3])) is MetricExportResult.SUCCESS
    assert exporter.force_flush()
    exporter.shutdown(timeout=1.0)
    assert exporter.export(collected([1])) is MetricExportResult.FAILURE
    assert account(route) == (3, 1, "The export failed.")
