"""Folded values are exported like values of the SDK's own instruments, for all views and temporalities."""

from __future__ import annotations

import ast
import logging
import random
import re
import time
import types
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics import Histogram, MeterProvider
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
from otel_trading._sdk import metrics
from otel_trading.recording import folding
from otel_trading.recording.routing import SCOPE
from otel_trading.semconv import SCHEMA_URL
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
    """Collect once, and return the metric's OTLP points, sorted, without times and exemplars."""
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


def scope(provider: MeterProvider):
    """The meter that the route uses, so that a raw instrument of the same name is the same instrument."""
    return provider.get_meter(SCOPE, "test", schema_url=SCHEMA_URL)


def plain_records(provider: MeterProvider):
    """A raw histogram's `record`, per series."""
    plain = scope(provider).create_histogram(
        NAME, unit="s", description="A test.", explicit_bucket_boundaries_advisory=[1.0, 5.0, 10.0]
    )
    keys = {"feed_name": FEED.key, "message_type": TYPE.key}
    attributes = [{keys[k]: v for k, v in labels.items() if v} for labels in SERIES]
    return [lambda value, a=a: plain.record(value, a) for a in attributes]


def bound_records(provider: MeterProvider):
    """A bound histogram's `record`, per series."""
    metric = histogram(FEED, TYPE)
    recording.attach(provider, "test")
    return [metric.bind(**labels).record for labels in SERIES]


def exports(views, temporalities, rounds, *recorders) -> list[list[str]]:
    """Record the values by the `recorders` in turn, collect by the readers in turn, and return the exports."""
    readers = [InMemoryMetricReader(preferred_temporality={Histogram: t}) for t in temporalities]
    provider = MeterProvider(readers, views=views, shutdown_on_exit=False)
    records = [recorder(provider) for recorder in recorders]
    out = []
    for turn, values in enumerate(rounds):
        for count, (series, value) in enumerate(values):
            records[count % len(recorders)][series](value)
        out.append(otlp(readers[turn % len(readers)]))
    out += [otlp(reader) for reader in readers]
    recording.detach()
    return out


ROUNDS = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100).map(float))), min_size=1, max_size=4
)


@pytest.mark.parametrize(
    "temporalities",
    [(CUMULATIVE,), (DELTA,), (CUMULATIVE, DELTA)],
    ids=["cumulative", "delta", "two readers"],
)
@pytest.mark.parametrize("views", VIEWS.values(), ids=VIEWS.keys())
@settings(max_examples=10, deadline=None)
@given(rounds=ROUNDS)
def test_the_export_equals_that_of_the_sdks_own_instrument(views, temporalities, rounds):
    expected = exports(views, temporalities, rounds, plain_records)
    assert exports(views, temporalities, rounds, bound_records) == expected


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA], ids=["cumulative", "delta"])
@settings(max_examples=10, deadline=None)
@given(rounds=ROUNDS)
def test_a_raw_instrument_of_the_same_name_and_labels_adds_to_the_same_series(temporality, rounds):
    expected = exports([], [temporality], rounds, plain_records)
    assert exports([], [temporality], rounds, bound_records, plain_records) == expected


def test_two_readers_each_see_everything(attach):
    handle, attached = histogram().bind(), attach(readers=2)
    handle.record(2)
    assert attached.values(reader=0) == {NAME: {(): 1}}
    handle.record(2)
    assert attached.values(reader=1) == {NAME: {(): 2}}
    assert attached.values(reader=0) == {NAME: {(): 2}}


