"""An OTLP endpoint over HTTP or gRPC whose fault the test can change while it runs.

`spans`, `records` and `metrics` are the items that it accepted, as a backend would have them. `requests` has the
signal of each request, including those that it refused.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

MESSAGES: dict[str, tuple[Any, Any, str]] = {
    "traces": (trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse, "rejected_spans"),
    "metrics": (
        metrics.ExportMetricsServiceRequest,
        metrics.ExportMetricsServiceResponse,
        "rejected_data_points",
    ),
    "logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, "rejected_log_records"),
}
"""The request, the response and the field of rejected items, by signal."""

PATHS = {f"/v1/{signal}": signal for signal in MESSAGES}
METHODS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
}


@dataclass(frozen=True)
class Mode:
    """How an endpoint answers.

    Attributes:
        status: The HTTP status, or the name of the gRPC status.
        rejected: How many items of each request it reports as rejected.
        delay: Seconds before it answers.
        hangs: Whether it never answers.
        resets: Whether it resets the connection in the middle of the body.
        body: The bytes that it answers in place of an OTLP response; None for an OTLP response.
        content_type: The content type of its answer.
        retry_after: The pause that it requests: a `Retry-After` header, or seconds for gRPC.
        largest: The most bytes of a request; it answers a larger one with 413, or RESOURCE_EXHAUSTED over gRPC.
    """

    status: int | str = 200
    rejected: int = 0
    delay: float = 0.0
    hangs: bool = False
    resets: bool = False
    body: bytes | None = None
    content_type: str = "application/x-protobuf"
    retry_after: str | None = None
    largest: int = 2**40

    @property
    def accepts(self) -> bool:
        return self.status in (200, "OK") and self.body is None and not (self.hangs or self.resets)


@dataclass
class Endpoint:
    """The state that both protocols share."""

    url: str = ""
    protocol: str = ""
    mode: Mode = field(default_factory=Mode)
    requests: list[str] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    accepted: list[tuple[str, Any]] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)
    released: Event = field(default_factory=Event)
    close: Callable[[], None] = lambda: None

    def record_request(self, signal: str, headers: dict[str, str]) -> None:
        with self.changed:
            self.requests.append(signal)
            self.moments.append(time.monotonic())
            self.headers.append(headers)
            self.changed.notify_all()

    def accept(self, signal: str, body: bytes) -> None:
        with self.changed:
            self.accepted.append((signal, MESSAGES[signal][0].FromString(body)))
            self.changed.notify_all()

    def response(self, signal: str) -> bytes:
        _, make, rejected = MESSAGES[signal]
        response = make()
        if self.mode.rejected:
            setattr(response.partial_success, rejected, self.mode.rejected)
            response.partial_success.error_message = "too old"
        return bytes(response.SerializeToString())

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, timeout=60)

    def items_of(self, signal: str, *path: str) -> list[Any]:
        items = [request for accepted, request in self.accepted if accepted == signal]
        for step in path:
            items = [below for item in items for below in getattr(item, step)]
        return items

    @property
    def spans(self) -> list[Any]:
        return self.items_of("traces", "resource_spans", "scope_spans", "spans")

    @property
    def records(self) -> list[Any]:
        return self.items_of("logs", "resource_logs", "scope_logs", "log_records")

    @property
    def metrics(self) -> list[Any]:
        return self.items_of("metrics", "resource_metrics", "scope_metrics", "metrics")

    @property
    def text(self) -> str:
        """All accepted requests as text, including their fields of bytes."""
        return "\n".join(str(request) for _, request in self.accepted)


@contextmanager
def http_endpoint(port: int = 0) -> Iterator[Endpoint]:
    """Serve OTLP over HTTP."""
    endpoint = Endpoint(protocol="http/protobuf")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            signal, mode, length = PATHS[self.path], endpoint.mode, int(self.headers["content-length"])
            endpoint.record_request(signal, dict(self.headers))
            if mode.resets:
                self.rfile.read(min(length, 16))
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            body = self.rfile.read(length)
            if mode.hangs:
                endpoint.released.wait()
                self.close_connection = True  # it did not accept the request, so it must not answer 200
                return
            time.sleep(mode.delay)
            too_large = length > mode.largest
            if mode.accepts and not too_large:
                endpoint.accept(signal, body)
            answer = endpoint.response(signal) if mode.body is None else mode.body
            self.send_response(413 if too_large else int(mode.status))
            self.send_header("Content-Type", mode.content_type)
            self.send_header("Content-Length", str(len(answer)))
            if mode.retry_after is not None:
                self.send_header("Retry-After", mode.retry_after)
            if mode.status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that disconnect are part of the tests
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        server.shutdown()
        server.server_close()


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no type information
    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def service(self, details: Any) -> Any:
        signal = METHODS[details.method]
        return grpc.unary_unary_rpc_method_handler(
            lambda body, context: self._answer(signal, body, context), None, None
        )

    def _answer(self, signal: str, body: bytes, context: Any) -> bytes:
        endpoint, mode = self._endpoint, self._endpoint.mode
        endpoint.record_request(
            signal, {str(key): str(value) for key, value in context.invocation_metadata()}
        )
        if mode.hangs:
            endpoint.released.wait()
            context.abort(grpc.StatusCode.UNAVAILABLE, "the request was not accepted")
        time.sleep(mode.delay)
        if len(body) > mode.largest:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "message larger than max")
        if mode.status not in (200, "OK"):
            if mode.retry_after is not None:
                context.set_trailing_metadata((("grpc-status-details-bin", _retry_info(mode)),))
            context.abort(grpc.StatusCode[str(mode.status)], "as the test set it")
        if mode.accepts:
            endpoint.accept(signal, body)
        return endpoint.response(signal) if mode.body is None else mode.body


def _retry_info(mode: Mode) -> bytes:
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=Duration(seconds=int(str(mode.retry_after)))))
    return bytes(Status(code=8, details=[detail]).SerializeToString())


@contextmanager
def grpc_endpoint(port: int = 0) -> Iterator[Endpoint]:
    """Serve OTLP over gRPC."""
    endpoint = Endpoint(protocol="grpc")
    server = grpc.server(ThreadPoolExecutor(16), options=(("grpc.max_receive_message_length", 2**26),))
    server.add_generic_rpc_handlers((_Handlers(endpoint),))
    endpoint.url = f"http://127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    server.start()
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        server.stop(0).wait()


ENDPOINTS = {"grpc": grpc_endpoint, "http/protobuf": http_endpoint}


def environment(endpoint: Endpoint, **overrides: str) -> dict[str, str]:
    """Return the environment of a service that exports to an endpoint, without the variables of shell and pytest.

    Args:
        endpoint: The endpoint.
        overrides: More variables.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and k != "PYTEST_VERSION"}
    ours = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint.url, "OTEL_EXPORTER_OTLP_PROTOCOL": endpoint.protocol}
    return {**kept, **ours, **overrides}


@contextmanager
def refused() -> Iterator[str]:
    """Yield the URL of a port on which no process listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def blackhole() -> Iterator[str]:
    """Yield the URL of a port whose backlog is full, so that no connection is established."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        port = silent.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the socket module takes it by position
            one.connect_ex(("127.0.0.1", port))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            for one in waiting:
                one.close()
