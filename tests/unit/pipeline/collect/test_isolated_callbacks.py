"""Isolated callbacks: callbacks are isolated, and our own bound histograms keep their fast path."""

from __future__ import annotations

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from otel_trading import metrics, recording
from otel_trading.pipeline.collect.isolated_callbacks import isolate


def provided() -> tuple[InMemoryMetricReader, MeterProvider]:
    reader = InMemoryMetricReader()
    return reader, isolate(MeterProvider([reader], Resource({}), shutdown_on_exit=False))


def values(reader: InMemoryMetricReader) -> dict[str, list[object]]:
    data = reader.get_metrics_data()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    return {
        metric.name: [getattr(point, "value", None) for point in metric.data.data_points]
        for scope in scopes
        for metric in scope.metrics
    }


def test_a_generator_and_a_function_still_work_as_callbacks() -> None:
    reader, provider = provided()
    meter = provider.get_meter("lib")

    def generator():
        yield []
        while True:
            yield [Observation(2)]

    meter.create_observable_gauge("function", [lambda _: [Observation(1)]])
    meter.create_observable_gauge("generator", callbacks=[generator()])
    provider.get_meter("lib").create_observable_counter("again", [lambda _: [Observation(3)]])
    assert values(reader) == {"function": [1], "generator": [2], "again": [3]}


def test_bound_histograms_still_export_negative_values() -> None:
    reader, provider = provided()
    recording.attach(provider, "test")
    labels = {"venue_name": "XNAS", "order_type": "limit", "order_side": "buy", "strategy_name": "mm"}
    known = {label.keyword for label in metrics.execution_slippage.definition.labels}
    metrics.execution_slippage.bind(**{k: v for k, v in labels.items() if k in known}).record(-1.5)
    data = reader.get_metrics_data()
    assert data is not None
    exported = {metric.name: metric.data for metric in data.resource_metrics[0].scope_metrics[0].metrics}
    assert sum(point.sum for point in exported["trading.execution.slippage"].data_points) == -1.5
