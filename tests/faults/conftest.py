"""Run the pipeline of a service, in the test's process or in a separate one, against an endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource

from otel_trading import logs, recording, tracing
from otel_trading.pipeline.deliver import self_metrics
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import after
from otel_trading.pipeline.setup.builder import Builder
from otel_trading.pipeline.setup.providers import Providers
from otel_trading.pipeline.setup.resolve import resolve
from otel_trading.pipeline.setup.settings import SIGNALS
from tools.faults.endpoint import ENDPOINTS, Endpoint, environment


class Pipeline:
    """Providers as `configure` builds them, without its handlers of exit and signals."""

    def __init__(self, url: str, protocol: str, **settings: Any) -> None:
        keywords = {"service_name": "faults", "endpoint": url, "protocol": protocol, **settings}
        resolved = resolve(keywords, {})
        self.providers = Providers()
        resource = Resource({"service.name": "faults", "process.pid": os.getpid()})
        builder = Builder(self.providers, resolved, resource)
        for signal in SIGNALS:
            builder.build(signal)
        tracer, meter, logger = (self.providers.by_signal[signal] for signal in SIGNALS)
        self.tracer, self.logger = tracer.get_tracer("raw"), logger.get_logger("raw")
        self.meter = meter.get_meter("raw")
        tracing.attach(tracer, "test", logger)
        logs.attach(logger, "test")
        recording.attach(meter, "test")
        self_metrics.observe(self.providers.routes, meter, "test")

    def route(self, signal: str) -> ExportAccount:
        return next(route for route in self.providers.routes if route.signal == signal)

    def flush(self, seconds: float = 30.0) -> bool:
        return self.providers.flush(after(seconds))

    def close(self, seconds: float = 30.0) -> bool:
        recording.detach()
        tracing.detach()
        logs.detach()
        return self.providers.close(after(seconds))

    def account(self, signal: str) -> tuple[int, int, dict[str, int], int]:
        """Produced, delivered, dropped by reason, waiting."""
        health = self.route(signal).health()
        return health.produced, health.delivered, health.dropped, health.waiting


@pytest.fixture
def pipelines() -> Iterator[Callable[..., Pipeline]]:
    """Build pipelines that are closed, without waiting, at the end of the test."""
    with ExitStack() as ends:

        def build(url: str, protocol: str = "http/protobuf", **settings: Any) -> Pipeline:
            quick = {"span_delay": 60.0, "log_delay": 60.0, "export_interval": 3600.0}
            pipeline = Pipeline(url, protocol, **{**quick, **settings})
            ends.callback(pipeline.close, 0.0)
            return pipeline

        yield build


@pytest.fixture(params=list(ENDPOINTS))
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """An endpoint, over gRPC and over HTTP in turn."""
    with ENDPOINTS[request.param]() as endpoint:
        yield endpoint


@pytest.fixture
def http() -> Iterator[Endpoint]:
    """An endpoint over HTTP."""
    with ENDPOINTS["http/protobuf"]() as endpoint:
        yield endpoint


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard as in production: it swallows our own errors."""
    monkeypatch.delenv("PYTEST_VERSION")


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start programs; the fixture kills those that still run after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str, endpoint: Endpoint, **env: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment(endpoint, **env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program to its end."""

    def run(code: str, endpoint: Endpoint, **env: str) -> subprocess.CompletedProcess[str]:
        child = start(code, endpoint, **env)
        out, err = child.communicate(timeout=120)
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    return run
