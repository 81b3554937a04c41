"""The intake: an export request on its way into the store, and into the file if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from otel_trading.ops.viewer import otlp_json
from otel_trading.ops.viewer.request_file import RequestFile
from otel_trading.ops.viewer.store import Store

_PACKAGE: Final = "opentelemetry.proto.collector"


class OtlpRoute(NamedTuple):
    """One signal: where it is sent, and as what.

    Attributes:
        path: Over HTTP.
        service: Over gRPC.
        request: The message.
        response: The answer; an empty one is a full success.
        add: Takes in a message.
    """

    path: str
    service: str
    request: Any
    response: Any
    add: Callable[[Any], None]


class Intake:
    """Takes requests in, whichever way they came.

    Args:
        store: Where they go.
        journal: Where they are kept as well.

    Attributes:
        store: The same.
        routes: By their path.
    """

    def __init__(self, store: Store, journal: RequestFile | None = None) -> None:
        self.store = store
        self.routes = {route.path: route for route in _routes(store)}
        self._journal = journal

    def replay(self) -> None:
        """Take in again what the journal has, before anything new comes."""
        for path, body in self._journal or ():
            route = self.routes[path]
            route.add(route.request.FromString(body))

    def take(self, route: OtlpRoute, body: bytes, *, is_json: bool = False) -> None:
        """Take in one request.

        Raises:
            DecodeError: It is none.
        """
        request = otlp_json.parse(body, route.request()) if is_json else route.request.FromString(body)
        if self._journal is not None:
            self._journal.add(route.path, request.SerializeToString() if is_json else body)
        route.add(request)


def _routes(store: Store) -> Iterator[OtlpRoute]:
    yield OtlpRoute(
        "/v1/traces",
        f"{_PACKAGE}.trace.v1.TraceService",
        trace_service_pb2.ExportTraceServiceRequest,
        trace_service_pb2.ExportTraceServiceResponse,
        lambda request: store.add_spans(request.resource_spans),
    )
    yield OtlpRoute(
        "/v1/metrics",
        f"{_PACKAGE}.metrics.v1.MetricsService",
        metrics_service_pb2.ExportMetricsServiceRequest,
        metrics_service_pb2.ExportMetricsServiceResponse,
        lambda request: store.add_metrics(request.resource_metrics),
    )
    yield OtlpRoute(
        "/v1/logs",
        f"{_PACKAGE}.logs.v1.LogsService",
        logs_service_pb2.ExportLogsServiceRequest,
        logs_service_pb2.ExportLogsServiceResponse,
        lambda request: store.add_logs(request.resource_logs),
    )
