"""The intake: decodes export requests, adds them to the store, and appends them to a request file."""

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
    """The endpoints and messages of one signal.

    Attributes:
        path: The path over HTTP.
        service: The service over gRPC.
        request: The class of the request.
        response: The class of the response; an empty response is a full success
            (https://opentelemetry.io/docs/specs/otlp/#full-success).
        add: Adds a request to the store.
    """

    path: str
    service: str
    request: Any
    response: Any
    add: Callable[[Any], None]


class Intake:
    """Adds export requests of every route to the store.

    Args:
        store: The store of the page.
        journal: The file that also keeps the requests, or None.

    Attributes:
        store: The store of the page.
        routes: The routes by their path.
    """

    def __init__(self, store: Store, journal: RequestFile | None = None) -> None:
        self.store = store
        self.routes = {route.path: route for route in _routes(store)}
        self._journal = journal

    def replay(self) -> None:
        """Add the requests of the journal to the store. Call it before new requests arrive."""
        for path, body in self._journal or ():
            route = self.routes[path]
            route.add(route.request.FromString(body))

    def add(self, route: OtlpRoute, body: bytes, *, is_json: bool = False) -> None:
        """Add one request.

        Args:
            route: The route of the signal.
            body: The encoded request.
            is_json: Whether the encoding is JSON; else it is protobuf.

        Raises:
            DecodeError: The body is not a request of the signal. It is neither stored nor journaled.
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
