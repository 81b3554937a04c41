"""Canary: sends one metric, span and log record as a service does, and looks for them in the backends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import requests
from opentelemetry import metrics
from opentelemetry.trace import format_trace_id

from otel_trading.logs import event
from otel_trading.ops.cli.doctor.backends import Elasticsearch, Jaeger, Prometheus
from otel_trading.ops.cli.doctor.checks import UNREACHABLE, Check
from otel_trading.pipeline import configure
from otel_trading.tracing import span
from otel_trading.values.text import error_text

SERVICE: Final = "otel-trading-doctor"
MARK: Final = "otel_trading.canary"
"""The attribute of canaries. The Collector's sampling always keeps a trace that has it."""

_SERIES: Final = "otel_trading_canary_timestamp_seconds"
_POLL: Final = 0.1


@dataclass(frozen=True)
class Canary:
    """The canary that was sent, and the answer of the Collector.

    Attributes:
        at: The time of sending, in seconds since the epoch; also the value of the metric.
        trace_id: The id of the trace, in lower-case hexadecimal.
        lost: The reason why the Collector did not accept a signal, by signal.
        milliseconds: The time until the Collector had accepted everything.
    """

    at: float
    trace_id: str
    lost: dict[str, str]
    milliseconds: float


def send(timeout: float) -> Canary:
    """Send a gauge, a span and an event through the pipeline that `configure` builds from the environment.

    Args:
        timeout: Seconds to wait for the Collector.

    Returns:
        The canary, with the signals that the Collector did not accept.

    Raises:
        ConfigurationError: A setting is wrong.
    """
    telemetry = configure(
        SERVICE, exporters="otlp", sample_ratio=1.0, json_logs=False, instrument_requests=False
    )
    at = time.time()
    metrics.get_meter(SERVICE).create_gauge(f"{MARK}.timestamp", "s", "When the canary was sent.").set(at)
    with span("canary", {MARK: True}) as sent:
        event(MARK, {MARK: True}, body="a canary of otel-trading doctor")
        trace_id = format_trace_id(sent.get_span_context().trace_id)
    begin = time.perf_counter()
    telemetry.flush(timeout)
    took = (time.perf_counter() - begin) * 1000
    telemetry.shutdown(timeout)
    lost = {
        route.signal: route.last_error or "the Collector did not accept it in time"
        for route in telemetry.health().routes
        if route.exporter == "otlp" and not route.delivered
    }
    return Canary(at, trace_id, lost, took)


def hops(
    sent: Canary, prometheus: Prometheus, jaeger: Jaeger, elasticsearch: Elasticsearch, timeout: float
) -> Iterator[Check]:
    """Look for the canary in the backends, and yield a check for each hop.

    Args:
        sent: The canary.
        prometheus: Prometheus, which should have the metric.
        jaeger: Jaeger, which should have the span.
        elasticsearch: Elasticsearch, which should have the event.
        timeout: Seconds to wait for all backends together.

    Yields:
        The check of each hop, with its duration or the setting to look at.
    """
    if sent.lost:
        message = "; ".join(f"{signal}: {reason}" for signal, reason in sent.lost.items())
        yield Check("hop to the Collector", ok=False, message=message, setting="OTEL_EXPORTER_OTLP_ENDPOINT")
        return
    yield Check(
        "hop to the Collector", ok=True, message="accepted all signals", milliseconds=sent.milliseconds
    )
    wanted: list[tuple[str, str, Callable[[], bool]]] = [
        ("Prometheus", "PROMETHEUS_URL", lambda: _is_in_prometheus(sent, prometheus)),
        ("Elasticsearch", "ELASTICSEARCH_URL", lambda: _is_in_elasticsearch(sent, elasticsearch)),
        ("Jaeger", "JAEGER_OTLP_URL", lambda: jaeger.trace(sent.trace_id) is not None),
    ]
    yield from _wait(sent, wanted, timeout)


def _wait(sent: Canary, wanted: list[tuple[str, str, Callable[[], bool]]], timeout: float) -> Iterator[Check]:
    deadline = time.monotonic() + timeout
    errors: dict[str, str] = {}
    while wanted:
        for hop in list(wanted):
            name, _, arrived = hop
            try:
                found = arrived()
                errors.pop(name, None)
            except UNREACHABLE as error:
                found, errors[name] = False, _reason(error)
            if found:
                wanted.remove(hop)
                took = (time.time() - sent.at) * 1000
                yield Check(f"hop to {name}", ok=True, message="found the canary", milliseconds=took)
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL)
    for name, setting, _ in wanted:
        why = errors.get(name, f"not found after {timeout:.0f} s; it is still in the Collector's queue")
        yield Check(
            f"hop to {name}", ok=False, message=why, setting=f"{setting} of the Collector and of doctor"
        )


def _is_in_prometheus(sent: Canary, prometheus: Prometheus) -> bool:
    found = prometheus.query(f'{_SERIES}{{job="{SERVICE}"}}')
    # The value is the time of sending, so an older canary of the same service does not match.
    return any(abs(float(series["value"][1]) - sent.at) < _SAME for series in found)


def _is_in_elasticsearch(sent: Canary, elasticsearch: Elasticsearch) -> bool:
    return bool(elasticsearch.search({"term": {"trace.id": sent.trace_id}}))


_SAME: Final = 0.001


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return error_text(error)
