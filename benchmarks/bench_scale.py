"""Growth of collection time, memory and export size with series and threads, against the SDK."""

from __future__ import annotations

import functools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import instruments
import psutil
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading import recording

SERIES = (10, 1_000, 10_000, 100_000)
THREADS = (1, 4, 16)
PER_METRIC = 1_000
"""Series per metric. Both this package and the SDK limit a metric to 2,000 series."""

RECORDS_PER_THREAD = 20_000
JUDGED = 10_000
"""The number of series for the ratios."""
RUNS = 5
"""Processes per variant, in turns. The median counts, since another program may disturb one of them."""

Record = Callable[[float], object]


def _sdk(count: int, provider: MeterProvider) -> list[Record]:
    histograms = [instruments.raw_histogram(provider, f"h{n}") for n in range(-(-count // PER_METRIC))]
    pairs = ((h, instruments.attributes(n)) for h in histograms for n in range(PER_METRIC))
    return [functools.partial(_record_raw, h, of) for h, of in islice(pairs, count)]


def _record_raw(histogram: Any, attributes: dict[str, str], value: float) -> None:
    histogram.record(value, attributes)


def _bound(count: int, provider: MeterProvider) -> list[Record]:
    recording.attach(provider, "bench")
    metrics = [
        recording.HistogramMetric(instruments.definition(f"h{n}", "histogram"))
        for n in range(-(-count // PER_METRIC))
    ]
    handles = (metric.bind(**instruments.labels(n)) for metric in metrics for n in range(PER_METRIC))
    return [handle.record for handle in islice(handles, count)]


def _prometheus(count: int, provider: MeterProvider) -> list[Record]:  # noqa: ARG001
    histograms = [instruments.prometheus_histogram(f"h{n}") for n in range(-(-count // PER_METRIC))]
    children = (h.labels(f"sip{n}", "quote") for h in histograms for n in range(PER_METRIC))
    return [child.observe for child in islice(children, count)]


VARIANTS = {"SDK": _sdk, "bound": _bound, "prometheus_client": _prometheus}


def grow(variant: str, count: int) -> dict[str, float]:
    """Create `count` series in this process, record into each, and collect them.

    Args:
        variant: A key of `VARIANTS`.
        count: The number of series.

    Returns:
        Per series: "bytes" of resident memory, "collect_us" of processor time, and "export" bytes.
    """
    # The first attached provider causes imports and probes. Their memory must not count as memory of series.
    instruments.attached()
    recording.detach()
    process, reader = psutil.Process(), InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    before = process.memory_info().rss
    records = VARIANTS[variant](count, provider)
    data, seconds = None, []
    for _ in range(11 if count <= JUDGED else 2):
        for record in records:
            record(5.5e-6)
        start = time.thread_time()
        data = reader.get_metrics_data()
        seconds.append(time.thread_time() - start)
    used = process.memory_info().rss - before
    export = encode_metrics(data).ByteSize() if variant != "prometheus_client" and data else 0
    collect = statistics.median(seconds) * 1e6
    return {"bytes": used / count, "collect_us": collect / count, "export": export / count}


def contend(variant: str, threads: int) -> dict[str, float]:
    """Record into one series from several threads; return wall-clock "ns" per record."""
    provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    [record] = VARIANTS[variant](1, provider)
    barrier = threading.Barrier(threads + 1)

    def write() -> None:
        barrier.wait()
        for _ in range(RECORDS_PER_THREAD):
            record(5.5e-6)

    writers = [threading.Thread(target=write) for _ in range(threads)]
    for writer in writers:
        writer.start()
    barrier.wait()
    start = time.perf_counter_ns()
    for writer in writers:
        writer.join()
    return {"ns": (time.perf_counter_ns() - start) / (threads * RECORDS_PER_THREAD)}


def in_own_process(measurement: str, variant: str, number: int) -> dict[str, float]:
    """Run `grow` or `contend` in its own process, so that no other measurement affects its memory."""
    command = [sys.executable, __file__, measurement, variant, str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


_once = functools.cache(in_own_process)


def scale() -> dict[str, dict[str, dict[str, float]]]:
    """Return the data of the chart, by variant and by number of series ("10") or threads ("4 threads")."""
    return {
        variant: {str(count): _once("grow", variant, count) for count in SERIES}
        | {f"{threads} threads": _once("contend", variant, threads) for threads in THREADS}
        for variant in ("SDK", "bound")
    }


def ratios() -> dict[str, float]:
    """Return collection time against the SDK, and memory against prometheus_client and the SDK."""
    runs = [{variant: in_own_process("grow", variant, JUDGED) for variant in VARIANTS} for _ in range(RUNS)]
    middle = {
        (variant, figure): statistics.median(run[variant][figure] for run in runs)
        for variant in VARIANTS
        for figure in ("bytes", "collect_us")
    }
    return {
        "collection_vs_raw": middle["bound", "collect_us"] / middle["SDK", "collect_us"],
        "memory_vs_prometheus": middle["bound", "bytes"] / middle["prometheus_client", "bytes"],
        "memory_vs_raw": middle["bound", "bytes"] / middle["SDK", "bytes"],
    }


if __name__ == "__main__":
    print(json.dumps({"grow": grow, "contend": contend}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))))
