"""The receiver: OTLP over HTTP and gRPC on loopback, into a store."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from typing_extensions import Self

from otel_trading.viewer.store import Store

_HOST: Final = "127.0.0.1"
_MAX_BODY: Final = 32 * 1024 * 1024
_PROTOBUF: Final = "application/x-protobuf"


class Receiver:
    """Receives OTLP on two free ports of 127.0.0.1, from `with` to the end of its block.

    Args:
        store: Where it goes.

    Attributes:
        endpoint: The URL for `http/protobuf`.
        grpc_endpoint: The URL for `grpc`.
    """

    def __init__(self, store: Store) -> None:
        self._http = _Server((_HOST, 0), _Handler)
        routes = _routes(store)
        self._http.routes = {route.path: route for route in routes}
        self._thread = Thread(target=self._http.serve_forever, name="otlp-http", daemon=True)
        self._grpc = grpc.server(futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix="otlp-grpc"))
        self._grpc.add_generic_rpc_handlers([_rpc(route) for route in routes])
        port = self._grpc.add_insecure_port(f"{_HOST}:0")
        self.endpoint = f"http://{_HOST}:{self._http.server_port}"
        self.grpc_endpoint = f"http://{_HOST}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._grpc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._grpc.stop(grace=1).wait()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Route(NamedTuple):
    """One signal: where it is sent, and what takes it in."""

    path: str
    service: str
    request: Any
    response: Any
    take_in: Callable[[Any], None]


def _routes(store: Store) -> tuple[_Route, ...]:
    package = "opentelemetry.proto.collector"
    return (
        _Route(
            "/v1/traces",
            f"{package}.trace.v1.TraceService",
            trace_service_pb2.ExportTraceServiceRequest,
            trace_service_pb2.ExportTraceServiceResponse,
            lambda request: store.add_spans(request.resource_spans),
        ),
        _Route(
            "/v1/metrics",
            f"{package}.metrics.v1.MetricsService",
            metrics_service_pb2.ExportMetricsServiceRequest,
            metrics_service_pb2.ExportMetricsServiceResponse,
            lambda request: store.add_metrics(request.resource_metrics),
        ),
        _Route(
            "/v1/logs",
            f"{package}.logs.v1.LogsService",
            logs_service_pb2.ExportLogsServiceRequest,
            logs_service_pb2.ExportLogsServiceResponse,
            lambda request: store.add_logs(request.resource_logs),
        ),
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    routes: dict[str, _Route]


class _Handler(BaseHTTPRequestHandler):
    """One OTLP/HTTP request; an empty response message is a full success."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Take in an export."""
        body = self._body()
        route = self.server.routes.get(self.path)
        if route is None or body is None:
            self._answer(404 if route is None else 413)
            return
        try:
            raw = _unzipped(body) if self.headers.get("Content-Encoding") == "gzip" else body
            request = route.request.FromString(raw)
        except (DecodeError, OSError, EOFError, zlib.error):
            self._answer(400)
            return
        route.take_in(request)
        self._answer(200)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal belongs to the demo."""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BODY:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _PROTOBUF)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _unzipped(body: bytes) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(body)) as archive:
        raw = archive.read(_MAX_BODY + 1)
    if len(raw) > _MAX_BODY:
        raise OSError("the body is too long")
    return raw


def _rpc(route: _Route) -> grpc.GenericRpcHandler:
    def export(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG001 - what gRPC calls with
        route.take_in(request)
        return route.response()

    handler = grpc.unary_unary_rpc_method_handler(
        export, route.request.FromString, route.response.SerializeToString
    )
    return grpc.method_handlers_generic_handler(route.service, {"Export": handler})
