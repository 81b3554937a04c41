"""Captured spans, logs and histograms as a test compares them, and the processors that capture them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import format_span_id, format_trace_id

from otel_trading.testing.clock import Clock

Attributes = dict[str, Any]


@dataclass(frozen=True)
class CapturedEvent:
    """An event of a span."""

    name: str
    attributes: Attributes


@dataclass(frozen=True)
class CapturedSpan:
    """A span that ended.

    Attributes:
        parent: The name of its parent; the parent's id if that was not captured; None for a root.
        kind: "internal", "client", "server", "producer" or "consumer".
        status: "unset", "ok" or "error".
        description: The text of an error's status.
        links: The ids of the linked traces.
        start_ns: The start on the test's clock, in nanoseconds.
    """

    name: str
    parent: str | None
    kind: str
    attributes: Attributes
    status: str
    description: str | None
    events: tuple[CapturedEvent, ...]
    links: tuple[str, ...]
    trace_id: str
    span_id: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class CapturedLog:
    """A log record, or an event.

    Attributes:
        name: The name of the event; None for a plain log record.
        severity: "INFO" and so on.
        trace_id: The id of the trace in which it was emitted, or None outside of a span.
    """

    name: str | None
    severity: str
    body: Any
    attributes: Attributes
    trace_id: str | None
    span_id: str | None


@dataclass(frozen=True)
class CapturedHistogram:
    """The values of one series of a histogram; `buckets` has a count per upper boundary, `inf` last."""

    count: int
    sum: float
    min: float
    max: float
    buckets: dict[float, int]


class CountedIds(IdGenerator):
    """Numbers traces and spans from 1."""

    def __init__(self) -> None:
        self._traces, self._spans = count(1), count(1)

    def generate_trace_id(self) -> int:
        """Return the next number of a trace."""
        return next(self._traces)

    def generate_span_id(self) -> int:
        """Return the next number of a span."""
        return next(self._spans)


class SpanCatcher(SpanProcessor):
    """Keeps the spans that end, with their start and end on the test's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started: dict[int, tuple[str, int]] = {}
        self._ended: dict[int, tuple[ReadableSpan, int]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's signature
        """Record the start of the span."""
        self._started[span.get_span_context().span_id] = (span.name, self._clock.time_ns())

    def on_end(self, span: ReadableSpan) -> None:
        """Keep the span."""
        self._ended[span.context.span_id] = (span, self._clock.time_ns())

    def captured(self) -> list[CapturedSpan]:
        """Return the spans that ended, in the order they started."""
        return [self._capture(*self._ended[span_id]) for span_id in self._started if span_id in self._ended]

    def _capture(self, span: ReadableSpan, end_ns: int) -> CapturedSpan:
        parent = span.parent
        return CapturedSpan(
            name=span.name,
            parent=None
            if parent is None
            else self._started.get(parent.span_id, (format_span_id(parent.span_id),))[0],
            kind=span.kind.name.lower(),
            attributes=dict(span.attributes or {}),
            status=span.status.status_code.name.lower(),
            description=span.status.description,
            events=tuple(CapturedEvent(event.name, dict(event.attributes or {})) for event in span.events),
            links=tuple(format_trace_id(link.context.trace_id) for link in span.links),
            trace_id=format_trace_id(span.context.trace_id),
            span_id=format_span_id(span.context.span_id),
            start_ns=self._started[span.context.span_id][1],
            end_ns=end_ns,
        )


class LogCatcher(LogRecordProcessor):
    """Keeps the log records."""

    def __init__(self) -> None:
        self.captured: list[CapturedLog] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Keep the record."""
        record = log_record.log_record
        self.captured.append(
            CapturedLog(
                name=record.event_name or None,
                severity=record.severity_text or "",
                body=record.body,
                attributes=dict(record.attributes or {}),
                trace_id=format_trace_id(record.trace_id) if record.trace_id else None,
                span_id=format_span_id(record.span_id) if record.span_id else None,
            )
        )

    def shutdown(self) -> None:
        """Do nothing: the captured records stay."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: `on_emit` kept every record."""
        return True
