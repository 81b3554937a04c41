"""Cost of one record, against the SDK, prometheus_client and dogstatsd, and the number of lost records."""

from __future__ import annotations

import functools
import sys
import threading
from time import perf_counter

import instruments
import prometheus_client
from timing import Spread
from timing import spreads as spreads_of

from otel_trading import recording

THREADS = 4
RECORDS = 1_000_000

STATEMENTS = {
    "SDK record": "raw_histogram.record(5.5e-6, attributes)",
    "prometheus_client observe": "prometheus_histogram.observe(5.5e-6)",
    "bound record": "histogram.record(5.5e-6)",
    "SDK add": "raw_counter.add(1, attributes)",
    "prometheus_client inc": "prometheus_counter.inc()",
    "bound add": "counter.add(1)",
    "bound up-down add": "level.add(-1)",
    "bound gauge set": "gauge.set(5.5)",
    "state set": "states.set('idle')",
    "two clock reads": "perf_counter(); perf_counter()",
    "with bound time": "\n  with histogram.time():\n   pass",
    "two clock reads and record": "start = perf_counter(); histogram.record(perf_counter() - start)",
    "empty with block": "\n  with nothing:\n   pass",
    "with block of a threading.Lock": "\n  with lock:\n   pass",
    "with block of two clock reads": "\n  with clock_reads:\n   pass",
}


class Nothing:
    """A context manager that does nothing: it shows the cost of the `with` block itself."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *error: object) -> None:
        """Do nothing."""


class ClockReads:
    """A context manager that only reads the clock twice: the lower bound for any timer written in Python."""

    def __enter__(self) -> None:
        """Read the clock."""
        perf_counter()

    def __exit__(self, *error: object) -> None:
        """Read the clock."""
        perf_counter()


@functools.cache
def spreads() -> dict[str, Spread]:
    """Return nanoseconds per call of every statement."""
    provider, _ = instruments.attached()
    bound, of = instruments.labels(), instruments.definition
    others, _ = instruments.peers()
    prometheus_counter = prometheus_client.Counter("c", "c", ["feed", "type"], registry=None)
    names = {
        "attributes": instruments.attributes(),
        "raw_histogram": instruments.raw_histogram(provider),
        "raw_counter": provider.get_meter("raw").create_counter("raw.counter"),
        "prometheus_histogram": instruments.prometheus_histogram().labels("sip", "quote"),
        "prometheus_counter": prometheus_counter.labels("sip", "quote"),
        "histogram": recording.HistogramMetric(of("bound.histogram", "histogram")).bind(**bound),
        "counter": recording.CounterMetric(of("bound.counter", "counter")).bind(**bound),
        "level": recording.UpDownCounterMetric(of("bound.level", "updowncounter")).bind(**bound),
        "gauge": recording.GaugeMetric(of("bound.gauge", "gauge")).bind(**bound),
        "states": recording.UpDownCounterMetric(
            of("bound.state", "updowncounter", instruments.STATES)
        ).bind_states("state"),
        "perf_counter": perf_counter,
        "nothing": Nothing(),
        "lock": threading.Lock(),
        "clock_reads": ClockReads(),
        **{f"peer{number}": call for number, call in enumerate(others.values())},
    }
    statements = STATEMENTS | {name: f"peer{number}(5.5e-6)" for number, name in enumerate(others)}
    return spreads_of(statements, names)


def absent() -> list[str]:
    """Return the names of peers that are not compared because they are not installed."""
    return instruments.peers()[1]


def ratios() -> dict[str, float]:
    """Return the ratios, most of which have bars."""
    taken = {name: spread.median for name, spread in spreads().items()}
    return {
        "record_vs_raw": taken["SDK record"] / taken["bound record"],
        "record_vs_prometheus": taken["prometheus_client observe"] / taken["bound record"],
        "add_vs_raw": taken["SDK add"] / taken["bound add"],
        "time_vs_two_clocks": taken["with bound time"] / taken["two clock reads"],
        "record_and_clocks_vs_two_clocks": taken["two clock reads and record"] / taken["two clock reads"],
        "lost_updates": float(lost_updates()),
    }


def lost_updates(records: int = RECORDS) -> int:
    """Return how many records of four threads were lost while another thread collected continuously."""
    _, reader = instruments.attached()
    histogram = recording.HistogramMetric(instruments.definition("lost.histogram", "histogram")).bind(
        **instruments.labels()
    )
    counter = recording.CounterMetric(instruments.definition("lost.counter", "counter")).bind(
        **instruments.labels()
    )

    def write() -> None:
        for _ in range(records):
            histogram.record(7.0)
            counter.add(1)

    writers = [threading.Thread(target=write) for _ in range(THREADS)]
    interval = sys.getswitchinterval()
    # A short interval makes the interpreter switch threads often, so that a race would show.
    sys.setswitchinterval(1e-4)
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        reader.get_metrics_data()
    for writer in writers:
        writer.join()
    sys.setswitchinterval(interval)
    scopes = reader.get_metrics_data().resource_metrics[0].scope_metrics  # type: ignore[union-attr]
    points = {metric.name: metric.data.data_points[0] for scope in scopes for metric in scope.metrics}
    expected, seen = THREADS * records, points["lost.histogram"]
    lost = abs(expected - seen.count) + abs(expected - points["lost.counter"].value)
    return lost + int(seen.sum != expected * 7.0)
