"""Throughput, cost and losses of one Collector, with the full configuration and with a bare one.

`python benchmarks/bench_collector.py [--seconds 30] [--spans 31000] [--logs 10500] [--series 21000] [--json]`
starts the real programs on free ports, sends the load, waits until all of it has arrived, and counts both
ends.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import otlp_load as load
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collector.backends.elasticsearch.install import Server, install
from collector.stack.build import build
from collector.stack.programs import PROGRAMS, Deployment, free_ports
from collector.stack.running import Stack

BARE = Path(__file__).resolve().parent / "collector_bare.yaml"
_EXPORT_INTERVAL = 5
_SERVICES = 3
_SAMPLE = re.compile(r"^([a-zA-Z_:.]+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@dataclass
class CollectorRun:
    """The measurements of one run."""

    configuration: str
    spans: int
    logs: int
    points: int
    seconds: float
    drained: float
    refused: int
    lost: int
    cpu: float
    memory_mb: float

    @property
    def cpu_us_per_span(self) -> float:
        """Microseconds of a core per span; the cost of other signals is included."""
        return self.cpu / self.spans * 1e6


class CollectorMeter:
    """Reads the Collector of a stack: its own metrics, its CPU time and its memory."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.deployment.url("OTELCOL_METRICS_PORT") + "/metrics"
        self._process = psutil.Process(stack.pid("otelcol"))
        self.peak = 0

    def cpu(self) -> float:
        """Return the CPU seconds so far, and update the peak of the memory."""
        self.peak = max(self.peak, self._process.memory_info().rss)
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def total(self, name: str, label: str = "") -> float:
        """Return the sum of the samples of a metric that contain a label."""
        with urllib.request.urlopen(self._url, timeout=5) as answer:
            text = answer.read().decode()
        return sum(float(v) for n, ls, v in _SAMPLE.findall(text) if n == name and label in ls)


def run(name: str, given: argparse.Namespace, config: tuple[Path, ...] | None, percent: int) -> CollectorRun:
    """Run the load against one configuration."""
    with tempfile.TemporaryDirectory() as folder:
        binaries = build(sorted({program.component for program in PROGRAMS.values()}))
        options: dict[str, Any] = {} if config is None else {"collector": config}
        settings = {"OTELCOL_KEEP_PERCENT": str(percent), "MARKET_DATA_METRICS": "127.0.0.1:1"}
        stack = Stack(Deployment(Path(folder), free_ports(), binaries, settings=settings, **options))
        try:
            stack.start()
            install(Server({"ELASTICSEARCH_URL": stack.deployment.url("ELASTICSEARCH_PORT")}))
            return _measure(name, given, stack, is_bare=config is not None)
        finally:
            stack.close()


def _measure(name: str, given: argparse.Namespace, stack: Stack, *, is_bare: bool) -> CollectorRun:
    collector = CollectorMeter(stack)
    plans = [[(load.traces(), given.spans / load.SPANS / _SERVICES)] for _ in range(_SERVICES)]
    if not is_bare:
        firsts = range(0, given.series, load.SERIES_PER_REQUEST)
        plans.append([(load.logs(), given.logs / load.LOGS)])
        plans.append([(load.metrics(first), 1 / _EXPORT_INTERVAL) for first in firsts])
    plans = [plan for plan in plans if plan and plan[0][1] > 0]
    senders = [load.LoadSender(stack.deployment.address("OTLP_HTTP_PORT")) for _ in plans]
    cpu, begin = collector.cpu(), time.perf_counter()
    with ThreadPoolExecutor(len(plans)) as threads:  # one connection each, like services
        counts = threads.map(load.run, senders, plans, repeat(given.seconds))
        sent = dict(sum(map(Counter, counts), Counter()))
    taken = time.perf_counter() - begin
    while (
        not _arrived(collector, sent, is_bare=is_bare) and time.perf_counter() - begin < given.seconds + 120
    ):
        collector.cpu()
        time.sleep(0.5)
    drained = time.perf_counter() - begin - taken
    used = collector.cpu() - cpu
    spans, logs, points = (sent.get(f"/v1/{signal}", 0) for signal in ("traces", "logs", "metrics"))
    lost = _lost(collector, stack, sent, is_bare=is_bare)
    memory = collector.peak / 2**20
    refused = sum(sender.refused for sender in senders)
    return CollectorRun(name, spans, logs, points, taken, drained, refused, lost, used, memory)


