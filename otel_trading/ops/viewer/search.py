"""Search: the traces and the log records of the store that somebody looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from otel_trading.ops.viewer.records import ORDER_ID, StoredLog, StoredSpan
from otel_trading.ops.viewer.store import Store

MOST: Final = 100
"""So many results are shown: who needs more needs a narrower question."""

SEVERITIES: Final = {"debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
"""The lowest of OpenTelemetry's numbers for each."""


@dataclass(frozen=True)
class TraceQuery:
    """Which traces are wanted; what is empty asks nothing.

    Attributes:
        service: A span of it is in the trace.
        name: Part of a span's name, in any case.
        order_id: A span has this order's id, or one that begins so.
        min_us: The trace takes so many microseconds at least.
        errors: A span of it failed.
        orders: It is an order's.
    """

    service: str = ""
    name: str = ""
    order_id: str = ""
    min_us: float = 0.0
    errors: bool = False
    orders: bool = False


@dataclass(frozen=True)
class TraceSummary:
    """A trace as a line of the results; times are unix nanoseconds."""

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
    """Which log records are wanted; what is empty asks nothing.

    Attributes:
        trace_id: Of this trace.
        order_id: With this order's id, or one that begins so.
        service: Of this service.
        severity: At least so severe: one of `SEVERITIES`.
        text: In the text or in an attribute, in any case.
    """

    trace_id: str = ""
    order_id: str = ""
    service: str = ""
    severity: str = ""
    text: str = ""


def find_traces(store: Store, query: TraceQuery, most: int = MOST) -> list[TraceSummary]:
    """Return the traces that are wanted, slowest first."""
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
    """Return the log records that are wanted, newest first."""
    least, text = SEVERITIES.get(query.severity, 0), query.text.lower()
    with store.lock:
        wanted = (
            log
            for log in reversed(store.logs)
            if query.trace_id in ("", log.trace_id)
            and query.service in ("", log.service)
            and log.severity >= least
            and _has_order(log, query.order_id)
            and (not text or _mentions(log, text))
        )
        found = list(islice(wanted, most))
    return sorted(found, key=lambda log: -log.time_ns)


def logs_of(store: Store, spans: Sequence[StoredSpan]) -> list[StoredLog]:
    """Return the log records of a trace, oldest first."""
    found = find_logs(store, LogQuery(trace_id=spans[0].trace_id)) if spans else []
    return sorted(found, key=lambda log: log.time_ns)


def services(store: Store) -> list[str]:
    """Return who sent anything that is still kept, sorted."""
    with store.lock:
        names = {series.service for series in store.series.values()}
        names.update(log.service for log in store.logs)
        names.update(
            span.service for group in (store.orders, store.traces) for s in group.values() for span in s
        )
    return sorted(names - {""})


def duration_ns(spans: Sequence[StoredSpan]) -> int:
    """Return how long a trace took, from its first start to its last end."""
    begin = min(span.start_ns for span in spans)
    return max(0, max(span.end_ns for span in spans) - begin)


def summary(spans: Sequence[StoredSpan]) -> TraceSummary:
    """Say what a trace is."""
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
    """What one span of a trace has to be, each."""
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
