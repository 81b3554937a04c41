"""The store: what was received, within bounds; what does not fit is evicted, oldest first, and counted."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint, ResourceMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

MAX_SPANS: Final = 60_000
MAX_LOGS: Final = 20_000
MAX_SERIES: Final = 20_000

Attributes = dict[str, Any]
SeriesKey = tuple[str, str, tuple[tuple[str, Any], ...]]


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
    events: tuple[str, ...]


@dataclass(frozen=True)
class StoredLog:
    """One log record, or event."""

    service: str
    time_ns: int
    level: str
    text: str
    trace_id: str
    attributes: Attributes


@dataclass
class Series:
    """The last point of one series.

    Attributes:
        value: Of a counter or level; the sum of a histogram.
        count: Of a histogram; 0 for the others.
        exemplars: Trace ids, of all points so far, newest last.
    """

    service: str
    name: str
    unit: str
    attributes: Attributes
    value: float = 0.0
    count: int = 0
    exemplars: deque[str] = field(default_factory=lambda: deque(maxlen=64))


class Store:
    """What a few processes exported; safe to use from any thread.

    Args:
        max_spans: Spans that are kept; the traces of orders go last.
        max_logs: Log records that are kept.
        max_series: Metric series that are kept.
    """

    def __init__(
        self, max_spans: int = MAX_SPANS, max_logs: int = MAX_LOGS, max_series: int = MAX_SERIES
    ) -> None:
        self.lock = RLock()
        self.traces: OrderedDict[str, list[StoredSpan]] = OrderedDict()
        self.orders: OrderedDict[str, list[StoredSpan]] = OrderedDict()
        self.logs: deque[StoredLog] = deque()
        self.series: dict[SeriesKey, Series] = {}
        self.received: Counter[str] = Counter()
        self.evicted: Counter[str] = Counter()
        self._max_spans, self._max_logs, self._max_series = max_spans, max_logs, max_series
        self._spans = 0

    def add_spans(self, resources: Iterable[ResourceSpans]) -> None:
        """Take in spans as OTLP has them."""
        with self.lock:
            for resource in resources:
                service = _service(resource.resource.attributes)
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        self._add_span(_span(service, span))
            self._evict_spans()

    def add_logs(self, resources: Iterable[ResourceLogs]) -> None:
        """Take in log records as OTLP has them."""
        with self.lock:
            for resource in resources:
                service = _service(resource.resource.attributes)
                for scope in resource.scope_logs:
                    for record in scope.log_records:
                        self._add_log(_log(service, record))

    def add_metrics(self, resources: Iterable[ResourceMetrics]) -> None:
        """Take in metrics as OTLP has them."""
        with self.lock:
            for resource in resources:
                service = _service(resource.resource.attributes)
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        self._add_metric(service, metric)

    def trace(self, trace_id: str) -> list[StoredSpan]:
        """Return the spans of a trace that are kept, by their start."""
        with self.lock:
            spans = self.orders.get(trace_id) or self.traces.get(trace_id) or []
            return sorted(spans, key=lambda span: span.start_ns)

    def series_of(self, name: str) -> list[Series]:
        """Return the series of a metric."""
        with self.lock:
            return [series for key, series in self.series.items() if key[1] == name]

    def metric_names(self) -> set[str]:
        """Return the metrics that have any data."""
        with self.lock:
            return {key[1] for key in self.series}

    def _add_span(self, span: StoredSpan) -> None:
        self.received["spans"] += 1
        self.received["traces"] += not span.parent_id
        self._spans += 1
        kept = self.orders.get(span.trace_id)
        if kept is None:
            kept = self.traces.setdefault(span.trace_id, [])
        kept.append(span)
        if span.name.startswith("order ") and span.trace_id in self.traces:
            self.orders[span.trace_id] = self.traces.pop(span.trace_id)

    def _evict_spans(self) -> None:
        while self._spans > self._max_spans:
            _, spans = (self.traces or self.orders).popitem(last=False)
            self._spans -= len(spans)
            self.evicted["spans"] += len(spans)

    def _add_log(self, record: StoredLog) -> None:
        self.received["logs"] += 1
        self.received["logs_with_trace_id"] += bool(record.trace_id)
        self.logs.append(record)
        if len(self.logs) > self._max_logs:
            self.logs.popleft()
            self.evicted["logs"] += 1

    def _add_metric(self, service: str, metric: Metric) -> None:
        data = getattr(metric, str(metric.WhichOneof("data") or "gauge"))
        for point in data.data_points:
            attributes = _attributes(point.attributes)
            key = (service, metric.name, tuple(sorted(attributes.items())))
            series = self.series.get(key)
            if series is None:
                if len(self.series) >= self._max_series:
                    self.evicted["series"] += 1
                    continue
                series = self.series[key] = Series(service, metric.name, metric.unit, attributes)
            self.received["points"] += 1
            series.exemplars.extend(e.trace_id.hex() for e in point.exemplars if e.trace_id)
            if isinstance(point, NumberDataPoint):
                series.value = point.as_int if point.HasField("as_int") else point.as_double
            else:
                series.value, series.count = point.sum, point.count


def _service(attributes: Iterable[KeyValue]) -> str:
    return str(_attributes(attributes).get("service.name", ""))


def _span(service: str, span: Span) -> StoredSpan:
    return StoredSpan(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == Status.STATUS_CODE_ERROR,
        _attributes(span.attributes),
        tuple(event.name for event in span.events),
    )


def _log(service: str, record: LogRecord) -> StoredLog:
    return StoredLog(
        service,
        record.time_unix_nano or record.observed_time_unix_nano,
        record.severity_text,
        record.event_name or str(_value(record.body) or ""),
        record.trace_id.hex(),
        _attributes(record.attributes),
    )


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
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
