"""Speed of `traced` and `span` against the raw SDK's span and histogram, as ratios within one run.

`python benchmarks/bench_spans.py [--json]`. This package is set up by `configure`, the raw SDK as in its
documentation. Both end in a queue whose exporter is a fake that does nothing.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from interleaved import Case, Cost, above, measure, table
from nowhere import export_nowhere
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from timing import Spread

import otel_trading as ot
from otel_trading import metrics, recording, tracing

CHECK = {"trading.risk.check.type": "position"}
ATTRIBUTES = {**CHECK, "trading.venue.name": "XNAS", "trading.strategy.name": "mm"}
BATCH = 8192
BARE = "the function alone"
RAW = "raw OpenTelemetry"
PEERS = ("ddtrace", "logfire")


class FakeSpanExporter(SpanExporter):
    """Exports nothing, and reports success."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop the batch."""
        del spans
        return SpanExportResult.SUCCESS


class FakeMetricExporter(MetricExporter):
    """Exports nothing, and reports success."""

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """Drop the batch."""
        del metrics_data, timeout_millis, kwargs
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Do nothing."""
        return timeout_millis > 0

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Do nothing."""


def check(quantity: int) -> int:
    """The function that both sides instrument."""
    return quantity


async def check_async(quantity: int) -> int:
    """The same function as a coroutine."""
    return quantity


def drive(coroutine: Any) -> None:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration:
        return


def providers(ratio: float) -> tuple[TracerProvider, MeterProvider]:
    """Return the SDK's providers with the SDK's own queues."""
    provider = TracerProvider(ParentBasedTraceIdRatio(ratio), shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(FakeSpanExporter(), max_queue_size=BATCH, max_export_batch_size=BATCH)
    )
    reader = PeriodicExportingMetricReader(FakeMetricExporter(), 60_000)
    return provider, MeterProvider([reader], shutdown_on_exit=False)


def raw(ratio: float) -> dict[str, Case]:
    """Return the raw span and histogram as a call and as a coroutine."""
    provider, meters = providers(ratio)
    tracer = provider.get_tracer("raw")
    duration = meters.get_meter("raw").create_histogram("trading.risk.check.duration", "s")

    def call() -> int:
        with tracer.start_as_current_span("risk.check", attributes=ATTRIBUTES):
            started = perf_counter()
            try:
                return check(1)
            finally:
                duration.record(perf_counter() - started, CHECK)

    async def coroutine() -> int:
        with tracer.start_as_current_span("risk.check", attributes=ATTRIBUTES):
            started = perf_counter()
            try:
                return await check_async(1)
            finally:
                duration.record(perf_counter() - started, CHECK)

    return {
        RAW: Case(call, provider.force_flush),
        f"{RAW}, async": Case(lambda: drive(coroutine()), provider.force_flush),
    }


@contextmanager
def ours(ratio: float, *, defer: bool) -> Iterator[dict[str, Case]]:
    """Configure telemetry like a user, and yield the same calls with this package."""
    export_nowhere()
    telemetry = ot.configure(
        "bench",
        logs_exporters="none",
        json_logs=False,
        instrument_requests=False,
        export_interval=60,
        sample_ratio=ratio,
        span_batch_size=BATCH,
        defer_span_ends=defer,
    )
    traced = ot.traced("risk.check", duration=metrics.risk_check_duration, attributes=ATTRIBUTES)
    plain, coroutine = traced(check), traced(check_async)
    bound = metrics.risk_check_duration.bind(check_type="position")

    def block() -> int:
        with ot.span("risk.check", ATTRIBUTES), bound.time():
            return check(1)

    def settle() -> bool:
        return telemetry.flush(30)

    yield {
        "ot.traced": Case(lambda: plain(1), settle),
        "ot.traced, async": Case(lambda: drive(coroutine(1)), settle),
        "ot.span": Case(block, settle),
    }
    telemetry.shutdown()


@functools.cache
def measured(ratio: float, *, defer: bool = False) -> dict[str, Cost]:
    """Return the costs of both sides at a ratio of sampled traces."""
    with ours(ratio, defer=defer) as cases:
        bare = {BARE: Case(lambda: check(1)), f"{BARE}, async": Case(lambda: drive(check_async(1)))}
        return measure({**bare, **raw(ratio), **cases})


def _ratios(costs: dict[str, Cost], prefix: str, names: dict[str, str]) -> dict[str, float]:
    found = {}
    for name, case in names.items():
        kind = ", async" if "async" in case else ""
        extra, raw_case = above(costs, f"{BARE}{kind}"), f"{RAW}{kind}"
        found[f"{prefix}{name}"] = extra[raw_case] / extra[case]
    return found


