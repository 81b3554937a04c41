"""The account as metrics: what was exported and what was lost, under OpenTelemetry's own names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE

from otel_trading import recording
from otel_trading.pipeline.accounting import Route

_COMPONENT: Final = "otel.component.name"
_EXPORTED: Final = {
    "traces": ("otel.sdk.exporter.span.exported", "{span}"),
    "logs": ("otel.sdk.exporter.log.exported", "{log_record}"),
    "metrics": ("otel.sdk.exporter.metric_data_point.exported", "{data_point}"),
}


def observe(routes: Sequence[Route], provider: MeterProvider, version: str) -> None:
    """Have a meter provider report what became of what was produced.

    Args:
        routes: The accounts.
        provider: Whose exporters export the numbers.
        version: The version of this package.
    """
    meter = provider.get_meter(recording.SCOPE, version)
    for signal, (name, unit) in _EXPORTED.items():
        own = [route for route in routes if route.signal == signal]
        if own:
            meter.create_observable_counter(
                name,
                [partial(_read, own)],
                unit,
                "What an exporter delivered, or lost for the error it names.",
            )


def _read(routes: Sequence[Route], options: CallbackOptions) -> Iterator[Observation]:  # noqa: ARG001 - the API's
    for route in routes:
        health = route.health()
        component = {_COMPONENT: route.exporter}
        yield Observation(health.delivered, component)
        for reason, count in health.dropped.items():
            yield Observation(count, {**component, ERROR_TYPE: reason})
