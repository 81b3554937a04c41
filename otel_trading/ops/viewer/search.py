"""Search: finds traces and log records in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from otel_trading.ops.viewer.records import ORDER_ID, StoredLog, StoredSpan
from otel_trading.ops.viewer.store import Store

MOST: Final = 100
"""The number of results on the page; a narrower query shows the rest."""

SEVERITIES: Final = {"debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
"""The lowest severity number of OpenTelemetry for each level.

https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
"""


@dataclass(frozen=True)
class TraceQuery:
    """The conditions of a search for traces; an empty condition matches every trace.

    Attributes:
        service: The trace has a span of this service.
        name: A part of the name of one of its spans, in any case.
        order_id: The id of the order of one of its spans, or the beginning of that id.
        min_us: The shortest duration of the trace in microseconds.
        errors: Whether a span of the trace must have failed.
        orders: Whether the trace must be that of an order.
    """

    service: str = ""
    name: str = ""
    order_id: str = ""
    min_us: float = 0.0
    errors: bool = False
    orders: bool = False


@dataclass(frozen=True)
class TraceSummary:
    """A trace in the list of results; times are unix nanoseconds."""

    trace_id: str
    name: str
    services: tuple[str, ...]
    start_ns: int
    duration_ns: int
    spans: int
    errors: int
    order_id: str


@dataclass(frozen=True)
class LogQuery:
    """The conditions of a search for log records; an empty condition matches every record.

    Attributes:
        trace_id: The id of the trace.
        order_id: The id of the order, or the beginning of that id.
        service: The service.
        severity: The lowest severity, a key of `SEVERITIES`.
        text: A part of the text or of an attribute's value, in any case.
    """

    trace_id: str = ""
    order_id: str = ""
    service: str = ""
    severity: str = ""
    text: str = ""


def find_traces(store: Store, query: TraceQuery, most: int = MOST) -> list[TraceSummary]:
    """Return the matching traces, slowest first."""
    tests = _tests(query)
    with store.lock:
        groups = [store.orders] if query.orders else [store.orders, store.traces]
        found = [
            summary(spans)
            for group in groups
            for spans in group.values()
            if duration_ns(spans) >= query.min_us * 1_000 and all(any(map(test, spans)) for test in tests)
        ]
    return sorted(found, key=lambda one: -one.duration_ns)[:most]


def find_logs(store: Store, query: LogQuery, most: int = MOST) -> list[StoredLog]:
    """Return the matching log records, newest first."""
    least, text = SEVERITIES.get(query.severity, 0), query.text.lower()
    with store.lock:
        matching = (
            log
            for log in reversed(store.logs)
            if query.trace_id in ("", log.trace_id)
            and query.service in ("", log.service)
            and log.severity >= least
            and _has_order(log, query.order_id)
            and (not text or _mentions(log, text))
        )
        found = list(islice(matching, most))
    return sorted(found, key=lambda log: -log.time_ns)


def logs_of(store: Store, spans: Sequence[StoredSpan]) -> list[StoredLog]:
    """Return the log records of a trace, oldest first."""
    found = find_logs(store, LogQuery(trace_id=spans[0].trace_id)) if spans else []
    return sorted(found, key=lambda log: log.time_ns)


def services(store: Store) -> list[str]:
    """Return the names of the services with data in the store, sorted."""
    with store.lock:
        names = {series.service for series in store.series.values()}
        names.update(log.service for log in store.logs)
        names.update(
            span.service for group in (store.orders, store.traces) for s in group.values() for span in s
        )
    return sorted(names - {""})


def duration_ns(spans: Sequence[StoredSpan]) -> int:
    """Return the duration of a trace, from its first start to its last end."""
    begin = min(span.start_ns for span in spans)
    return max(0, max(span.end_ns for span in spans) - begin)


def summary(spans: Sequence[StoredSpan]) -> TraceSummary:
    """Summarize a trace for the list of results."""
    by_start = sorted(spans, key=lambda span: span.start_ns)
    root = next((span for span in by_start if not span.parent_id), by_start[0])
    order = next((span for span in by_start if span.name.startswith("order ")), root)
    ids = (str(span.attributes.get(ORDER_ID, "")) for span in (order, *by_start))
    return TraceSummary(
        root.trace_id,
        order.name,
        tuple(dict.fromkeys(span.service for span in by_start)),
        by_start[0].start_ns,
        duration_ns(spans),
        len(spans),
        sum(span.is_error for span in spans),
        next(filter(None, ids), ""),
    )


def _tests(query: TraceQuery) -> list[Callable[[StoredSpan], bool]]:
    """Return the conditions on spans; for each of them, some span of the trace must fulfil it."""
    tests: list[Callable[[StoredSpan], bool]] = []
    if query.service:
        tests.append(lambda span: span.service == query.service)
    if query.name:
        tests.append(lambda span: query.name.lower() in span.name.lower())
    if query.order_id:
        tests.append(lambda span: _has_order(span, query.order_id))
    if query.errors:
        tests.append(lambda span: span.is_error)
    return tests


def _has_order(record: StoredSpan | StoredLog, order_id: str) -> bool:
    return not order_id or str(record.attributes.get(ORDER_ID, "")).startswith(order_id)


def _mentions(log: StoredLog, text: str) -> bool:
    return text in log.text.lower() or any(text in str(value).lower() for value in log.attributes.values())
