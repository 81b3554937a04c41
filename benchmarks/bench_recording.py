"""How much faster a bound handle records than the raw SDK, as ratios of one interleaved run.

`python benchmarks/bench_recording.py [--json]`; the bars are those that `RATIOS` names.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from otel_trading import recording
from otel_trading.semconv.definitions import Label, Metric

ROUNDS = 15
BOUNDS = tuple(i * 1e-6 for i in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
LABELS = (
    Label("feed_name", "trading.feed.name", None, required=True),
    Label("message_type", "trading.market_data.message.type", None, required=True),
)
ATTRIBUTES = {"trading.feed.name": "sip", "trading.market_data.message.type": "quote"}

RATIOS = {"record": ("raw record", "bound record", 25.0), "add": ("raw add", "bound add", 60.0)}
"""name: (slow case, fast case, how many times faster it must be)."""


def _definition(name: str, kind: str) -> Metric:
    return Metric(name, kind, "s", "A benchmark.", LABELS, "all", name, BOUNDS, None, headline=False)


def _loop(statement: str, names: dict[str, object]) -> Callable[[int], float]:
    """Compile a loop over a statement as a user would write it: nanoseconds per call, loop included."""
    source = f"def loop(n):\n t = clock()\n for _ in range(n): {statement}\n return (clock() - t) / n"
    scope = {**names, "clock": time.perf_counter_ns}
    exec(source, scope)  # noqa: S102 - the statement is one of ours
    return scope["loop"]  # type: ignore[return-value]


def cases() -> dict[str, Callable[[int], float]]:
    """Return the loops to compare, over one provider."""
    provider = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False)
    meter = provider.get_meter("raw")
    recording.attach(provider, "bench")
    labels = {"feed_name": "sip", "message_type": "quote"}
    names: dict[str, object] = {
        "raw_histogram": meter.create_histogram("raw.histogram", explicit_bucket_boundaries_advisory=BOUNDS),
        "raw_counter": meter.create_counter("raw.counter"),
        "histogram": recording.HistogramMetric(_definition("bound.histogram", "histogram")).bind(**labels),
        "counter": recording.CounterMetric(_definition("bound.counter", "counter")).bind(**labels),
        "attributes": ATTRIBUTES,
    }
    statements = {
        "empty": "pass",
        "raw record": "raw_histogram.record(5.5e-6, attributes)",
        "bound record": "histogram.record(5.5e-6)",
        "raw add": "raw_counter.add(1, attributes)",
        "bound add": "counter.add(1)",
    }
    return {name: _loop(statement, names) for name, statement in statements.items()}


def measure() -> dict[str, float]:
    """Return the median nanoseconds per call of each case, the empty loop taken off."""
    loops = cases()
    seen: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(ROUNDS):
        for name, loop in loops.items():
            seen[name].append(loop(2_000 if name.startswith("raw") else 50_000))
    medians = {name: statistics.median(values) for name, values in seen.items()}
    empty = medians.pop("empty")
    return {name: value - empty for name, value in medians.items()}


def main() -> int:
    """Print the table, or JSON; the exit code says whether every bar is held."""
    nanoseconds = measure()
    ratios = {name: nanoseconds[slow] / nanoseconds[fast] for name, (slow, fast, _) in RATIOS.items()}
    if "--json" in sys.argv:
        print(json.dumps(ratios))
    else:
        for name, value in nanoseconds.items():
            print(f"{name:14s} {value:9.1f} ns")
        for name, (_, _, bar) in RATIOS.items():
            print(f"{name:14s} {ratios[name]:9.1f} x faster than raw, at least {bar:.0f} x wanted")
    return int(any(ratios[name] < bar for name, (_, _, bar) in RATIOS.items()))


if __name__ == "__main__":
    sys.exit(main())
