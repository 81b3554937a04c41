"""Seconds from an event to the first query that finds it in Jaeger, Prometheus or Elasticsearch.

`python benchmarks/bench_delivery.py [--rounds 60] [--json]` starts the real programs on free ports, and
records spans, samples and log records with the default settings, at random times within the export intervals.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from opentelemetry import metrics
from opentelemetry.trace import format_trace_id

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import otel_trading as ot
from collector.backends.elasticsearch.install import Server, install
from collector.stack.build import build
from collector.stack.programs import PROGRAMS, Deployment, free_ports
from collector.stack.running import Stack
from otel_trading.ops.cli.doctor.backends import Elasticsearch, Jaeger, Prometheus

_TIMEOUT = 60.0
_POLL = 0.1
_STEP = 1.3


class Round:
    """One span, one sample and one log record, and the delivery time of each.

    Args:
        number: The number of the round, which distinguishes its sample.
        deployment: The running stack.
    """

    def __init__(self, number: int, deployment: Deployment) -> None:
        self._number = str(number)
        self._prometheus = Prometheus(deployment.url("PROMETHEUS_PORT"))
        self._jaeger = Jaeger(deployment.url("JAEGER_PORT"))
        self._elasticsearch = Elasticsearch(deployment.url("ELASTICSEARCH_PORT"))
        with ot.span("round", {"trading.order.id": self._number}) as span:
            ot.event("delivery.round", {"round": self._number})
            self._trace_id = format_trace_id(span.get_span_context().trace_id)
        gauge = metrics.get_meter("bench").create_gauge("delivery.round", "s")
        gauge.set(time.time(), {"round": self._number})
        self._begin = time.monotonic()

    def measure(self) -> dict[str, float]:
        """Query the backends until all three items are found.

        Returns:
            The seconds until each was found, by backend.

        Raises:
            TimeoutError: An item was not found within a minute.
        """
        wanted: dict[str, Callable[[], object]] = {
            "a span in Jaeger": lambda: self._jaeger.trace(self._trace_id),
            "a sample in Prometheus": lambda: self._prometheus.query(
                f'delivery_round_seconds{{round="{self._number}"}}'
            ),
            "a line in Elasticsearch": lambda: self._elasticsearch.search(
                {"term": {"trace.id": self._trace_id}}
            ),
        }
        found: dict[str, float] = {}
        while len(found) < len(wanted):
            for name, ask in wanted.items():
                if name not in found and _answer(ask):
                    found[name] = time.monotonic() - self._begin
            if time.monotonic() - self._begin > _TIMEOUT:
                raise TimeoutError(f"after a minute: {sorted(wanted.keys() - found.keys())} not found")
            time.sleep(_POLL)
        return found


def _answer(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except requests.RequestException:  # for example the index of the day before its first document
        return None


def measure(rounds: int, deployment: Deployment) -> dict[str, list[float]]:
    """Run overlapping rounds, and return the seconds of all rounds by backend, in ascending order."""
    draw = random.Random(7)  # noqa: S311 - random times, not secrets
    with ThreadPoolExecutor(rounds) as threads:
        running = []
        for number in range(rounds):
            running.append(threads.submit(Round(number, deployment).measure))
            time.sleep(draw.uniform(0, 2 * _STEP))
        found = [future.result() for future in running]
    return {name: sorted(one[name] for one in found) for name in found[0]}


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return the p50, the p95 and the worst value."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(cuts[9], 2), "p95": round(cuts[18], 2), "worst": round(seconds[-1], 2)}


def main() -> int:
    """Run the benchmark, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        binaries = build(sorted({program.component for program in PROGRAMS.values()}))
        stack = Stack(Deployment(Path(folder), free_ports(), binaries))
        try:
            stack.start()
            install(Server({"ELASTICSEARCH_URL": stack.deployment.url("ELASTICSEARCH_PORT")}))
            os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = stack.deployment.url("OTLP_GRPC_PORT")
            with ot.configure("bench-delivery", environment="bench", json_logs=False):
                rows = {name: percentiles(s) for name, s in measure(given.rounds, stack.deployment).items()}
        finally:
            stack.close()
    if given.json:
        print(json.dumps(rows, indent=2))
        return 0
    print("| from event to query | p50 | p95 | worst |\n|--|--|--|--|")
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{value:.1f} s" for value in row.values()) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
