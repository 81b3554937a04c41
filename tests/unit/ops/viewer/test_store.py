"""The store keeps data within bounds, evicts traces of orders last, and counts evictions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)

from otel_trading.ops.viewer.store import Store
from tests.unit.ops.viewer.otlp import counted, held, key, log, metric, span, spans


def test_the_spans_of_a_trace_are_sorted_by_start_and_not_by_arrival():
    store = Store()
    store.add_spans(spans(span(1, 2, "child", parent=1, start=5), by="execution-engine"))
    store.add_spans(spans(span(1, 1, "root", start=1)))
    root, child = store.trace(f"{1:032x}")
    assert (root.name, root.parent_id, root.service) == ("root", "", "risk-manager")
    assert (child.parent_id, child.is_error, [e.name for e in child.events]) == (root.span_id, True, ["e"])
    assert (store.received["spans"], store.received["traces"]) == (2, 1)


def test_traces_of_orders_are_evicted_last():
    store = Store(max_spans=3)
    store.add_spans(spans(span(1, 1, "order limit"), span(1, 2)))
    store.add_spans(spans(span(2, 3), span(3, 4)))
    assert [len(store.trace(f"{number:032x}")) for number in (1, 2, 3)] == [2, 0, 1]
    assert store.evicted == {"spans": 1}


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=60), st.integers(1, 10))
def test_spans_are_kept_or_counted_as_evicted(given_spans, limit):
    store = Store(max_spans=limit)
    for number, (trace, is_order) in enumerate(given_spans, 1):
        store.add_spans(spans(span(trace, number, "order market" if is_order else "s")))
    kept = sum(len(trace) for traces in (store.traces, store.orders) for trace in traces.values())
    assert kept + store.evicted["spans"] == len(given_spans)
    assert kept <= limit


def test_the_last_logs_are_kept():
    store = Store(max_logs=2)
    for body in ("a", "b", "c"):
        store.add_logs(log(trace=5 if body == "c" else 0, body=body))
    assert [(record.text, record.time_ns, record.level) for record in store.logs] == [
        ("b", 7, "INFO"),
        ("c", 7, "INFO"),
    ]
    assert (store.received["logs"], store.received["logs_with_trace_id"], store.evicted["logs"]) == (3, 1, 1)


def test_a_series_holds_its_last_value():
    store = Store()
    for value in (1, 4):
        store.add_metrics(metric("m", NumberDataPoint(attributes=[key("a", "x")], as_int=value)))
    store.add_metrics(metric("m", NumberDataPoint(attributes=[key("a", "y")], as_double=0.5)))
    assert [(series.attributes, series.value) for series in store.series_of("m")] == [
        ({"a": "x"}, 4),
        ({"a": "y"}, 0.5),
    ]
    assert store.metric_names() == {"m"}


def test_a_histogram_holds_its_sum_its_count_and_its_exemplars():
    store = Store()
    exemplar = Exemplar(trace_id=(9).to_bytes(16, "big"))
    store.add_metrics(metric("h", HistogramDataPoint(count=2, sum=0.5, exemplars=[exemplar, Exemplar()])))
    (series,) = store.series_of("h")
    assert (series.count, series.value, list(series.exemplars)) == (2, 0.5, [f"{9:032x}"])


def test_series_beyond_the_limit_are_counted():
    store = Store(max_series=1)
    for label in ("a", "b", "a"):
        store.add_metrics(metric("m", NumberDataPoint(attributes=[key("l", label)], as_int=1)))
    assert (len(store.series), store.evicted["series"]) == (1, 1)


def test_an_empty_metric_is_not_stored():
    store = Store()
    store.add_metrics([ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[Metric(name="m")])])])
    assert store.metric_names() == set()


def test_attributes_of_every_kind_are_read():
    store = Store()
    values = AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue(bool_value=True)]))
    pairs = AnyValue(kvlist_value=KeyValueList(values=[key("k", "v")]))
    given_span = span(1, 1)
    given_span.attributes.extend([key("list", values), key("map", pairs), KeyValue(key="none")])
    store.add_spans(spans(given_span))
    assert store.trace(f"{1:032x}")[0].attributes == {"list": (1, True), "map": (("k", "v"),), "none": None}


def test_two_instances_of_a_service_have_a_series_each():
    store = Store()
    for instance in ("a", "b"):
        (resource,) = held("m", 1, at=1)
        resource.resource.attributes.append(key("service.instance.id", instance))
        store.add_metrics([resource])
    assert [series.value for series in store.series_of("m")] == [1, 1]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10)), max_size=40), st.integers(4, 10))
def test_points_are_kept_or_counted_as_evicted(points, limit):
    store = Store(max_points=limit)
    for at, (number, value) in enumerate(points, 1):
        store.add_metrics(held(f"m{number}", value, at))
    kept = sum(len(series.points) for series in store.series.values())
    assert kept + store.evicted["points"] == len(points)
    assert kept <= limit
    assert all(series.points[-1].value == series.value for series in store.series.values())


def test_parts_that_an_sdk_dropped_are_reported():
    store = Store()
    given_span = span(1, 1)
    given_span.dropped_attributes_count, given_span.dropped_events_count = 2, 1
    store.add_spans(spans(given_span))
    store.add_metrics(counted("m", 1, at=1))
    assert store.reported == {"traces": {"attributes": 2, "events": 1}}