def ratios() -> dict[str, float]:
    """Return how many times faster than raw OpenTelemetry each variant is, by name."""
    sampled = {"": "ot.traced", "_async": "ot.traced, async", "_block": "ot.span"}
    return {
        **_ratios(measured(1.0), "span_sampled", sampled),
        **_ratios(measured(1.0, defer=True), "span_deferred", {"": "ot.traced"}),
        **_ratios(measured(0.0), "span_unsampled", {"": "ot.traced", "_async": "ot.traced, async"}),
        **_ratios(over_the_sdks_queue(), "span_over_the_sdks_queue", {"": "ot.traced"}),
    }


@functools.cache
def over_the_sdks_queue() -> dict[str, Cost]:
    """Return the costs with the SDK's queue on both sides."""
    provider, meters = providers(1.0)
    tracing.attach(provider, "bench")
    recording.attach(meters, "bench")
    traced = ot.traced("risk.check", duration=metrics.risk_check_duration, attributes=ATTRIBUTES)(check)
    ours = Case(lambda: traced(1), provider.force_flush)
    costs = measure({BARE: Case(lambda: check(1)), RAW: raw(1.0)[RAW], "ot.traced": ours})
    tracing.detach()
    recording.detach()
    return costs


def peer(name: str) -> Callable[[], object]:
    """Return a call of the same function in a span of a peer, whose data is exported nowhere."""
    if name == "ddtrace":
        os.environ |= {
            "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        }
        logging.getLogger("ddtrace").setLevel(logging.CRITICAL)
        from ddtrace.trace import tracer  # noqa: PLC0415 - a peer that may be absent

        def traced_by_datadog() -> int:
            with tracer.trace("risk.check") as span:
                span.set_tags(ATTRIBUTES)
                return check(1)

        return traced_by_datadog
    import logfire  # noqa: PLC0415

    logfire.configure(send_to_logfire=False, console=False)

    def traced_by_logfire() -> int:
        with logfire.span("risk.check", **ATTRIBUTES):
            return check(1)

    return traced_by_logfire


def peers() -> dict[str, Cost]:
    """Return the costs of the installed peers and of raw OpenTelemetry."""
    found = {name: Case(peer(name)) for name in PEERS if find_spec(name)}
    return measure({BARE: Case(lambda: check(1)), RAW: raw(1.0)[RAW], **found})


def peers_in_own_process() -> dict[str, Cost]:
    """Return `peers()` from another process, since the peers start threads and configure OpenTelemetry."""
    if len(absent()) == len(PEERS):
        return {}
    command = [sys.executable, __file__, "--peers"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
    return {name: Cost(*cost) for name, cost in json.loads(done.stdout.decode().splitlines()[-1]).items()}


def spreads() -> dict[str, Spread]:
    """Return nanoseconds per call of every variant, including the called function itself."""
    runs = {
        "sampled": measured(1.0),
        "deferred": measured(1.0, defer=True),
        "not sampled": measured(0.0),
        "the SDK's queue": over_the_sdks_queue(),
    }
    rows = {f"{variant}, {title}": cost for title, costs in runs.items() for variant, cost in costs.items()}
    rows |= {f"{name} span": cost for name, cost in peers_in_own_process().items() if name in PEERS}
    return {row: Spread(cost.median, cost.p99, cost.p999) for row, cost in rows.items() if BARE not in row}


def absent() -> list[str]:
    """Return the names of peers that are not compared because they are not installed."""
    return [name for name in PEERS if not find_spec(name)]


def main() -> None:
    """Print the tables, or the ratios as JSON."""
    logging.getLogger("otel_trading").setLevel(logging.ERROR)  # it warns of a second `configure`
    if "--json" in sys.argv or "--peers" in sys.argv:
        print(json.dumps(peers() if "--peers" in sys.argv else ratios()))
        return
    for title, ratio, defer in (
        ("sampled span + histogram", 1.0, False),
        ("sampled, end deferred", 1.0, True),
        ("not sampled + histogram", 0.0, False),
    ):
        print(table(title, measured(ratio, defer=defer), RAW, BARE))
    print(table("sampled, both in the SDK's queue", over_the_sdks_queue(), RAW, BARE))
    if costs := peers_in_own_process():
        print(table("sampled span (raw: and histogram)", costs, RAW, BARE))
    print(*(f"not installed: {name}" for name in absent()), sep="\n")


if __name__ == "__main__":
    main()
