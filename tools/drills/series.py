"""Series: exports the results of the drills to the Prometheus that watched them.

Only the drill knows when its fault began, and whether an alert missed it. The mean time to detect and the
number of missed alerts therefore come from here; the figures about fired alerts come from the history of
Prometheus.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from tools.drills.drill import Result, Scene
from tools.drills.running import poll_until

MEAN = "avg by (priority) (trading_drill_detect_seconds)"
MISSED = "sum by (priority) (trading_drill_missed)"


def record(scene: Scene, results: list[Result]) -> dict[str, dict[str, float]]:
    """Export the results through the Collector, and query Prometheus for them.

    Returns:
        By priority: the mean seconds to detect, and the number of missed drills.
    """
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{scene.stack.otlp}/v1/metrics"))
    provider = MeterProvider([reader], Resource({"service.name": "drills"}))
    meter = provider.get_meter("drills")
    detect = meter.create_gauge("trading.drill.detect", "s", "From a drill's fault to the notification")
    missed = meter.create_gauge(
        "trading.drill.missed", "{alert}", "1 if no alert noticed the fault of a drill"
    )
    for result in results:
        labels = {"alertname": result.drill.alert, "priority": result.drill.priority}
        missed.set(int(result.detected is None), labels)
        if result.detected is not None:
            detect.set(result.detected, labels)
    provider.shutdown()
    wanted = len({result.drill.alert for result in results})
    poll_until(
        "the results of the drills are in Prometheus",
        lambda: _value(scene, "count(trading_drill_missed)") == wanted,
    )
    return {
        "mean_seconds_to_detect": _by_priority(scene, MEAN),
        "missed": _by_priority(scene, MISSED),
    }


def _value(scene: Scene, query: str) -> float:
    found: list[dict[str, Any]] = scene.stack.prometheus.query(query)
    return float(found[0]["value"][1]) if found else 0.0


def _by_priority(scene: Scene, query: str) -> dict[str, float]:
    found: list[dict[str, Any]] = scene.stack.prometheus.query(query)
    return {each["metric"]["priority"]: round(float(each["value"][1]), 1) for each in found}
