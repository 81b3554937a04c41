"""The hot path: how a number is kept cheaply and handed to the SDK.

It knows no metric's name, and nothing in `record` or `add` allocates, waits or raises. Open `cells` first.
"""

from __future__ import annotations

from otel_trading.recording.cells import FORM
from otel_trading.recording.handles import (
    BoundMetric,
    Counter,
    CounterMetric,
    Gauge,
    GaugeMetric,
    Histogram,
    HistogramMetric,
    StateSet,
    UpDownCounter,
    UpDownCounterMetric,
)
from otel_trading.recording.routing import SCOPE, attach, detach, on_attach, restart

__all__ = [
    "FORM",
    "SCOPE",
    "BoundMetric",
    "Counter",
    "CounterMetric",
    "Gauge",
    "GaugeMetric",
    "Histogram",
    "HistogramMetric",
    "StateSet",
    "UpDownCounter",
    "UpDownCounterMetric",
    "attach",
    "detach",
    "on_attach",
    "restart",
]
