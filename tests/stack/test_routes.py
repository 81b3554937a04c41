"""A series has one name and the same labels, whether it was pushed by OTLP or scraped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_trading.semconv import ALL_METRICS
from tools.drills.running import RunningStack, poll_until

SCRIPT = Path(__file__).with_name("every_metric.py")
PUSHED, SCRAPED = "pushed", "market-data"
IDENTITY = {"job", "instance", "service_name", "service_instance_id"}


@contextmanager
def service(stack: RunningStack, **environ: str) -> Iterator[None]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        env={**kept, **stack.environ(), "OTEL_TRADING_ENVIRONMENT": "routes", **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "recorded\n"
        yield
        process.communicate(timeout=30)


Series = dict[str, set[frozenset[tuple[str, str]]]]


def series_of(stack: RunningStack, job: str) -> Series:
    """Return the labels of our metrics' series by name, without the labels that identify the service."""
    names = {
        m.prometheus + s
        for m in ALL_METRICS
        for s in (("_bucket", "_sum", "_count") if m.kind == "histogram" else ("",))
    }
    found: Series = {}
    for series in stack.prometheus.query(f'{{job="{job}",deployment_environment_name="routes"}}'):
        labels = dict(series["metric"])
        name = labels.pop("__name__")
        if name in names:
            kept = frozenset((k, v) for k, v in labels.items() if k not in IDENTITY and k != "le")
            found.setdefault(name, set()).add(kept)
    return found


def complete(found: Series) -> Series | None:
    """Return the series if every metric has one, else None; the service makes no HTTP requests."""
    wanted = {m.prometheus for m in ALL_METRICS} - {"http_client_request_duration_seconds"}
    return found if {name.removesuffix("_count") for name in found} >= wanted else None


def test_both_routes_give_the_same_series(stack):
    port = str(stack.metrics_ports["MARKET_DATA_METRICS"])
    scraped = {"OTEL_TRADING_EXPORTERS": "prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": port}
    with service(stack, OTEL_SERVICE_NAME=PUSHED), service(stack, OTEL_SERVICE_NAME=SCRAPED, **scraped):
        both = poll_until("the pushed series are there", lambda: complete(series_of(stack, PUSHED)))
        poll_until("the scraped series are there", lambda: complete(series_of(stack, SCRAPED)))
        assert series_of(stack, SCRAPED) == both
        for job in (PUSHED, SCRAPED):
            for series in stack.prometheus.query(f'{{job="{job}",deployment_environment_name="routes"}}'):
                labels = series["metric"]
                assert labels["service_name"] == job
                assert labels["service_instance_id"] == labels["instance"]
