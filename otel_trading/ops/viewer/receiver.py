"""The receiver: accepts OTLP over HTTP and gRPC on loopback, and adds it to a store."""

from __future__ import annotations

import gzip
import socket
import zlib
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from typing_extensions import Self

from otel_trading.errors import ConfigurationError
from otel_trading.ops.viewer.intake import Intake, OtlpRoute
from otel_trading.ops.viewer.own_origin import refusal
from otel_trading.ops.viewer.store import Store

_HOST: Final = "127.0.0.1"
_MAX_BODY: Final = 32 * 1024 * 1024
_PROTOBUF: Final = "application/x-protobuf"
_JSON: Final = "application/json"
_REASONS: Final = {404: "unknown path", 413: "too long", 400: "not OTLP"}


class Receiver:
    """Receives OTLP on two ports of 127.0.0.1, from `with` to the end of its block.

    Args:
        into: The store, or the intake in front of a store.
        http_port: The port for `http/protobuf` and `http/json`; 0 selects a free one.
        grpc_port: The port for `grpc`; 0 selects a free one.

    Attributes:
        endpoint: The URL for `http/protobuf` and `http/json`.
        grpc_endpoint: The URL for `grpc`.

    Raises:
        ConfigurationError: A port is taken.
    """

    def __init__(self, into: Store | Intake, http_port: int = 0, grpc_port: int = 0) -> None:
        intake = into if isinstance(into, Intake) else Intake(into)
        self._grpc, port = _grpc(grpc_port, intake)
        self._http = _http(http_port, intake)
        self._thread = Thread(target=self._http.serve_forever, name="otlp-http", daemon=True)
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    intake: Intake


class _Handler(BaseHTTPRequestHandler):
    """Handles one OTLP/HTTP request; an empty response message is a full success."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Handle an export request."""
        reason = refusal(self.headers, self.server.server_port)
        if reason is not None:
            self.close_connection = True  # the body stays unread
            self._refuse(403, reason)
            return
        body = self._body()
        route = self.server.intake.routes.get(self.path)
        if route is None or body is None:
            self._refuse(404 if route is None else 413)
            return
        try:
            raw = _unzipped(body) if self.headers.get("Content-Encoding") == "gzip" else body
            self.server.intake.add(route, raw, is_json=self._is_json())
        except (DecodeError, OSError, EOFError, zlib.error):
            self._refuse(400)
            return
        self._answer(200)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing, because the demo writes to the terminal."""

    def _is_json(self) -> bool:
        return self.headers.get("Content-Type", "").startswith(_JSON)

    def _body(self) -> bytes | None:
        """Read the body; return None if it is too long."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            length = self.headers.get("Content-Length", "")
            fits = length.isdecimal() and int(length) <= _MAX_BODY
            body = self.rfile.read(int(length)) if fits else None
        # The rest of a refused body would be parsed as the next request of the connection.
        self.close_connection |= body is None
        return body

    def _chunks(self) -> bytes | None:
        body = bytearray()
        while (size := _size(self.rfile.readline(32))) and len(body) + size <= _MAX_BODY:
            body += self.rfile.read(size)
            self.rfile.readline(4)
        while not size and self.rfile.readline(1024).strip():
            pass  # skip the trailers, which OTLP does not use
        return None if size else bytes(body)

    def _refuse(self, status: int, reason: str | None = None) -> None:
        self.server.intake.store.refuse(reason or _REASONS[status])
        self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _JSON if self._is_json() else _PROTOBUF)
        self.send_header("Content-Length", "2" if self._is_json() else "0")
        self.end_headers()
        if self._is_json():
            self.wfile.write(b"{}")


def _size(line: bytes) -> int:
    """Return the size of a chunk (RFC 9112, section 7.1); a malformed size counts as too long."""
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        return _MAX_BODY + 1


def _unzipped(body: bytes) -> bytes:
    with gzip.GzipFile(fileobj=BytesIO(body)) as archive:
        # A bounded read protects against a small body that expands to gigabytes.
        raw = archive.read(_MAX_BODY + 1)
    if len(raw) > _MAX_BODY:
        raise OSError("the body is too long")
    return raw


def _http(port: int, intake: Intake) -> _Server:
    try:
        server = _Server((_HOST, port), _Handler)
    except OSError as error:
        raise ConfigurationError(taken(port, "--otlp-http")) from error
    server.intake = intake
    return server


def _grpc(port: int, intake: Intake) -> tuple[grpc.Server, int]:
    _check_free(port)  # gRPC would also report a taken port on stderr
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=2, thread_name_prefix="otlp-grpc"),
        # Without this option a second viewer shares the port, and each of them receives half of the data.
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MAX_BODY)],
    )
    server.add_generic_rpc_handlers([_rpc(route, intake) for route in intake.routes.values()])
    return server, server.add_insecure_port(f"{_HOST}:{port}")


def _check_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise ConfigurationError(taken(port, "--otlp-grpc")) from error


def taken(port: int, option: str) -> str:
    """Return the error text for a taken port, with the option that selects another one."""
    return f"port {port} of {_HOST} is taken: stop the program that uses it, or choose another with {option}"


def _rpc(route: OtlpRoute, intake: Intake) -> grpc.GenericRpcHandler:
    def export(body: bytes, context: grpc.ServicerContext) -> Any:
        try:
            intake.add(route, body)
        except DecodeError:
            intake.store.refuse(_REASONS[400])
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, _REASONS[400])
        return route.response()

    handler = grpc.unary_unary_rpc_method_handler(
        export, response_serializer=route.response.SerializeToString
    )
    return grpc.method_handlers_generic_handler(route.service, {"Export": handler})