@pytest.mark.parametrize(
    "aggregation",
    [
        None,
        ExplicitBucketHistogramAggregation([2.0, 3.0]),
        ExponentialBucketHistogramAggregation(),
    ],
    ids=["alike", "other buckets", "exponential"],
)
def test_a_reader_that_is_added_later_gets_the_later_values(attach, aggregation):
    handle, attached = histogram().bind(), attach()
    handle.record(2.5)
    preferred = {} if aggregation is None else {Histogram: aggregation}
    late = InMemoryMetricReader(preferred_aggregation=preferred)
    attached.provider.add_metric_reader(late)
    attached.values()
    handle.record(2.5)
    attached.readers.append(late)
    [point] = attached.points(reader=1)[NAME]
    [early] = attached.points()[NAME]
    assert (early.count, early.bucket_counts) == (2, (0, 2, 0, 0))
    assert point.count >= 1
    if isinstance(aggregation, ExplicitBucketHistogramAggregation):
        assert point.bucket_counts[1] >= 1


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA], ids=["cumulative", "delta"])
def test_a_series_begins_before_its_first_value_and_its_intervals_join(attach, temporality):
    attached, handle = attach(preferred_temporality={Histogram: temporality}), histogram().bind()
    points = []
    before = time.time_ns()
    for _ in range(3):
        handle.record(1.0)
        points += attached.points()[NAME]
    starts = [point.start_time_unix_nano for point in points]
    assert starts[0] <= before
    if temporality is DELTA:
        assert starts[1:] == [point.time_unix_nano for point in points[:-1]]
    else:
        assert starts[1:] == starts[:-1]


def test_an_exemplar_leads_to_the_trace_of_its_value(attach):
    handle, attached = histogram().bind(), attach()
    with TracerProvider().get_tracer("t").start_as_current_span("tick") as span:
        handle.record(7.0)
    [point] = attached.points()[NAME]
    [exemplar] = point.exemplars
    context = span.get_span_context()
    assert (exemplar.value, exemplar.trace_id, exemplar.span_id) == (7.0, context.trace_id, context.span_id)


def test_an_exemplar_filter_that_keeps_none_is_respected(attach, monkeypatch):
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    handle, attached = histogram().bind(), attach()
    with TracerProvider().get_tracer("t").start_as_current_span("tick"):
        handle.record(7.0)
    assert attached.points()[NAME][0].exemplars == []


SOURCE = Path(metrics.__file__).read_text(encoding="utf-8")


def private_names() -> list[str]:
    """Every private name of the SDK that `_sdk.metrics` uses."""
    tree = ast.parse(SOURCE)
    own = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and is_self(n.value)}
    named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    named |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    named |= {
        part
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom)
        for part in [*n.module.split("."), *(a.name for a in n.names)]
    }
    named -= {"_sdk"}  # a room of this package
    return sorted(name for name in named - own if re.fullmatch(r"_[A-Za-z]\w+", name))


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def module_without(name: str):
    """Return `_sdk.metrics` as it would be if the installed SDK did not have `name`."""
    module = types.ModuleType(metrics.__name__)
    source = re.sub(rf"\b{name}\b", f"{name}_gone", SOURCE)
    exec(compile(source, metrics.__file__, "exec"), module.__dict__)
    return module


def assert_records_plainly_with_one_warning(attach, caplog):
    handles = [histogram(FEED).bind(feed_name="sip"), histogram(FEED).bind(feed_name="iex")]
    attached = attach()
    values = [float(value) for value in random.Random(1).choices(range(20), k=50)]
    for value in values:
        for handle in handles:
            handle.record(value)
    for point in attached.points()[NAME]:
        assert (point.count, point.sum, point.min, point.max) == (50, sum(values), min(values), max(values))
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "opentelemetry-sdk" in caplog.records[0].getMessage()


def test_the_probe_accepts_the_installed_sdk():
    assert metrics.probe()


def test_the_private_names_are_found():
    assert {"_internal", "_measurement_consumer", "_attributes_aggregation"} < {*private_names()}


@pytest.mark.parametrize("name", private_names())
def test_without_one_of_the_private_names_the_plain_instrument_records_with_one_warning(
    name, monkeypatch, attach, caplog
):
    monkeypatch.setattr(folding, "metrics", module_without(name))
    assert_records_plainly_with_one_warning(attach, caplog)


@pytest.mark.parametrize("function", ["_add_to_buckets", "_add_to_sum", "_offer_exemplars"])
def test_if_the_probe_finds_a_difference_the_plain_instrument_records_with_one_warning(
    function, monkeypatch, attach, caplog
):
    monkeypatch.setattr(metrics, function, lambda *args: None)
    monkeypatch.setattr(metrics, "probe", metrics.probe.__wrapped__)
    assert_records_plainly_with_one_warning(attach, caplog)
