"""A collector that receives OTLP over HTTP and can misbehave, and fixtures that run programs against it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


class Collector:
    """Keeps every request by its path; answers with `status`, or not at all while `answering` is not set."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: dict[str, list[Any]] = {path: [] for path in REQUESTS}
        self.headers: list[dict[str, str]] = []
        self.changed = Condition()
        self.answering = Event()
        self.answering.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.take(self.path, dict(self.headers), body)
                collector.answering.wait()
                self.send_response(collector.status)
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # killed clients hang up
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        with self.changed:
            self.requests[path].append(REQUESTS[path].FromString(body))
            self.headers.append(headers)
            self.changed.notify_all()

    def stop(self) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(happened, timeout=60)

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests["/v1/traces"]
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def records(self) -> list[Any]:
        return [
            record
            for request in self.requests["/v1/logs"]
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def metrics(self) -> dict[str, Any]:
        """The last state of each metric, by name."""
        return {
            metric.name: metric
            for request in self.requests["/v1/metrics"]
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The attributes of the resource of each request."""
        found = [
            *(resource for request in self.requests["/v1/traces"] for resource in request.resource_spans),
            *(resource for request in self.requests["/v1/metrics"] for resource in request.resource_metrics),
            *(resource for request in self.requests["/v1/logs"] for resource in request.resource_logs),
        ]
        return [attributes(one.resource.attributes) for one in found]


def attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


Program = Callable[..., subprocess.CompletedProcess[str]]


def environment(overrides: dict[str, str]) -> dict[str, str]:
    """The environment without the variables of OpenTelemetry and pytest."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and k != "PYTEST_VERSION"}
    return {**kept, **overrides}


@pytest.fixture
def python(collector: Collector) -> Program:
    """Run a program; its configure() sends to the collector unless `env` names another endpoint."""

    def run(code: str, *, command: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        defaults = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        return subprocess.run(
            [sys.executable, *command, "-c", code],
            env=environment({**defaults, **env}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def process(collector: Collector) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a program that waits for the test; the fixture kills it if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        env = environment(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            }
        )
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code],
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()
