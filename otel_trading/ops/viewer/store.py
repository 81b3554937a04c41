"""The store: keeps the received data within bounds; it evicts the oldest data first, and counts evictions."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from threading import RLock
from typing import Any, Final

from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from otel_trading.ops.viewer.records import (
    Attributes,
    StoredLog,
    StoredSpan,
    attributes_from,
    log_from,
    span_from,
)
from otel_trading.ops.viewer.series import Series

MAX_SPANS: Final = 60_000
MAX_LOGS: Final = 20_000
MAX_SERIES: Final = 20_000
MAX_POINTS: Final = 100_000

_TRIMMED: Final = 4
"""Beyond the bound of points, each series drops its oldest points: one in this number."""

SeriesKey = tuple[str, str, tuple[tuple[str, Any], ...]]


class Store:
    """The data that a few processes exported; safe to use from any thread.

    Args:
        max_spans: The bound for spans; traces of orders are evicted last.
        max_logs: The bound for log records.
        max_series: The bound for metric series.
        max_points: The bound for the points of all series together.

    Attributes:
        received: The numbers of received items, by kind.
        evicted: The numbers of evicted items, by kind.
        refused: The numbers of refused requests, by reason.
        reported: The losses that services report, by signal and reason.
        max_spans, max_logs, max_series, max_points: The bounds.
        last_received: The time of the last request in unix seconds.
    """

    def __init__(
        self,
        max_spans: int = MAX_SPANS,
        max_logs: int = MAX_LOGS,
        max_series: int = MAX_SERIES,
        max_points: int = MAX_POINTS,
    ) -> None:
        self.lock = RLock()
        self.traces: OrderedDict[str, list[StoredSpan]] = OrderedDict()
        self.orders: OrderedDict[str, list[StoredSpan]] = OrderedDict()
        self.logs: deque[StoredLog] = deque()
        self.series: dict[SeriesKey, Series] = {}
        self.received: Counter[str] = Counter()
        self.evicted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.reported: dict[str, dict[str, int]] = {}
        self.last_received = 0.0
        self.max_spans, self.max_logs = max_spans, max_logs
        self.max_series, self.max_points = max_series, max_points
        self._spans = 0
        self._points = 0

    def add_spans(self, resources: Iterable[ResourceSpans]) -> None:
        """Add the spans of an export request."""
        with self.lock:
            self.last_received = time.time()
            for resource in resources:
                service, _ = _service(resource.resource)
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self._add_span(span_from(service, span))
                        self._note_dropped("traces", span)
            self._evict_spans()

    def add_logs(self, resources: Iterable[ResourceLogs]) -> None:
        """Add the log records of an export request."""
        with self.lock:
            self.last_received = time.time()
            for resource in resources:
                service, _ = _service(resource.resource)
                for scope in resource.scope_logs:
                    for record in scope.log_records:
                        self._add_log(log_from(service, record))
                        self._note_dropped("logs", record)

    def add_metrics(self, resources: Iterable[ResourceMetrics]) -> None:
        """Add the metrics of an export request."""
        with self.lock:
            self.last_received = time.time()
            for resource in resources:
                service, instance = _service(resource.resource)
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        self._add_metric(service, instance, metric)
            self._trim_points()

    def refuse(self, reason: str) -> None:
        """Count a refused request."""
        with self.lock:
            self.refused[reason] += 1

    def note_reported(self, signal: str, reason: str, count: int) -> None:
        """Count a loss that a service reports."""
        with self.lock:
            counts = self.reported.setdefault(signal, {})
            counts[reason] = counts.get(reason, 0) + count

    def trace(self, trace_id: str) -> list[StoredSpan]:
        """Return the stored spans of a trace by their start."""
        with self.lock:
            spans = self.orders.get(trace_id) or self.traces.get(trace_id) or []
            return sorted(spans, key=lambda span: span.start_ns)

    def series_of(self, name: str) -> list[Series]:
        """Return the series of a metric."""
        with self.lock:
            return [series for key, series in self.series.items() if key[1] == name]

    def metric_names(self) -> set[str]:
        """Return the names of the metrics with data."""
        with self.lock:
            return {key[1] for key in self.series}

    def is_empty(self) -> bool:
        """Return whether the store has not received any data."""
        return not self.received

    def _add_span(self, span: StoredSpan) -> None:
        self.received["spans"] += 1
        self.received["traces"] += not span.parent_id
        self._spans += 1
        kept = self.orders.get(span.trace_id)
        if kept is None:
            kept = self.traces.setdefault(span.trace_id, [])
        kept.append(span)
        # The name may arrive after other spans of the trace, which then moves to the orders as a whole.
        if span.name.startswith("order ") and span.trace_id in self.traces:
            self.orders[span.trace_id] = self.traces.pop(span.trace_id)

    def _note_dropped(self, signal: str, record: Any) -> None:
        """Count the parts that the SDK of a service reports as dropped from this record."""
        for part in ("attributes", "events", "links"):
            if count := getattr(record, f"dropped_{part}_count", 0):
                self.note_reported(signal, part, count)

    def _evict_spans(self) -> None:
        while self._spans > self.max_spans:
            # Orders are rare and the page is about them, so other traces are evicted first.
            _, spans = (self.traces or self.orders).popitem(last=False)
            self._spans -= len(spans)
            self.evicted["spans"] += len(spans)

    def _add_log(self, record: StoredLog) -> None:
        self.received["logs"] += 1
        self.received["logs_with_trace_id"] += bool(record.trace_id)
        self.logs.append(record)
        if len(self.logs) > self.max_logs:
            self.logs.popleft()
            self.evicted["logs"] += 1

    def _add_metric(self, service: str, instance: str, metric: Metric) -> None:
        data = getattr(metric, str(metric.WhichOneof("data") or "gauge"))
        temporality = getattr(data, "aggregation_temporality", 0)
        grows = getattr(data, "is_monotonic", metric.HasField("histogram"))
        for point in data.data_points:
            series = self._series(service, instance, metric, attributes_from(point.attributes))
            if series is None:
                self.evicted["series"] += 1
                continue
            before = len(series.points)
            series.add(point, temporality, grows=grows)
            self._points += len(series.points) - before
            self.received["points"] += len(series.points) - before

    def _series(self, service: str, instance: str, metric: Metric, attributes: Attributes) -> Series | None:
        """Return the series of a point, one per instance of a service; None beyond the bound of series."""
        labels = tuple(sorted(attributes.items()))
        # Without the instance, the counters of two instances would look like one that restarts all the time.
        key = (service, metric.name, (*labels, ("service.instance.id", instance)) if instance else labels)
        series = self.series.get(key)
        if series is None and len(self.series) < self.max_series:
            series = self.series[key] = Series(service, metric.name, metric.unit, attributes)
        return series

    def _trim_points(self) -> None:
        if self._points <= self.max_points:
            return
        # Trimming a quarter at once makes this loop over all series rare.
        for series in self.series.values():
            for _ in range(min(-(-len(series.points) // _TRIMMED), len(series.points) - 1)):
                series.points.popleft()
        kept = sum(len(series.points) for series in self.series.values())
        self.evicted["points"] += self._points - kept
        self._points = kept


def _service(resource: Resource) -> tuple[str, str]:
    attributes = attributes_from(resource.attributes)
    return str(attributes.get("service.name", "")), str(attributes.get("service.instance.id", ""))
