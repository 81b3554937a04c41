"""Records: the spans and log records of the store, decoded from OTLP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_trading.semconv.order import TRADING_ORDER_ID

Attributes = dict[str, Any]

ORDER_ID: Final = TRADING_ORDER_ID
"""The attribute with the id of an order, on spans and on log records."""


class StoredEvent(NamedTuple):
    """An event of a span."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True)
class StoredSpan:
    """One span; times are unix nanoseconds."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    is_error: bool
    attributes: Attributes
    events: tuple[StoredEvent, ...]

    @property
    def duration_ns(self) -> int:
        """The duration; 0 if the clocks of start and end differ so much that it would be negative."""
        return max(0, self.end_ns - self.start_ns)


@dataclass(frozen=True)
class StoredLog:
    """One log record or event.

    Attributes:
        severity: The severity number of OpenTelemetry, 1 (trace) to 24 (fatal); 0 if the record has none.
        text: The name of the event, else the body.
    """

    service: str
    time_ns: int
    level: str
    text: str
    trace_id: str
    attributes: Attributes
    severity: int = 0


def span_from(service: str, span: Span) -> StoredSpan:
    """Decode a span."""
    return StoredSpan(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == Status.STATUS_CODE_ERROR,
        attributes_from(span.attributes),
        tuple(
            StoredEvent(event.name, event.time_unix_nano, attributes_from(event.attributes))
            for event in span.events
        ),
    )


def log_from(service: str, record: LogRecord) -> StoredLog:
    """Decode a log record."""
    return StoredLog(
        service,
        record.time_unix_nano or record.observed_time_unix_nano,
        record.severity_text,
        record.event_name or str(_value(record.body) or ""),
        record.trace_id.hex(),
        attributes_from(record.attributes),
        record.severity_number,
    )


def attributes_from(pairs: Iterable[KeyValue]) -> Attributes:
    """Decode attributes; lists and maps become tuples, which are hashable."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_items(value))
    if kind == "kvlist_value":
        return tuple((pair.key, _value(pair.value)) for pair in value.kvlist_value.values)
    return getattr(value, kind) if kind else None


def _items(value: AnyValue) -> Iterator[Any]:
    return (_value(item) for item in value.array_value.values)
