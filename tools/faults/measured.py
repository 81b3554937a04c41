"""Measured: runs a service under one fault: `python -m tools.faults.measured ours|raw SCENARIO`.

It uses this SDK or OpenTelemetry alone, and prints one line of JSON. `figures` starts it and the faulty endpoint.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
import time
from typing import Any

import psutil

SECONDS = float(os.environ.get("FAULT_SECONDS", "5"))
RATE = 300


class Ours:
    """This SDK."""

    def __init__(self, **settings: Any) -> None:
        import otel_trading as ot
        from otel_trading import metrics

        self.ot = ot
        self.telemetry = ot.configure("measured", json_logs=False, **settings)
        labels = {"check_type": "position", "check_result": "pass"}
        self.histogram = metrics.risk_check_duration.bind(**labels)
        self.counter = metrics.risk_check_performed.bind(**labels)

    def span(self, name: Any, **attributes: Any) -> None:
        with self.ot.span(name, attributes):
            pass

    def event(self, name: str, **attributes: Any) -> None:
        self.ot.event(name, attributes)

    def count(self, value: Any = 1) -> None:
        self.counter.add(value)

    def record(self, value: Any = 0.001) -> None:
        self.histogram.record(value)

    def log(self, message: Any, *arguments: Any) -> None:
        logging.getLogger("desk").warning(message, *arguments)

    def flush(self, seconds: float) -> bool:
        return self.telemetry.flush(seconds)

    def shutdown(self) -> None:
        self.telemetry.shutdown(4.0)

    def account(self) -> dict[str, Any]:
        return {route.signal: vars(route) for route in self.telemetry.health().routes}


class Raw:
    """OpenTelemetry's SDK and exporters, as its documentation wires them."""

    def __init__(self, **_: Any) -> None:
        from opentelemetry import _logs, metrics, trace
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
        from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": "measured", "process.pid": os.getpid()})
        tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource)
        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
        meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), 5000)], resource)
        trace.set_tracer_provider(tracers)
        metrics.set_meter_provider(meters)
        _logs.set_logger_provider(loggers)
        self.providers = (tracers, loggers, meters)
        self.tracer, self.logger = tracers.get_tracer("t"), loggers.get_logger("t")
        self.counter = meters.get_meter("t").create_counter("trading.risk.check.performed")
        self.histogram = meters.get_meter("t").create_histogram("trading.risk.check.duration")
        logging.getLogger("desk").addHandler(LoggingHandler(logger_provider=loggers))

    def span(self, name: Any, **attributes: Any) -> None:
        with self.tracer.start_as_current_span(name, attributes=attributes):
            pass

    def event(self, name: str, **attributes: Any) -> None:
        self.logger.emit(event_name=name, attributes=attributes, timestamp=time.time_ns())

    def count(self, value: Any = 1) -> None:
        self.counter.add(value)

    def record(self, value: Any = 0.001) -> None:
        self.histogram.record(value)

    def log(self, message: Any, *arguments: Any) -> None:
        logging.getLogger("desk").warning(message, *arguments)

    def flush(self, seconds: float) -> bool:
        done = [provider.force_flush(int(seconds * 1000)) for provider in self.providers]
        return all(done)

    def shutdown(self) -> None:
        for provider in self.providers:
            provider.shutdown()

    def account(self) -> dict[str, Any]:
        return {}


SDK = {"ours": Ours, "raw": Raw}


