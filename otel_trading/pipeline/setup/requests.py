"""Requests: time and trace HTTP calls of `requests` under the stable semantic conventions.

https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, TracerProvider

from otel_trading import semconv
from otel_trading.pipeline.clean.redact import redact_text

if TYPE_CHECKING:
    from requests import PreparedRequest

_OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN"
_DURATION: Final = "http.client.request.duration"


def prefer_stable_http() -> None:
    """Opt in to `http.client.request.duration`, in seconds, and keep the other choices of the user.

    By default, the instrumentation measures `http.client.duration` in milliseconds. It reads the variable
    once, when the first library is instrumented.
    """
    chosen = [word.strip() for word in os.environ.get(_OPT_IN, "").split(",") if word.strip()]
    if not {"http", "http/dup"} & set(chosen):
        os.environ[_OPT_IN] = ",".join([*chosen, "http"])


def prefer_stable_http_by_default() -> None:
    """Opt in if the user has chosen nothing; `opentelemetry-instrument` calls this through an entry point."""
    if not os.environ.get(_OPT_IN):
        prefer_stable_http()


def instrument_requests(tracer_provider: TracerProvider, meter_provider: MeterProvider) -> Callable[[], None]:
    """Instrument `requests`, unless it is not installed or already instrumented.

    Args:
        tracer_provider: The provider of the spans.
        meter_provider: The provider of the histogram.

    Returns:
        A function that removes the instrumentation, if this call added it.
    """
    if find_spec("requests") is None:
        return _nothing
    prefer_stable_http()
    from opentelemetry.instrumentation.requests import RequestsInstrumentor  # noqa: PLC0415

    instrumentor = RequestsInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        return _nothing
    instrumentor.instrument(
        tracer_provider=tracer_provider,
        meter_provider=meter_provider,
        duration_histogram_boundaries=_boundaries(),
        request_hook=_redact_url,
    )
    return partial(instrumentor.uninstrument)


def _nothing() -> None:
    """Remove nothing, since nothing was instrumented."""


def _boundaries() -> list[float] | None:
    for metric in semconv.ALL_METRICS:
        if metric.name == _DURATION and metric.boundaries:
            return list(metric.boundaries)
    return None


def _redact_url(span: Span, request: PreparedRequest) -> None:
    """Redact at the source as well, for spans that another library's exporter exports."""
    attributes: Any = getattr(span, "attributes", None) or {}
    for key in ("url.full", "http.url"):
        if key in attributes and request.url:
            span.set_attribute(key, redact_text(request.url))
