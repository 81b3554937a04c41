"""The exporters: what the settings ask for, imported only when it is built."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, LogRecordExporter
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, ConsoleMetricExporter, MetricExporter
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter

from otel_trading import logs
from otel_trading.pipeline.settings import Settings

_DELTA: Final = AggregationTemporality.DELTA

TEMPORALITIES: Final[Mapping[str, dict[type, AggregationTemporality]]] = {
    "cumulative": {},
    "delta": {Counter: _DELTA, ObservableCounter: _DELTA, Histogram: _DELTA},
    "lowmemory": {Counter: _DELTA, Histogram: _DELTA},
}
"""What OpenTelemetry's preference means per kind of instrument; whatever is not named is cumulative."""


def span_exporter(name: str, settings: Settings) -> SpanExporter:
    """Build what the setting `traces_exporters` calls `name`."""
    if name == "console":
        return ConsoleSpanExporter(
            out=sys.stdout, formatter=lambda span: span.to_json(indent=None) + os.linesep
        )
    if settings.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[assignment] # noqa: PLC0415
            OTLPSpanExporter,
        )
    return OTLPSpanExporter(**_otlp("traces", settings))


def log_exporter(name: str, settings: Settings) -> LogRecordExporter:
    """Build what the setting `logs_exporters` calls `name`."""
    if name == "console":
        return json_exporter()
    if settings.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter  # noqa: PLC0415
    else:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # type: ignore[assignment] # noqa: PLC0415
            OTLPLogExporter,
        )
    return OTLPLogExporter(**_otlp("logs", settings))


def metric_exporter(name: str, settings: Settings) -> MetricExporter:
    """Build what the setting `metrics_exporters` calls `name`, `prometheus` aside."""
    if name == "console":
        return ConsoleMetricExporter(
            out=sys.stdout, formatter=lambda data: data.to_json(indent=None) + os.linesep
        )
    if settings.protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (  # noqa: PLC0415
            OTLPMetricExporter,
        )
    else:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # type: ignore[assignment] # noqa: PLC0415
            OTLPMetricExporter,
        )
    return OTLPMetricExporter(**_otlp("metrics", settings))


def json_exporter() -> LogRecordExporter:
    """Build the exporter that writes one line of JSON per record to stdout."""
    return ConsoleLogRecordExporter(
        out=sys.stdout, formatter=lambda record: logs.format_line(record).rstrip("\n") + os.linesep
    )


def _otlp(signal: str, settings: Settings) -> dict[str, Any]:
    """Return what an OTLP exporter is built with; certificates and compression it reads from `OTEL_*`."""
    endpoint = settings.endpoint_of(signal)
    arguments: dict[str, Any] = {
        "endpoint": endpoint,
        "timeout": settings.export_timeout,
        "headers": settings.headers,
    }
    if settings.protocol == "grpc":
        arguments["insecure"] = not endpoint.startswith("https")
    return arguments
