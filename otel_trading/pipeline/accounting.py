"""The account: what each route out delivered, what it lost, and the last thing that went wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.redact import redact_record, redact_span, redact_text

_EXPORTERS_LOGGER: Final = "opentelemetry.exporter"

T = TypeVar("T")


class Route:
    """One signal on its way to one exporter.

    Attributes:
        signal: "traces", "metrics" or "logs".
        exporter: As the setting `exporters` calls it.
        delivered: How many spans, log records or data points arrived.
        lost: How many did not, because an export failed.
        last_error: What the last failed export said, redacted; None while none has failed.
    """

    def __init__(self, signal: str, exporter: str) -> None:
        self.signal = signal
        self.exporter = exporter
        self.delivered = 0
        self.lost = 0
        self.last_error: str | None = None

    def deliver(self, count: int, export: Callable[[], bool]) -> bool:
        """Run one export of `count` items and book its outcome; whatever it raises is booked too."""
        _heard.said.clear()
        try:
            delivered = export()
        except Exception as error:  # noqa: BLE001 - an exporter is foreign code
            delivered = False
            _heard.said.append(f"{type(error).__name__}: {error}")
        if delivered:
            self.delivered += count
            return True
        self.lost += count
        # the first says what went wrong, the last what came of it, between them are retries
        said = dict.fromkeys([*_heard.said[:1], *_heard.said[-1:]])
        self.last_error = redact_text(" ".join(said) or "The export failed.")
        _losses.add(self.signal, "export_failed", count)
        return False


class _Heard(threading.local):
    """What the exporter that runs on this thread logged."""

    def __init__(self) -> None:
        self.said: list[str] = []


_heard = _Heard()


class ErrorListener(logging.Handler):
    """Hears why an export failed, which exporters write to their logger but do not return."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text for the route that exports on this thread."""
        _heard.said.append(record.getMessage())

    def start(self) -> None:
        """Listen from now on."""
        logging.getLogger(_EXPORTERS_LOGGER).addHandler(self)

    def stop(self) -> None:
        """Listen no more."""
        logging.getLogger(_EXPORTERS_LOGGER).removeHandler(self)


def each(signal: str, items: Sequence[T], change: Callable[[T], T]) -> list[T]:
    """Apply `change` to every item; one it cannot cope with is lost and counted, and the others go on."""
    changed = (_changed(signal, item, change) for item in items)
    return [item for item in changed if item is not None]


def _changed(signal: str, item: T, change: Callable[[T], T]) -> T | None:
    try:
        return change(item)
    except Exception as error:  # noqa: BLE001 - an attribute may hold anything
        _losses.add(signal, "redaction_failed")
        warn("redaction_failed", "otel_trading: an item of %s was dropped: %s", signal, type(error).__name__)
        return None


class AccountedSpans(SpanExporter):
    """Redacts spans and exports them over a route."""

    def __init__(self, inner: SpanExporter, route: Route) -> None:
        self._inner = inner
        self._route = route

    def deliver(self, spans: Sequence[ReadableSpan]) -> bool:
        """Export redacted copies; returns whether they arrived."""
        safe = each(self._route.signal, spans, redact_span)
        return self._route.deliver(len(safe), lambda: self._inner.export(safe) is SpanExportResult.SUCCESS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export redacted copies, for a span processor of the SDK."""
        return SpanExportResult.SUCCESS if self.deliver(spans) else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Pass the request on."""
        return self._inner.force_flush(timeout_millis)


class AccountedLogs(LogRecordExporter):
    """Redacts log records and exports them over a route."""

    def __init__(self, inner: LogRecordExporter, route: Route) -> None:
        self._inner = inner
        self._route = route

    def deliver(self, batch: Sequence[ReadableLogRecord]) -> bool:
        """Export redacted copies; returns whether they arrived."""
        safe = each(self._route.signal, batch, redact_record)
        return self._route.deliver(
            len(safe), lambda: self._inner.export(safe) is LogRecordExportResult.SUCCESS
        )

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Export redacted copies, for a log record processor of the SDK."""
        return LogRecordExportResult.SUCCESS if self.deliver(batch) else LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Pass the request on."""
        return self._inner.force_flush(timeout_millis)


class AccountedMetrics(MetricExporter):
    """Exports metrics over a route."""

    def __init__(self, inner: MetricExporter, route: Route, temporality: dict[type, Any]) -> None:
        super().__init__(preferred_temporality=temporality)
        self._inner = inner
        self._route = route

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Export, and count data points."""
        good = self._route.deliver(
            count_points(metrics_data),
            lambda: self._inner.export(metrics_data, timeout_millis, **kwargs) is MetricExportResult.SUCCESS,
        )
        return MetricExportResult.SUCCESS if good else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Pass the request on."""
        return self._inner.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Shut the exporter down."""
        self._inner.shutdown(timeout_millis, **kwargs)


def count_points(data: MetricsData) -> int:
    """Count the data points of one collection."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    )
