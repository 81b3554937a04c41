"""Exporters: build the ones that the settings name, and import only their libraries."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeVar

from opentelemetry.sdk._logs.export import ConsoleLogRecordExporter, LogRecordExporter
from opentelemetry.sdk.metrics import Counter as CounterInstrument
from opentelemetry.sdk.metrics import Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, ConsoleMetricExporter, MetricsData
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
from opentelemetry.util.re import parse_env_headers

from otel_trading import logs
from otel_trading.pipeline.deliver import encoding
from otel_trading.pipeline.deliver.sender import Exporter, Outcome, Sender
from otel_trading.pipeline.deliver.tls import credentials
from otel_trading.pipeline.deliver.wire import Wire, variable
from otel_trading.pipeline.setup.settings import Settings

T = TypeVar("T")

_DELTA: Final = AggregationTemporality.DELTA

TEMPORALITIES: Final[Mapping[str, dict[type, AggregationTemporality]]] = {
    "cumulative": {},
    "delta": {CounterInstrument: _DELTA, ObservableCounter: _DELTA, Histogram: _DELTA},
    "lowmemory": {CounterInstrument: _DELTA, Histogram: _DELTA},
}
"""Temporality per preference and kind of instrument; kinds that are not named are cumulative.

https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp/#additional-environment-variable-configuration
"""

_ENCODINGS: Final[Mapping[str, Any]] = {
    "traces": encoding.SPANS,
    "metrics": encoding.METRICS,
    "logs": encoding.LOGS,
}


class ConsoleExporter:
    """Passes items to an exporter of the SDK.

    Args:
        export: Exports the items; returns an enum whose name is SUCCESS or FAILURE.
        close: Closes the exporter.
    """

    def __init__(self, export: Callable[[Any], Enum], close: Callable[[], Any]) -> None:
        self._export = export
        self.close = close

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:  # noqa: ARG002 - the console needs no deadline
        """Write the items."""
        if self._export(items).name == "SUCCESS":
            return Outcome(delivered=len(items))
        return Outcome(dropped=Counter(export_failed=len(items)), reason="the exporter reported a failure")


def build_exporter(signal: str, name: str, settings: Settings) -> Exporter:
    """Build the exporter that the setting `exporters` calls `name`, except `prometheus`.

    Args:
        signal: "traces", "metrics" or "logs".
        name: "otlp" or "console".
        settings: The settings in force.

    Raises:
        ConfigurationError: A certificate cannot be used.
    """
    if name == "console":
        return _console(signal)
    return Sender(_ENCODINGS[signal], _wire(signal, settings))


def json_exporter() -> LogRecordExporter:
    """Build the exporter that writes one line of JSON per record to stdout."""
    return ConsoleLogRecordExporter(
        out=sys.stdout, formatter=lambda record: logs.format_line(record).rstrip("\n") + os.linesep
    )


def _console(signal: str) -> Exporter:
    def line(item: Any) -> str:
        return str(item.to_json(indent=None)) + os.linesep

    if signal == "traces":
        spans = ConsoleSpanExporter(out=sys.stdout, formatter=line)
        return ConsoleExporter(spans.export, spans.shutdown)
    if signal == "logs":
        records = json_exporter()
        return ConsoleExporter(records.export, records.shutdown)
    data = ConsoleMetricExporter(out=sys.stdout, formatter=line)
    return ConsoleExporter(lambda items: data.export(MetricsData(items)), data.shutdown)


def _wire(signal: str, settings: Settings) -> Wire:
    endpoint = settings.endpoint_of(signal)
    compression = (variable(signal, "COMPRESSION") or "none").lower()
    arguments = (signal, endpoint, _headers(signal, settings), credentials(signal), compression)
    if settings.protocol == "grpc":
        from otel_trading.pipeline.deliver.otlp_grpc import GrpcWire  # noqa: PLC0415 - imports grpc

        return GrpcWire(*arguments)
    from otel_trading.pipeline.deliver.otlp_http import HttpWire  # noqa: PLC0415 - imports requests

    return HttpWire(*arguments)


def _headers(signal: str, settings: Settings) -> Mapping[str, str]:
    if settings.headers is not None:
        return settings.headers
    return parse_env_headers(variable(signal, "HEADERS") or "", liberal=True)
