"""The hot path of metrics: recorded numbers are stored cheaply, and passed to the SDK at each collection.

Nothing in `record` or `add` allocates, waits or raises, and nothing here depends on a metric's name.
Read `README.md`, which describes the design, and `cells` first.
"""

from __future__ import annotations

from otel_trading.recording.cells import Histogram, Timer
from otel_trading.recording.form import FORM
from otel_trading.recording.handles import (
    BoundMetric,
    CounterMetric,
    GaugeMetric,
    HistogramMetric,
    StateSet,
    UpDownCounterMetric,
)
from otel_trading.recording.routing import (
    SCOPE,
    SCOPE_OF_PROCESS,
    attach,
    detach,
    kept_for,
    on_attach,
    restart,
)
from otel_trading.recording.sums import Counter, Gauge, UpDownCounter

__all__ = [
    "FORM",
    "SCOPE",
    "SCOPE_OF_PROCESS",
    "BoundMetric",
    "Counter",
    "CounterMetric",
    "Gauge",
    "GaugeMetric",
    "Histogram",
    "HistogramMetric",
    "StateSet",
    "Timer",
    "UpDownCounter",
    "UpDownCounterMetric",
    "attach",
    "detach",
    "kept_for",
    "on_attach",
    "restart",
]
