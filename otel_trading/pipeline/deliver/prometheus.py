"""Exposition: serves `/metrics` on a port of the service, for a Prometheus that scrapes it."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from dataclasses import replace
from http.server import ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import Gauge, Metric, MetricsData
from prometheus_client import CollectorRegistry, MetricsHandler
from prometheus_client import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from otel_trading import _losses
from otel_trading._forking import at_fork, hold_at_fork
from otel_trading._guard import warn
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.clean.metrics_data import with_metrics
from otel_trading.pipeline.clean.redact import redact_metrics
from otel_trading.pipeline.deliver.negative_histograms import Key, complete, sums_of

_LABELS: Final = frozenset({"service.name", "service.instance.id", "deployment.environment.name"})
"""Resource attributes that become labels, as Prometheus promotes them on the OTLP route (`collector/`)."""

_TIMEOUT_S: Final = 30.0
"""Seconds after which a connection that neither sends nor receives a byte is closed."""

_RESOURCE_LABELS: Final = frozenset(key.replace(".", "_") for key in _LABELS)


class ExpositionReader(PrometheusMetricReader):
    """Collects metrics for `/metrics`, with the names that they have on the OTLP route.

    Args:
        registry: Receives the collected metrics.

    Attributes:
        sums: The sums of the last collection that prometheus_client omits, see `negative_histograms`.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(
            scope_info_enabled=False, resource_attribute_filter=_LABELS.__contains__, registry=registry
        )
        self.sums: dict[Key, float] = {}

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> None:
        self.sums = sums_of(metrics_data)
        data = with_metrics(redact_metrics(metrics_data), lambda _, metric: _with_ratio(metric))
        super()._receive_metrics(data, timeout_millis)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: each scrape collects, and a collection between two scrapes would be served twice."""
        return True


class _OneAtATime(Collector):
    """Serves one scrape after the other, since the exporter keeps its collections in one place.

    Args:
        registry: The registry that the reader collects into.
        reader: Has the sums that the collected families lack.
        completes: Whether to add these sums: the text format allows them, OpenMetrics forbids them.
    """

    _lock: Final = Lock()

    def __init__(self, registry: CollectorRegistry, reader: ExpositionReader, *, completes: bool) -> None:
        self._registry = registry
        self._reader = reader
        self._completes = completes

    def describe(self) -> Iterable[Family]:
        """Return nothing, so that registration does not trigger a collection."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Collect now, and return the metrics in the form of prometheus_client."""
        with self._lock:
            families = list(self._registry.collect())
            if self._completes:
                complete(families, self._reader.sums, _RESOURCE_LABELS)
            return families


# A child that is forked during a collection would wait for the SDK's locks for ever.
hold_at_fork(_OneAtATime._lock)


class _Page(MetricsHandler):
    """Serves `/metrics` in the format that the request accepts."""

    timeout = _TIMEOUT_S
    texts: CollectorRegistry
    open_metrics: CollectorRegistry

    def do_GET(self) -> None:  # noqa: N802 - http.server calls it by this name
        """Answer a scrape."""
        _, content_type = choose_encoder(self.headers.get("Accept") or "")
        self.registry = self.open_metrics if "openmetrics" in content_type else self.texts
        super().do_GET()


class _Server(ThreadingHTTPServer):
    """An HTTP server that ignores a scraper that closes its connection."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - socketserver's signature
        """Count a scrape that failed for a reason other than its connection."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            _losses.add("metrics", "scrape_failed")
            warn("scrape", "otel_trading: a scrape of /metrics failed: %s: %s", type(error).__name__, error)


class Exposition:
    """The HTTP server of `/metrics`, and the metric reader that collects for it.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 selects a free one.

    Attributes:
        reader: The metric reader, for the meter provider.
        url: The URL of `/metrics`.

    Raises:
        ConfigurationError: The port is in use, or the address does not belong to this machine.
    """

    def __init__(self, host: str, port: int) -> None:
        collected, texts, open_metrics = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
        page = type("Page", (_Page,), {"texts": texts, "open_metrics": open_metrics})
        try:
            self._server = _Server((host, port), page)
        except OSError as error:
            raise ConfigurationError(_refusal(error, host, port)) from None
        self._thread = Thread(target=self._server.serve_forever, name="otel_trading-metrics", daemon=True)
        self._thread.start()
        self.url = f"http://{host}:{self._server.server_port}/metrics"
        self.reader = ExpositionReader(collected)
        texts.register(_OneAtATime(collected, self.reader, completes=True))
        open_metrics.register(_OneAtATime(collected, self.reader, completes=False))
        self._serves = True
        at_fork(in_child=self._leave_to_parent)

    def stop(self) -> None:
        """Stop the server and free the port."""
        if self._serves:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _leave_to_parent(self) -> None:
        """Close the port in a forked child, which has no thread that would answer.

        The parent keeps its own socket open and continues to serve.
        """
        self._serves = False
        self._server.server_close()


def _refusal(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is in use by another process: set another port for /metrics with "
            "prometheus_port, or OTEL_TRADING_PROMETHEUS_PORT."
        )
    return f"/metrics cannot listen on prometheus_host {host!r}, prometheus_port {port}: {error.strerror}."


def _with_ratio(metric: Metric) -> Metric:
    if metric.unit == "1" and isinstance(metric.data, Gauge):
        return replace(metric, unit="ratio")
    return metric
