"""Testing: the telemetry of a test in memory, with ids that count up and a clock that ticks.

With pytest, the fixture `telemetry` is there as soon as the package is installed:

```python
from otel_trading import Order

class MarketMaker:
    \"\"\"Buys at the bid, once.\"\"\"

    def on_quote(self, bid: float) -> None:
        order = Order("c-1", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
        order.submitted()
        order.acknowledged()
        order.filled(quantity=100, price=bid)

def test_that_a_quote_is_traded_once(telemetry):
    MarketMaker().on_quote(bid=182.10)
    assert telemetry.metric("order_submitted", venue_name="XNAS", order_type="limit", strategy_name="mm") == 1
    assert [event.name for event in telemetry.events("trading.order.filled")] == ["trading.order.filled"]
    assert [span.name for span in telemetry.spans if span.parent is None] == ["order limit"]
```

Without pytest, `with capture() as telemetry:` is the same.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import format_span_id, format_trace_id

from otel_trading import _closing, _losses, logs, pipeline, recording, semconv, tracing
from otel_trading.errors import ConfigurationError, LabelError, nearest
from otel_trading.recording import BoundMetric
from otel_trading.semconv.definitions import Metric

_SERVICE: Final = "test"
_VERSION: Final = "test"
_START_NS: Final = 1_767_225_600_000_000_000
_TICK_NS: Final = 1_000_000
_LEFT_ALONE: Final = ("otel_trading.pipeline", "otel_trading.viewer", "otel_trading.testing")

Attributes = dict[str, Any]


class Clock:
    """Begins at midnight of 2026-01-01, UTC; each reading is a millisecond after the last."""

    def __init__(self) -> None:
        self._readings = count(_START_NS, _TICK_NS)
        self._advanced_ns = 0

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much.
        """
        self._advanced_ns += round(seconds * 1e9)

    def time_ns(self) -> int:
        """Read the wall clock, in nanoseconds."""
        return next(self._readings) + self._advanced_ns

    def time(self) -> float:
        """Read the wall clock, in seconds."""
        return self.time_ns() / 1e9

    def perf_counter(self) -> float:
        """Read the clock for durations, in seconds since the test began."""
        return (self.time_ns() - _START_NS) / 1e9


@dataclass(frozen=True)
class CapturedEvent:
    """An event of a span."""

    name: str
    attributes: Attributes


@dataclass(frozen=True)
class CapturedSpan:
    """A span that ended.

    Attributes:
        parent: The name of its parent; the id of one that was not captured; None for a root.
        kind: "internal", "client", "server", "producer" or "consumer".
        status: "unset", "ok" or "error".
        description: What an error's status says.
        links: The ids of the traces it is linked to.
        start_ns: When it started, by the test's clock.
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
        trace_id: The trace it was emitted in, or None outside of a span.
    """

    name: str | None
    severity: str
    body: Any
    attributes: Attributes
    trace_id: str | None
    span_id: str | None


@dataclass(frozen=True)
class CapturedHistogram:
    """The values of one series of a histogram; `buckets` has how many lie up to each boundary, `inf` last."""

    count: int
    sum: float
    min: float
    max: float
    buckets: dict[float, int]


