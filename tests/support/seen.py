"""Keeps all telemetry of the package in memory, for its own tests."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_trading import logs, metrics, recording, tracing

_RESOURCE = Resource({})  # the detectors of the default one take most of the time of a property test


class Seen:
    """Three attached providers, and the telemetry that they received."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._spans = InMemorySpanExporter()
        self._logs = InMemoryLogRecordExporter()
        tracer_provider, logger_provider = (
            TracerProvider(resource=_RESOURCE, shutdown_on_exit=False),
            LoggerProvider(_RESOURCE, shutdown_on_exit=False),
        )
        tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self._logs))
        self.meter_provider = MeterProvider([self._reader], _RESOURCE, shutdown_on_exit=False)
        recording.attach(self.meter_provider, "test")
        tracing.attach(tracer_provider, "test", logger_provider)
        logs.attach(logger_provider, "test")

    @staticmethod
    def detach() -> None:
        recording.detach()
        tracing.detach()
        logs.detach()

    def points(self, name: str, /, **labels: str) -> list[Any]:
        """Return the data points of a metric with these labels; a label is named by the last part of its key."""
        data = self._reader.get_metrics_data()
        scopes = [s for r in (data.resource_metrics if data else ()) for s in r.scope_metrics]
        points = [p for s in scopes for m in s.metrics if m.name == name for p in m.data.data_points]
        return [
            p
            for p in points
            if labels.items() <= {k.split(".")[-1]: v for k, v in p.attributes.items()}.items()
        ]

    def total(self, name: str, /, **labels: str) -> float:
        """Return the sum of the values, or of the counts, of these points."""
        return sum(p.count if hasattr(p, "count") else p.value for p in self.points(name, **labels))

    def values(self, name: str, /, **labels: str) -> list[float]:
        """Return the values of these points, or the sums of histograms with at least one value.

        The result omits counters at zero, since other tests may have bound them.
        """
        points = self.points(name, **labels)
        if points and hasattr(points[0], "count"):
            return [p.sum for p in points if p.count]
        kinds = {m.definition.name: m.definition.kind for m in map(metrics.__dict__.get, metrics.__all__)}
        return [p.value for p in points if p.value or kinds[name] != "counter"]

    def state(self, name: str, /, **labels: str) -> list[str]:
        """Return the states of a status whose value is 1."""
        return [
            p.attributes[k]
            for p in self.points(name, **labels)
            if p.value
            for k in p.attributes
            if k.endswith(".state")
        ]

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that ended."""
        return list(self._spans.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """Return the only span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    @property
    def log_records(self) -> list[Any]:
        return [data.log_record for data in self._logs.get_finished_logs()]

    def events(self, prefix: str = "trading.") -> list[str]:
        """Return the names of the events in order."""
        return [r.event_name for r in self.log_records if (r.event_name or "").startswith(prefix)]

    def event(self, name: str) -> dict[str, Any]:
        """Return the attributes of the only event of this name."""
        (found,) = [r for r in self.log_records if r.event_name == name]
        return dict(found.attributes)
