"""Cost of a log line through this package's handler against the SDK's handler, in one run.

`python benchmarks/bench_logs.py [--json]` measures `logging.getLogger(...).info(...)` inside a sampled span,
minus the cost of the same call with a handler that does nothing. Both handlers end in a queue whose exporter
is a fake that does nothing.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from interleaved import Case, Cost, above, measure, table
from nowhere import export_nowhere
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from timing import Spread

import otel_trading as ot
from otel_trading import logs

BATCH = 8192
BARE = "logging with a handler of nothing"
RAW = "the SDK's LoggingHandler"
CONTRIB = "the handler of instrumentation-logging"
OURS = "otel_trading"
PEERS = {CONTRIB: "opentelemetry.instrumentation.logging", "structlog": "structlog"}
EXTRA = {"trading.symbol": "IBM", "mid": 182.1, "depth": 5}


class FakeLogExporter(LogRecordExporter):
    """Exports nothing, and reports success."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Drop the batch."""
        del batch
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing."""
        return timeout_millis > 0


def line(handler: logging.Handler, extra: dict[str, Any] | None) -> Callable[[], None]:
    """Return a call that logs a line to one handler only."""
    logger = logging.getLogger(f"bench.{id(handler)}.{bool(extra)}")
    logger.propagate, logger.handlers = False, [handler]
    logger.setLevel(logging.INFO)
    return lambda: logger.info("priced %s at %s", "IBM", 182.1, extra=extra)


def raw_handler(kind: type[Any]) -> tuple[logging.Handler, Callable[[], object], LoggerProvider]:
    """Return a handler of OpenTelemetry, its flush and its provider, set up as in its documentation."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(
        BatchLogRecordProcessor(FakeLogExporter(), max_queue_size=BATCH, max_export_batch_size=BATCH)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return kind(logger_provider=provider), provider.force_flush, provider


@contextmanager
def ours() -> Iterator[tuple[logging.Handler, Callable[[], object]]]:
    """Configure telemetry like a user, and yield the handler of the root logger and its flush."""
    export_nowhere()
    telemetry = ot.configure(
        "bench",
        traces_exporters="none",
        metrics_exporters="none",
        json_logs=False,
        instrument_requests=False,
        log_batch_size=BATCH,
        log_queue_size=BATCH,
    )
    (handler,) = [
        one for one in logging.getLogger().handlers if type(one).__module__.startswith("otel_trading")
    ]
    yield handler, lambda: telemetry.flush(30)
    telemetry.shutdown()


def _contrib() -> type[Any] | None:
    if not find_spec("opentelemetry.instrumentation.logging"):
        return None
    from opentelemetry.instrumentation.logging.handler import (  # noqa: PLC0415 - may be absent
        LoggingHandler as Contrib,
    )

    return Contrib


@functools.cache
def measured(*, attributes: bool = False) -> dict[str, Cost]:
    """Return the costs of a log line, with or without attributes."""
    extra = EXTRA if attributes else None
    with ours() as (handler, settle):
        raw, raw_settle, _ = raw_handler(LoggingHandler)
        cases = {
            BARE: Case(line(logging.NullHandler(), extra)),
            RAW: Case(line(raw, extra), raw_settle),
            OURS: Case(line(handler, extra), settle),
        }
        contrib = _contrib()
        if contrib is not None:
            other, other_settle, _ = raw_handler(contrib)
            cases[CONTRIB] = Case(line(other, extra), other_settle)
        if find_spec("structlog"):
            cases["structlog, JSON to memory"] = Case(structlog_line())
        with ot.span("quote"):
            return measure(cases)


def structlog_line() -> Callable[[], object]:
    """Return a call that writes a line of JSON to memory with structlog."""
    import structlog  # noqa: PLC0415 - a peer that may be absent

    renderers = [structlog.processors.add_log_level, structlog.processors.TimeStamper("iso")]
    logger = structlog.wrap_logger(
        structlog.PrintLogger(io.StringIO()), processors=[*renderers, structlog.processors.JSONRenderer()]
    )
    return lambda: logger.info("priced", symbol="IBM", price=182.1)


@functools.cache
def over_the_sdks_queue() -> dict[str, Cost]:
    """Return the costs of a log line with the SDK's queue on both sides."""
    raw, raw_settle, _ = raw_handler(LoggingHandler)
    _, settle, provider = raw_handler(LoggingHandler)
    logs.attach(provider, "bench")
    cases = {
        BARE: Case(line(logging.NullHandler(), None)),
        RAW: Case(line(raw, None), raw_settle),
        OURS: Case(line(logs.StdlibHandler(), None), settle),
    }
    context = trace.set_span_in_context(trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=False)))
    token = attach(context)
    costs = measure(cases)
    detach(token)
    logs.detach()
    return costs


def ratios() -> dict[str, float]:
    """Return how many times cheaper this package's handler is than the SDK's, by name."""
    found = {}
    for name, attributes in (("log", False), ("log_extra", True)):
        costs = above(measured(attributes=attributes), BARE)
        found[name] = costs[RAW] / costs[OURS]
    alike = above(over_the_sdks_queue(), BARE)
    return {**found, "log_over_the_sdks_queue": alike[RAW] / alike[OURS]}


def spreads() -> dict[str, Spread]:
    """Return nanoseconds per line of every variant, including the cost of `logging` itself."""
    runs = {
        "log line": measured(),
        "with attributes": measured(attributes=True),
        "the SDK's queue": over_the_sdks_queue(),
    }
    rows = {f"{variant}, {title}": cost for title, costs in runs.items() for variant, cost in costs.items()}
    return {row: Spread(cost.median, cost.p99, cost.p999) for row, cost in rows.items()}


def absent() -> list[str]:
    """Return the names of peers that are not compared because they are not installed."""
    return [name for name, module in PEERS.items() if not find_spec(module)]


def main() -> None:
    """Print the tables, or the ratios as JSON."""
    logging.getLogger("otel_trading").setLevel(logging.ERROR)  # it warns of a second `configure`
    if "--json" in sys.argv:
        print(json.dumps(ratios()))
        return
    for title, attributes in (("a log line in a span", False), ("with three attributes", True)):
        print(table(title, measured(attributes=attributes), RAW, BARE))
    print(table("a line, both in the SDK's queue", over_the_sdks_queue(), RAW, BARE))
    print(*(f"not installed: {name}" for name in absent()), sep="\n")


if __name__ == "__main__":
    main()