class CapturedTelemetry:
    """What a test recorded so far; each property is read anew.

    Attributes:
        clock: What the package reads the time from during the test.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self._spans = _SpanCatcher(self.clock)
        self._logs = _LogCatcher()
        self._reader = InMemoryMetricReader()
        self._kept: dict[str, list[Any]] | None = None
        resource = Resource({SERVICE_NAME: _SERVICE})
        self.tracer_provider = TracerProvider(
            ALWAYS_ON, resource, shutdown_on_exit=False, id_generator=_CountedIds()
        )
        self.tracer_provider.add_span_processor(self._spans)
        self.meter_provider = MeterProvider([self._reader], resource, shutdown_on_exit=False)
        self.logger_provider = LoggerProvider(resource, shutdown_on_exit=False)
        self.logger_provider.add_log_record_processor(self._logs)

    @property
    def spans(self) -> list[CapturedSpan]:
        """The spans that ended, in the order they started."""
        return self._spans.captured()

    @property
    def logs(self) -> list[CapturedLog]:
        """The log records and events, in the order they were emitted."""
        return list(self._logs.captured)

    @property
    def losses(self) -> dict[str, dict[str, int]]:
        """What was dropped, by signal and reason."""
        return _losses.snapshot()

    def events(self, name: str | None = None) -> list[CapturedLog]:
        """Return the events; with a name, such as `trading.order.filled`, those that have it."""
        return [record for record in self.logs if record.name and name in (None, record.name)]

    def metric(self, metric: str | BoundMetric[Any], **labels: object) -> float | CapturedHistogram | None:
        """Return what one series of a metric holds.

        Args:
            metric: One of `otel_trading.metrics`, its name there, or the name of any other metric.
            **labels: As in `bind`; those of one series, or as many as tell it apart.

        Returns:
            The value of a counter or level, the contents of a histogram, or None where nothing was recorded;
            a counter that was only bound, here or in an earlier test, recorded nothing.

        Raises:
            LabelError: The metric or a label is unknown, or several series have these labels.
        """
        name = metric.definition.name if isinstance(metric, BoundMetric) else metric
        definition = next((known for known in semconv.ALL_METRICS if name in _names(known)), None)
        points = self._points()
        if definition is None and name not in points:
            known_names = [*points, *(known for one in semconv.ALL_METRICS for known in _names(one))]
            raise LabelError(f"{name!r} is no metric that was recorded.{nearest(name, known_names)}")
        wanted = _keys(definition, labels) if definition else {k: str(v) for k, v in labels.items()}
        found = [
            point
            for point in points.get(definition.name if definition else name, ())
            if wanted.items() <= {key: str(value) for key, value in point.attributes.items()}.items()
        ]
        if len(found) > 1:
            series = "; ".join(str(dict(point.attributes)) for point in found)
            raise LabelError(
                f"{len(found)} series of {name!r} have these labels, give more of them: {series}"
            )
        return _value(found[0]) if found else None

    def keep_metrics(self) -> None:
        """Keep the metrics as they are now, for whoever asks after the capture is over."""
        self._kept = self._points()

    def _points(self) -> dict[str, list[Any]]:
        if self._kept is not None:
            return self._kept
        data = self._reader.get_metrics_data()
        metrics = (
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        )
        return {
            metric.name: [point for point in metric.data.data_points if _was_recorded(metric.data, point)]
            for metric in metrics
        }


@contextmanager
def capture() -> Iterator[CapturedTelemetry]:
    """Capture what is recorded in the block; OpenTelemetry's global providers are left alone.

    Yields:
        What was captured, to be read at any time, also after the block.

    Raises:
        ConfigurationError: `configure` was called and not shut down.
    """
    if pipeline.is_running():
        raise ConfigurationError("capture() was called while telemetry runs: call shutdown() on it first.")
    telemetry = CapturedTelemetry()
    _losses.reset()
    with ExitStack() as undo:
        _replace_clocks(telemetry.clock, undo)
        tracing.attach(telemetry.tracer_provider, _VERSION, telemetry.logger_provider)
        undo.callback(tracing.detach)
        logs.attach(telemetry.logger_provider, _VERSION)
        undo.callback(logs.detach)
        recording.attach(telemetry.meter_provider, _VERSION)
        undo.callback(recording.detach)
        _take_in_logging(undo)
        try:
            yield telemetry
        finally:
            _closing.run()
            telemetry.keep_metrics()


def _take_in_logging(undo: ExitStack) -> None:
    root, handler = logging.getLogger(), logs.StdlibHandler()
    undo.callback(root.setLevel, root.level)
    undo.callback(root.removeHandler, handler)
    root.setLevel(min(root.level or logging.INFO, logging.INFO))
    root.addHandler(handler)


def _replace_clocks(clock: Clock, undo: ExitStack) -> None:
    """Have the package's own modules read `clock`; the rest of the process keeps the real time."""
    clocks = ((time.perf_counter, clock.perf_counter), (time.time_ns, clock.time_ns), (time.time, clock.time))
    for name, module in list(sys.modules.items()):
        if name.startswith("otel_trading.") and not name.startswith(_LEFT_ALONE):
            for real, ours in clocks:
                if vars(module).get(real.__name__) is real:
                    setattr(module, real.__name__, ours)
                    undo.callback(setattr, module, real.__name__, real)


def _names(definition: Metric) -> tuple[str, str]:
    """Return the two names of a metric: OpenTelemetry's, and the one in `otel_trading.metrics`."""
    return definition.name, definition.name.removeprefix("trading.").replace(".", "_")


def _keys(definition: Metric, labels: Mapping[str, object]) -> dict[str, str]:
    """Turn the keywords of `bind` into attribute keys."""
    keys = {label.keyword: label.key for label in definition.labels}
    for keyword in labels:
        if keyword not in keys:
            hint = nearest(keyword, keys)
            raise LabelError(f"{definition.name} has no label {keyword!r}, it has {', '.join(keys)}.{hint}")
    return {keys[keyword]: str(getattr(value, "value", value)) for keyword, value in labels.items()}


def _was_recorded(data: Any, point: Any) -> bool:
    return not getattr(data, "is_monotonic", False) or point.value != 0


def _value(point: Any) -> float | CapturedHistogram:
    if not isinstance(point, HistogramDataPoint):
        return point.value  # type: ignore[no-any-return]
    bounds = [*point.explicit_bounds, inf]
    buckets = dict(zip(bounds, point.bucket_counts, strict=True))
    return CapturedHistogram(point.count, point.sum, point.min, point.max, buckets)


class _CountedIds(IdGenerator):
    """Numbers traces and spans from 1."""

    def __init__(self) -> None:
        self._traces, self._spans = count(1), count(1)

    def generate_trace_id(self) -> int:
        return next(self._traces)

    def generate_span_id(self) -> int:
        return next(self._spans)


class _SpanCatcher(SpanProcessor):
    """Keeps the spans that end, with the times at which the test's clock saw them start and end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started: dict[int, tuple[str, int]] = {}
        self._ended: dict[int, tuple[ReadableSpan, int]] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 - the SDK's
        """Note when the span started."""
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


class _LogCatcher(LogRecordProcessor):
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
        """Do nothing: what was captured stays."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits."""
        return timeout_millis >= 0
