"""Instruments: the same histogram and counter in every compared library."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import Any

import prometheus_client
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading import recording
from otel_trading.semconv.definitions import Label, Metric

BOUNDS = tuple(i * 1e-6 for i in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
LABELS = (
    Label("feed_name", "trading.feed.name", None, required=True),
    Label("message_type", "trading.market_data.message.type", None, required=True),
)
STATES = Label("state", "trading.connection.state", frozenset({"connected", "idle"}), required=True)


def definition(name: str, kind: str, *labels: Label) -> Metric:
    """Return the definition of a metric, like one of the registry."""
    chosen = labels or LABELS
    return Metric(name, kind, "s", "A benchmark.", chosen, "all", name, BOUNDS, None, headline=False)


def attributes(number: int = 0) -> dict[str, str]:
    """Return the attributes of series `number` for OpenTelemetry."""
    return {"trading.feed.name": f"sip{number}", "trading.market_data.message.type": "quote"}


def labels(number: int = 0) -> dict[str, str]:
    """Return the labels of series `number` for `bind`."""
    return {"feed_name": f"sip{number}", "message_type": "quote"}


def attached() -> tuple[MeterProvider, InMemoryMetricReader]:
    """Return a provider and its reader, with recording attached to the provider."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    recording.attach(provider, "bench")
    return provider, reader


def raw_histogram(provider: MeterProvider, name: str = "raw.histogram") -> Any:
    """Return the SDK's own histogram with the same buckets."""
    return provider.get_meter("raw").create_histogram(name, explicit_bucket_boundaries_advisory=BOUNDS)


def prometheus_histogram(name: str = "h") -> prometheus_client.Histogram:
    """Return prometheus_client's histogram with the same buckets, unbound."""
    return prometheus_client.Histogram(name, name, ["feed", "type"], buckets=BOUNDS, registry=None)


def peers() -> tuple[dict[str, Callable[[float], object]], list[str]]:
    """Return recording functions of the installed peers by name, and the names of missing peers."""
    try:
        statsd = importlib.import_module("datadog.dogstatsd.base")
    except ImportError:
        return {}, ["datadog"]
    sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # on loopback; no program reads it
    sink.bind(("127.0.0.1", 0))
    client = statsd.DogStatsd(host="127.0.0.1", port=sink.getsockname()[1])
    client.sink = sink
    tags = ["feed:sip0", "type:quote"]
    return {"dogstatsd histogram": lambda value: client.histogram("bench", value, tags=tags)}, []
