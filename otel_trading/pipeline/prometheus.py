"""The exposition: `/metrics` on the service's own port, for a Prometheus that scrapes."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Any, Final

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics.export import Gauge, Metric, MetricsData
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client import Metric as Family
from prometheus_client.registry import Collector

from otel_trading.errors import ConfigurationError

_LABELS: Final = frozenset({"service.name", "service.instance.id", "deployment.environment.name"})
"""The attributes of the resource that Prometheus promotes to labels on the OTLP route, see `collector/`."""


class ExpositionReader(PrometheusMetricReader):
    """Reads metrics for `/metrics`, under the names they get on the OTLP route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(
            scope_info_enabled=False, resource_attribute_filter=_LABELS.__contains__, registry=registry
        )

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> None:
        super()._receive_metrics(_with_ratios(metrics_data), timeout_millis)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: whoever scrapes collects, and a collection in between would be served twice."""
        return True


class _OneAtATime(Collector):
    """Serves one scrape after the other, since the exporter keeps its collections in one place."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = Lock()

    def describe(self) -> Iterable[Family]:
        """Have the registry ask for nothing at registration."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Collect now."""
        with self._lock:
            return list(self._registry.collect())


class Exposition:
    """The server of `/metrics`, and the reader that feeds it.

    Args:
        host: The address it listens on.
        port: The port it listens on; 0 takes a free one.

    Attributes:
        reader: What the meter provider reads metrics with.
        url: Where it is served.

    Raises:
        ConfigurationError: The port is taken, or the address is not this machine's.
    """

    def __init__(self, host: str, port: int) -> None:
        served, collected = CollectorRegistry(), CollectorRegistry()
        try:
            self._server, self._thread = start_http_server(port, host, served)
        except OSError as error:
            raise ConfigurationError(_why(error, host, port)) from None
        self.url = f"http://{host}:{self._server.server_port}/metrics"
        self.reader = ExpositionReader(collected)
        served.register(_OneAtATime(collected))

    def stop(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is in use by another process: give /metrics another one with "
            "prometheus_port, or OTEL_TRADING_PROMETHEUS_PORT."
        )
    return f"/metrics cannot listen on prometheus_host {host!r}, prometheus_port {port}: {error.strerror}."


def _with_ratios(data: MetricsData) -> MetricsData:
    """Give gauges of unit 1 the unit `ratio`, the suffix that the OTLP route gives them."""
    return replace(
        data,
        resource_metrics=[
            replace(
                resource,
                scope_metrics=[
                    replace(scope, metrics=[_with_ratio(metric) for metric in scope.metrics])
                    for scope in resource.scope_metrics
                ],
            )
            for resource in data.resource_metrics
        ],
    )


def _with_ratio(metric: Metric) -> Metric:
    if metric.unit == "1" and isinstance(metric.data, Gauge):
        return replace(metric, unit="ratio")
    return metric
