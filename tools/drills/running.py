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

TIMEOUT = 60.0
T = TypeVar("T")


def poll_until(sentence: str, ask: Callable[[], T | None], timeout: float = TIMEOUT) -> T:
    """Repeat a query until its answer is true, and return the answer.

    Args:
        sentence: The expected state, for the error message.
        ask: Returns the answer; a false value repeats the query.
        timeout: The longest wait, in seconds.

    Raises:
        AssertionError: The answer was not true in time.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            answer, why = ask(), None
        except (requests.RequestException, LookupError) as error:
            answer, why = None, error
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:.0f} s: {sentence}" + (f" ({why})" if why else ""))
        time.sleep(0.1)


class RunningStack:
    """A copy of the stack, and the doctor's clients of its backends.

    Args:
        folder: The folder for its data and logs.
        settings: More environment variables for the programs.
        configuration: Other fields of `Deployment`.

    Attributes:
        programs: Starts and stops the programs of the copy.
        log_folder: The folder from which the Collector reads log files.
        metrics_ports: The ports that the Collector scrapes, by its environment variables.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None, **configuration: Any) -> None:
        spare = free_ports()
        self.metrics_ports = {
            "MARKET_DATA_METRICS": spare["GRAFANA_PORT"],
            "SIGNAL_BRIDGE_METRICS": spare["KIBANA_PORT"],
            "RISK_MANAGER_METRICS": spare["PROMETHEUS_PORT"],
            "EXECUTION_ENGINE_METRICS": spare["JAEGER_PORT"],
        }
        targets = {name: f"127.0.0.1:{port}" for name, port in self.metrics_ports.items()}
        components = sorted({program.component for program in PROGRAMS.values()})
        settings = {"OTELCOL_HOST_INTERVAL": "5s", **targets, **(settings or {})}
        self.deployment = Deployment(
            folder, free_ports(), build(components), settings=settings, **configuration
        )
        self.programs = Stack(self.deployment)
        self.prometheus = Prometheus(self.deployment.url("PROMETHEUS_PORT"))
        self.jaeger = Jaeger(self.deployment.url("JAEGER_PORT"))
        self.elasticsearch = Elasticsearch(self.deployment.url("ELASTICSEARCH_PORT"))
        self.otlp = self.deployment.url("OTLP_HTTP_PORT")
        self.log_folder = folder / "services"

    def environ(self) -> dict[str, str]:
        """Return the environment variables with the addresses of this stack, for services and the doctor."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "PROMETHEUS_URL": self.prometheus.url,
            "JAEGER_URL": self.jaeger.url,
            "ELASTICSEARCH_URL": self.elasticsearch.url,
            "OTELCOL_HEALTH_URL": self.deployment.url("OTELCOL_HEALTH_PORT"),
        }

    def install(self) -> str:
        """Install the index template, as `up` does, and return its messages."""
        return "\n".join(install(Server({"ELASTICSEARCH_URL": self.elasticsearch.url})))

    def send(self, signal: str, payload: dict[str, Any]) -> None:
        """Send OTLP as JSON, as another SDK may do, and check that the Collector accepts it."""
        headers = {"Content-Type": "application/json"}
        body = json.dumps(payload)
        answer = requests.post(f"{self.otlp}/v1/{signal}", body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        assert not any(answer.json().get("partialSuccess", {}).values()), answer.text

    def collector_total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with these labels that the Collector reports about itself."""
        text = requests.get(self.deployment.url("OTELCOL_METRICS_PORT") + "/metrics", timeout=5).text
        total = 0.0
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(f'{k}="{v}"' in series for k, v in labels.items()):
                total += float(value)
        return total

    def documents(self, query: dict[str, Any], size: int = 1000) -> list[dict[str, Any]]:
        """Return the log documents that match a query, including the latest ones."""
        requests.post(f"{self.elasticsearch.url}/trading-logs-*/_refresh", timeout=10)
        return self.elasticsearch.search(query, size)

    def count_documents(self, query: dict[str, Any]) -> int:
        """Return the number of log documents that match a query."""
        url = f"{self.elasticsearch.url}/trading-logs-*"
        requests.post(f"{url}/_refresh", timeout=10).raise_for_status()
        answer = requests.post(f"{url}/_count", json={"query": query}, timeout=10)
        answer.raise_for_status()
        return int(answer.json()["count"])
