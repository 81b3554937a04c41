"""Tail latency of one `record` while another thread exports."""

from __future__ import annotations

import functools
import statistics
import threading
from collections.abc import Callable

import instruments
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from timing import Spread, percentile, single

from otel_trading import recording

SERIES = 300
INTERVAL_MS = 50
"""An interval so short that nearly every call is close to an export; the default is `DEFAULT_MS`."""

DEFAULT_MS = 5_000
CALLS = 30_000
DEFAULT_CALLS = 1_500_000
"""Enough calls to see three exports."""

RUNS = 3


class Encoder(MetricExporter):
    """Encodes each collection as OTLP, and sends it nowhere."""

    def export(self, metrics_data: MetricsData, *args: object, **kwargs: object) -> MetricExportResult:  # noqa: ARG002
        """Encode one collection."""
        encode_metrics(metrics_data).SerializeToString()
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 0) -> bool:  # noqa: ARG002
        """Do nothing: there is nothing to flush."""
        return True

    def shutdown(self, timeout_millis: float = 0, **kwargs: object) -> None:
        """Do nothing: there is nothing to close."""


def during_export(variant: str, interval_ms: int, calls: int) -> Spread:
    """Record into 300 series from one thread, after 20 µs of other work each, while another exports."""
    provider = MeterProvider(
        [PeriodicExportingMetricReader(Encoder(), export_interval_millis=interval_ms)], shutdown_on_exit=False
    )
    records = _records(variant, provider)
    seen: list[int] = []
    names = {"records": records, "work": list(range(1_000))}
    hot = single("record(5.5e-6)", names, before=f"sum(work); record = records[i % {SERIES}]")
    thread = threading.Thread(target=lambda: seen.extend(hot(calls)))
    thread.start()
    thread.join()
    provider.shutdown()
    recording.detach()
    return Spread(percentile(seen, 0.5), percentile(seen, 0.99), percentile(seen, 0.999))


def _records(variant: str, provider: MeterProvider) -> list[Callable[[float], None]]:
    """Return one recording function per series; every variant creates the same series."""
    recording.attach(provider, "bench")
    metric = recording.HistogramMetric(instruments.definition("tail.histogram", "histogram"))
    handles = [metric.bind(**instruments.labels(number)) for number in range(SERIES)]
    for handle in handles:
        handle.record(1e-6)
    if variant == "bound record":
        return [handle.record for handle in handles]
    if variant == "nothing":
        return [lambda value: None] * SERIES  # noqa: ARG005
    if variant == "addition to a list":
        return [_adder([0.0] * len(instruments.BOUNDS)) for _ in handles]
    raw = instruments.raw_histogram(provider)
    each = [instruments.attributes(number) for number in range(SERIES)]
    return [lambda value, of=of: raw.record(value, of) for of in each]  # type: ignore[misc]


def _adder(sums: list[float]) -> Callable[[float], None]:
    """Return the cheapest function that stores a number per series: it shows the cost of cold memory."""

    def add(value: float) -> None:
        sums[0] += value

    return add


@functools.cache
def spreads() -> dict[str, Spread]:
    """Return the medians of three runs, and one run at the default interval."""
    variants = ("nothing", "addition to a list", "SDK record", "bound record")
    runs = {
        variant: [during_export(variant, INTERVAL_MS, CALLS) for _ in range(RUNS)] for variant in variants
    }
    often = {
        f"{variant} during export": Spread(*(statistics.median(column) for column in zip(*seen, strict=True)))
        for variant, seen in runs.items()
    }
    return often | {
        f"{variant}, export every 5 s": during_export(variant, DEFAULT_MS, DEFAULT_CALLS)
        for variant in ("nothing", "bound record")
    }


def ratios() -> dict[str, float]:
    """Return the ratio of the tail to the median, for both intervals."""
    often, seldom = (spreads()[f"bound record{when}"] for when in (" during export", ", export every 5 s"))
    return {
        "tail_vs_median": often.p999 / often.median,
        "tail_vs_median_by_default": seldom.p999 / seldom.median,
    }
