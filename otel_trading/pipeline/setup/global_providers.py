"""OpenTelemetry's global providers: find those of another library, and publish ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from opentelemetry import _logs as logs_api
from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from otel_trading._guard import warn

_SDK: Final[dict[str, type[Any]]] = {
    "traces": TracerProvider,
    "metrics": MeterProvider,
    "logs": LoggerProvider,
}
_GET: Final[dict[str, Callable[[], Any]]] = {
    "traces": trace_api.get_tracer_provider,
    "metrics": metrics_api.get_meter_provider,
    "logs": logs_api.get_logger_provider,
}
_SET: Final[dict[str, Callable[[Any], None]]] = {
    "traces": trace_api.set_tracer_provider,
    "metrics": metrics_api.set_meter_provider,
    "logs": logs_api.set_logger_provider,
}

_ours: WeakSet[Any] = WeakSet()
"""Every provider that we published: a later `configure` must not take it for another library's."""


def set_by_others(signal: str) -> Any:
    """Return the SDK provider that another library made global for one of `SIGNALS`, or None."""
    provider = _GET[signal]()
    return None if provider in _ours or not isinstance(provider, _SDK[signal]) else provider


def publish(signal: str, provider: Any) -> None:
    """Make our provider the global one, so that other libraries use it.

    OpenTelemetry sets a global provider once per process, so a second `configure` cannot replace it.
    """
    _ours.add(provider)
    if isinstance(_GET[signal](), _SDK[signal]):
        warn(
            "global providers",
            "otel_trading: OpenTelemetry keeps the global providers of the first configure(); telemetry that "
            "other libraries record after a second configure() is not exported",
        )
    else:
        _SET[signal](provider)