def _arrived(collector: CollectorMeter, sent: dict[str, int], *, is_bare: bool) -> bool:
    waiting = collector.total("otelcol_exporter_queue_size") + collector.total(
        "otelcol_exporter_in_flight_requests"
    )
    decided = _decided(collector, is_bare=is_bare) >= sent.get("/v1/traces", 0)
    return waiting == 0 and decided and (is_bare or _kept(collector) == _sent(collector))


def _kept(collector: CollectorMeter) -> float:
    return 5 * collector.total(
        "otelcol_processor_tail_sampling_global_count_traces_sampled", 'sampled="true"'
    )


def _sent(collector: CollectorMeter) -> float:
    return collector.total("otelcol_exporter_sent_spans")


def _decided(collector: CollectorMeter, *, is_bare: bool) -> float:
    if is_bare:
        return collector.total("otelcol_exporter_sent_spans")
    return 5 * collector.total("otelcol_processor_tail_sampling_global_count_traces_sampled")


def _lost(collector: CollectorMeter, stack: Stack, sent: dict[str, int], *, is_bare: bool) -> int:
    """Return how many items are lost: undecided or unsent spans, log records without a document."""
    lost = sent.get("/v1/traces", 0) - _decided(collector, is_bare=is_bare)
    if not is_bare:
        lost += _kept(collector) - _sent(collector)
        lost += sent.get("/v1/logs", 0) - _documents(stack)
        lost += collector.total("otelcol_receiver_accepted_metric_points", "otlp") - sent.get(
            "/v1/metrics", 0
        )
    return int(lost)


def _documents(stack: Stack) -> int:
    url = stack.deployment.url("ELASTICSEARCH_PORT")
    with urllib.request.urlopen(f"{url}/trading-logs-*/_refresh", timeout=60):
        pass
    with urllib.request.urlopen(f"{url}/trading-logs-*/_count", timeout=60) as answer:
        return int(json.load(answer)["count"])


def markdown(rows: list[CollectorRun]) -> str:
    """Return the rows as a Markdown table for the documentation."""
    head = (
        "| configuration | spans/s | log records/s | points/s | refused | lost | drained after | cores "
        "| CPU per span | spans/s a core | peak memory |\n|--|--|--|--|--|--|--|--|--|--|--|\n"
    )
    return head + "".join(
        f"| {row.configuration} | {row.spans / row.seconds:,.0f} | {row.logs / row.seconds:,.0f} "
        f"| {row.points / row.seconds:,.0f} | {row.refused} | {row.lost} | {row.drained:.1f} s "
        f"| {row.cpu / (row.seconds + row.drained):.2f} | {row.cpu_us_per_span:.1f} µs "
        f"| {1e6 / row.cpu_us_per_span:,.0f} | {row.memory_mb:.0f} MB |\n"
        for row in rows
    )


def main() -> int:
    """Run the benchmark, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("seconds", 30), ("spans", 31_000), ("logs", 10_500), ("series", 21_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    alone = argparse.Namespace(**{**vars(given), "logs": 0, "series": 0})
    rows = [
        run("bare: OTLP in, queue, Jaeger", given, (BARE,), 100),
        run("full, spans alone", alone, None, 10),
        run("full, all three signals", given, None, 10),
    ]
    print(json.dumps([asdict(row) for row in rows], indent=2) if given.json else markdown(rows))
    return 1 if any(row.lost for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
