"""A service that records each of the 54 metrics once, and waits: `python every_metric.py`, settings by OTEL_*."""

from __future__ import annotations

import sys

import otel_trading as ot
from otel_trading import metrics
from otel_trading.recording import BoundMetric


def record_once(metric: BoundMetric) -> None:  # type: ignore[type-arg]
    definition = metric.definition
    handle = metric.bind(**{label.keyword: min(label.values or {"x"}) for label in definition.labels})
    if definition.kind == "histogram":
        handle.record(1.0)
    elif definition.kind == "gauge":
        handle.set(1.0)
    else:
        handle.add(1)


if __name__ == "__main__":
    with ot.configure() as telemetry:
        for name in metrics.__all__:
            if not name.startswith("process_"):  # observed, not recorded
                record_once(getattr(metrics, name))
        telemetry.flush()
        sys.stdout.write("recorded\n")
        sys.stdout.flush()
        sys.stdin.read()
