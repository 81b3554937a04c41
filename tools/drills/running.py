"""Running: a copy of the stack on free ports, with clients of its backends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import requests

from collector.backends.elasticsearch.install import Server, install
from collector.stack.build import build
from collector.stack.programs import PROGRAMS, Deployment, free_ports
from collector.stack.running import Stack
from otel_trading.ops.cli.doctor.backends import Elasticsearch, Jaeger, Prometheus

PATIENCE = 60.0
T = TypeVar("T")


def poll_until(sentence: str, ask: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Ask until the answer is true, and return it.

    Args:
        sentence: The expected state, for the error.
        ask: Returns the answer, or a false value if it is not there yet.
        patience: The longest wait, in seconds.

    Raises:
        AssertionError: The answer did not come in time.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            answer, why = ask(), None
        except (requests.RequestException, LookupError) as error:
            answer, why = None, error
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} s: {sentence}" + (f" ({why})" if why else ""))
        time.sleep(0.1)


class RunningStack:
    """A copy of the stack, and clients of its backends as the doctor has them.

    Args:
        folder: The folder for its data and logs.
        settings: More environment variables for the programs.
        configuration: Other fields of `Deployment`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, **configuration: Any) -> None:
        services = free_ports()
        self.metrics_ports = {
            "MARKET_DATA_METRICS": services["GRAFANA_PORT"],
            "SIGNAL_BRIDGE_METRICS": services["KIBANA_PORT"],
            "RISK_MANAGER_METRICS": services["PROMETHEUS_PORT"],
            "EXECUTION_ENGINE_METRICS": services["JAEGER_PORT"],
        }
        targets = {name: f"127.0.0.1:{port}" for name, port in self.metrics_ports.items()}
        components = sorted({program.component for program in PROGRAMS.values()})
        settings = {"OTELCOL_HOST_INTERVAL": "5s", **targets, **(settings or {})}
        self.site = Deployment(folder, free_ports(), build(components), settings=settings, **configuration)
        self.stack = Stack(self.site)
        self.prometheus = Prometheus(self.site.url("PROMETHEUS_PORT"))
        self.jaeger = Jaeger(self.site.url("JAEGER_PORT"))
        self.elasticsearch = Elasticsearch(self.site.url("ELASTICSEARCH_PORT"))
        self.otlp = self.site.url("OTLP_HTTP_PORT")
        self.lines = folder / "services"

    def environ(self) -> dict[str, str]:
        """Return the variables by which a service and the doctor find this stack."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "PROMETHEUS_URL": self.prometheus.url,
            "JAEGER_URL": self.jaeger.url,
            "ELASTICSEARCH_URL": self.elasticsearch.url,
            "OTELCOL_HEALTH_URL": self.site.url("OTELCOL_HEALTH_PORT"),
        }

    def install(self) -> str:
        """Install the index template, as `up` does, and return its messages."""
        return "\n".join(install(Server({"ELASTICSEARCH_URL": self.elasticsearch.url})))

    def send(self, signal: str, payload: dict[str, Any]) -> None:
        """Send OTLP as JSON, as another SDK might, and wait until the Collector accepts it."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(payload)
        answer = requests.post(f"{self.otlp}/v1/{signal}", body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        assert not any(answer.json().get("partialSuccess", {}).values()), answer.text

    def own(self, name: str, **labels: str) -> float:
        """Return the sum of the Collector's own samples of a metric that have these labels."""
        text = requests.get(self.site.url("OTELCOL_METRICS_PORT") + "/metrics", timeout=5).text
        total = 0.0
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def documents(self, query: dict[str, Any], size: int = 1000) -> list[dict[str, Any]]:
        """Find log documents, including the latest ones."""
        requests.post(f"{self.elasticsearch.url}/trading-logs-*/_refresh", timeout=10)
        return self.elasticsearch.search(query, size)

    def count_documents(self, query: dict[str, Any]) -> int:
        """Count log documents."""
        url = f"{self.elasticsearch.url}/trading-logs-*"
        requests.post(f"{url}/_refresh", timeout=10).raise_for_status()
        answer = requests.post(f"{url}/_count", json={"query": query}, timeout=10)
        answer.raise_for_status()
        return int(answer.json()["count"])