def hot_path(sdk: Any) -> dict[str, Any]:
    """Time each iteration of a span, an event, a count and a duration at 300/s."""
    took, until, due = [], time.monotonic() + SECONDS, time.monotonic()
    while time.monotonic() < until:
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        began = time.perf_counter()
        sdk.span("order", symbol="AAPL")
        sdk.event("trading.test", symbol="AAPL")
        sdk.count()
        sdk.record()
        took.append(time.perf_counter() - began)
    took.sort()
    return {
        "p50_us": took[len(took) // 2] * 1e6,
        "p99_us": took[int(len(took) * 0.99)] * 1e6,
        "count": len(took),
    }


def endings(sdk: Any) -> dict[str, Any]:
    """Time a flush of one second and then a shutdown of four, with data of each signal to export."""
    for _ in range(600):
        sdk.span("order")
        sdk.event("trading.test")
        sdk.count()
    began = time.perf_counter()
    flushed = sdk.flush(1.0)
    middle = time.perf_counter()
    sdk.shutdown()
    return {"flush_s": middle - began, "flush_result": flushed, "total_s": time.perf_counter() - began}


def memory(sdk: Any) -> dict[str, Any]:
    """Measure the growth of memory over 600 spans of 1 MB that the endpoint refuses."""
    process = psutil.Process()
    sdk.span("warm up")
    before = process.memory_info().rss
    most = before
    for number in range(600):
        sdk.span("order", blob=f"{number:07d}" * 150_000)
        most = max(most, process.memory_info().rss)
    return {"growth_mb": (most - before) / 2**20}


def burst(sdk: Any) -> dict[str, Any]:
    """Produce 100,000 spans in a tight loop, and return the account of the exports."""
    for _ in range(100_000):
        sdk.span("order")
    sdk.flush(60)
    sdk.shutdown()
    return {"produced": 100_000, "account": sdk.account().get("traces")}


def values(sdk: Any) -> dict[str, Any]:
    """Pass every hostile value to every call, and count the exceptions."""
    logging.raiseExceptions = False
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    from tools.faults.values import HOSTILE, NORMAL

    given = [*HOSTILE.values(), *(value for value, _ in NORMAL.values())]
    calls = (sdk.span, lambda v: sdk.span("s", value=v), sdk.count, sdk.record, lambda v: sdk.event("trading.test", value=v), lambda v: sdk.log("%s", v), lambda v: sdk.log("%d", v))  # fmt: skip
    raised = 0
    for call in calls:
        for value in given:
            raised += _raises(call, value)
    return {"calls": len(calls) * len(given), "raised": raised}


def _raises(call: Any, value: Any) -> bool:
    try:
        call(value)
    except Exception:  # noqa: BLE001 - any exception is counted
        return True
    return False


def poison(sdk: Any) -> dict[str, Any]:
    """Send 500 good spans, and one whose name cannot be encoded as UTF-8."""
    for number in range(501):
        sdk.span("\ud800" if number == 250 else "good")
    sdk.flush(20)
    sdk.shutdown()
    return {}


def forks(sdk: Any) -> dict[str, Any]:
    """Record 100 spans here and 100 in each of four children: two of `os.fork`, two of multiprocessing."""
    _record(sdk, 100)
    sdk.flush(10)
    context = multiprocessing.get_context("fork")
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            _record(sdk, 100)
            sys.exit(0)
        os.waitpid(pid, 0)
    children = [context.Process(target=_record, args=(sdk, 100)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return {"spans": 500, "count": 500}


def _record(sdk: Any, count: int) -> None:
    for _ in range(count):
        sdk.span("order")
        sdk.count()


def outage(sdk: Any) -> dict[str, Any]:
    """Record 300 events a second, every tenth an audit event; return the number of both."""
    print("ready", flush=True)
    produced = audit = 0
    due, until = time.monotonic(), time.monotonic() + SECONDS
    while time.monotonic() < until:
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        produced += 1
        audit += produced % 10 == 0
        sdk.event("trading.order.filled" if produced % 10 == 0 else "trading.test", number=produced)
    flushed = sdk.flush(60)
    return {"produced": produced, "audit": audit, "flushed": flushed, "account": sdk.account().get("logs")}


def terminated(sdk: Any) -> dict[str, Any]:
    """Record 100 spans, counts and events, and wait for a signal."""
    _record(sdk, 100)
    for _ in range(100):
        sdk.event("trading.order.filled")
    print("ready", flush=True)
    time.sleep(120)
    return {}


if __name__ == "__main__":
    journal = os.environ.get("JOURNAL")
    chosen = SDK[sys.argv[1]](**({"journal": journal} if journal else {}))
    print(json.dumps(globals()[sys.argv[2]](chosen), default=str), flush=True)
    if sys.argv[2] in {"hot_path", "memory", "values", "outage"}:
        os._exit(0)  # the end of a process is measured by another figure
