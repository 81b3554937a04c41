"""What is folded equals what the SDK's own instruments give, whatever the views and the temporality."""

from __future__ import annotations

import logging
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import (
    DropAggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    SumAggregation,
    View,
)
from opentelemetry.sdk.trace import TracerProvider

from otel_trading import recording
from otel_trading.recording import folding
from tests.unit.recording.conftest import FEED, TYPE, histogram

NAME = "trading.test.histogram"
VIEWS = {
    "none": [],
    "other buckets": [View(instrument_name=NAME, aggregation=ExplicitBucketHistogramAggregation([2, 7]))],
    "two streams": [
        View(instrument_name=NAME, name="a", aggregation=ExplicitBucketHistogramAggregation([0.5, 3])),
        View(instrument_name=NAME, name="b", aggregation=ExplicitBucketHistogramAggregation([2, 3, 90])),
    ],
    "label dropped": [View(instrument_name=NAME, attribute_keys={"trading.feed.name"})],
    "no min and max": [
        View(instrument_name=NAME, aggregation=ExplicitBucketHistogramAggregation([5], record_min_max=False))
    ],
    "sum": [View(instrument_name=NAME, aggregation=SumAggregation())],
    "dropped": [View(instrument_name=NAME, aggregation=DropAggregation())],
    "exponential": [View(instrument_name=NAME, aggregation=ExponentialBucketHistogramAggregation())],
}
SERIES = [
    {"feed_name": feed, "message_type": kind} for feed in ("sip", "iex") for kind in ("quote", "trade", None)
]
DELTA = AggregationTemporality.DELTA
CUMULATIVE = AggregationTemporality.CUMULATIVE


def otlp(reader: InMemoryMetricReader) -> list[str]:
    """What one collection exports of the metric, as sorted OTLP points without times and exemplars."""
    data = reader.get_metrics_data()
    if data is None:
        return []
    points = []
    for resource in encode_metrics(data).resource_metrics:
        for metric in (m for scope in resource.scope_metrics for m in scope.metrics):
            stream = getattr(metric, metric.WhichOneof("data"))
            shape = f"{metric.name} {type(stream).__name__} {getattr(stream, 'aggregation_temporality', '')}"
            for point in stream.data_points:
                point.start_time_unix_nano = point.time_unix_nano = 0
                point.attributes.sort(key=lambda pair: pair.key)
                del point.exemplars[:]
                points.append(f"{shape} {point}")
    return sorted(points)


def exports(views, temporality, rounds, *, folded: bool) -> list[list[str]]:
    reader = InMemoryMetricReader(preferred_temporality={Histogram: temporality, Counter: temporality})
    provider = MeterProvider([reader], views=views, shutdown_on_exit=False)
    if folded:
        metric = histogram(FEED, TYPE)
        recording.attach(provider, "test")
        records = [metric.bind(**labels).record for labels in SERIES]
    else:
        plain = provider.get_meter("raw").create_histogram(
            NAME, unit="s", explicit_bucket_boundaries_advisory=[1.0, 5.0, 10.0]
        )
        keys = {"feed_name": FEED.key, "message_type": TYPE.key}
        attributes = [{keys[k]: v for k, v in labels.items() if v} for labels in SERIES]
        records = [lambda value, a=a: plain.record(value, a) for a in attributes]
    out = []
    for values in rounds:
        for series, value in values:
            records[series](value)
        out.append(otlp(reader))
    recording.detach()
    return out


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA], ids=["cumulative", "delta"])
@pytest.mark.parametrize("views", VIEWS.values(), ids=VIEWS.keys())
@settings(max_examples=20, deadline=None)
@given(
    rounds=st.lists(
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100).map(float))), min_size=1, max_size=3
    )
)
def test_what_is_exported_equals_the_raw_sdk(views, temporality, rounds):
    assert exports(views, temporality, rounds, folded=True) == exports(
        views, temporality, rounds, folded=False
    )


def test_two_readers_each_see_everything(attach):
    handle, attached = histogram().bind(), attach(readers=2)
    handle.record(2)
    assert attached.values(reader=0) == {NAME: {(): 1}}
    handle.record(2)
    assert attached.values(reader=1) == {NAME: {(): 2}}
    assert attached.values(reader=0) == {NAME: {(): 2}}


def test_an_exemplar_leads_to_the_trace_of_its_value(attach):
    handle, attached = histogram().bind(), attach()
    with TracerProvider().get_tracer("t").start_as_current_span("tick") as span:
        handle.record(7.0)
    [point] = attached.points()[NAME]
    [exemplar] = point.exemplars
    context = span.get_span_context()
    assert (exemplar.value, exemplar.trace_id, exemplar.span_id) == (7.0, context.trace_id, context.span_id)


def test_a_filter_that_keeps_no_exemplars_is_obeyed(attach, monkeypatch):
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    handle, attached = histogram().bind(), attach()
    with TracerProvider().get_tracer("t").start_as_current_span("tick"):
        handle.record(7.0)
    assert attached.points()[NAME][0].exemplars == []


PRIVATE = [
    "opentelemetry.sdk.metrics._internal.measurement_consumer.SynchronousMeasurementConsumer.__init__",
    "opentelemetry.sdk.metrics._internal.metric_reader_storage.MetricReaderStorage._get_or_init_view_instrument_match",
    "opentelemetry.sdk.metrics._internal._view_instrument_match._ViewInstrumentMatch._get_or_create_aggregation",
    "opentelemetry.sdk.metrics._internal._view_instrument_match._hash_attributes",
    "opentelemetry.sdk.metrics._internal.aggregation._ExplicitBucketHistogramAggregation._get_empty_bucket_counts",
]


@pytest.fixture
def fresh_probe():
    folding.probe.cache_clear()
    yield
    folding.probe.cache_clear()


@pytest.mark.usefixtures("fresh_probe")
def test_the_probe_accepts_the_installed_sdk():
    assert folding.probe()


@pytest.mark.usefixtures("fresh_probe")
@pytest.mark.parametrize("name", PRIVATE[1:], ids=lambda name: name.rsplit(".", 1)[1])
def test_an_sdk_without_one_of_its_private_names_fails_the_probe(name, monkeypatch):
    monkeypatch.delattr(name)
    assert not folding.probe()


@pytest.mark.usefixtures("fresh_probe")
def test_where_folding_does_not_work_the_plain_instrument_records_with_one_warning(
    monkeypatch, attach, caplog
):
    monkeypatch.setattr(folding, "_probe", lambda: False)
    handle, attached = histogram(FEED).bind(feed_name="sip"), attach()
    rng = random.Random(1)
    values = [rng.uniform(0, 20) for _ in range(50)]
    for value in values:
        handle.record(value)
    [point] = attached.points()[NAME]
    assert (point.count, point.sum, point.min, point.max) == (50, sum(values), min(values), max(values))
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "opentelemetry-sdk" in caplog.records[0].getMessage()
