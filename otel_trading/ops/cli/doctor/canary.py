"""Canary: one of each signal, sent as any service sends it, and looked for where it should arrive."""

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

SERVICE: Final = "otel-trading-doctor"
MARK: Final = "otel_trading.canary"
"""The attribute by which the Collector's sampling knows a canary, which it keeps."""

_SERIES: Final = "otel_trading_canary_timestamp_seconds"
_POLL: Final = 0.1


@dataclass(frozen=True)
class Canary:
    """What was sent, and whether the Collector took it.

    Attributes:
        at: When, in seconds since the epoch; the metric's value, too.
        trace_id: In lower-case hexadecimal.
        lost: By signal, why it was not taken.
        milliseconds: How long it took the Collector to take everything.
    """

    at: float
    trace_id: str
    lost: dict[str, str]
    milliseconds: float


def send(timeout: float) -> Canary:
    """Send a gauge, a span and an event through the pipeline that `configure` builds from the environment.

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
        route.signal: route.last_error or "it was not taken in time"
        for route in telemetry.health().routes
        if route.exporter == "otlp" and not route.delivered
    }
    return Canary(at, trace_id, lost, took)


def hops(
    sent: Canary, prometheus: Prometheus, jaeger: Jaeger, elasticsearch: Elasticsearch, timeout: float
) -> Iterator[Check]:
    """Look for what was sent, and say of each hop how long it took, or what to look at."""
    if sent.lost:
        says = "; ".join(f"{signal}: {reason}" for signal, reason in sent.lost.items())
        yield Check("hop to the Collector", ok=False, says=says, setting="OTEL_EXPORTER_OTLP_ENDPOINT")
        return
    yield Check("hop to the Collector", ok=True, says="took all signals", milliseconds=sent.milliseconds)
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
                there = arrived()
                errors.pop(name, None)
            except UNREACHABLE as error:
                there, errors[name] = False, _reason(error)
            if there:
                wanted.remove(hop)
                took = (time.time() - sent.at) * 1000
                yield Check(f"hop to {name}", ok=True, says="found the canary", milliseconds=took)
        if time.monotonic() > deadline:
            break
        time.sleep(_POLL)
    for name, setting, _ in wanted:
        why = errors.get(name, f"not there after {timeout:.0f} s; the Collector keeps it in its queue")
        yield Check(f"hop to {name}", ok=False, says=why, setting=f"{setting} of the Collector and of doctor")


def _is_in_prometheus(sent: Canary, prometheus: Prometheus) -> bool:
    found = prometheus.query(f'{_SERIES}{{job="{SERVICE}"}}')
    return any(abs(float(series["value"][1]) - sent.at) < _SAME for series in found)


def _is_in_elasticsearch(sent: Canary, elasticsearch: Elasticsearch) -> bool:
    return bool(elasticsearch.search({"term": {"trace.id": sent.trace_id}}))


_SAME: Final = 0.001


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    return f"{type(error).__name__}: {error}"
