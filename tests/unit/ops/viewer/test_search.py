"""Traces are found slowest first, log records newest first, by each of the conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading.ops.viewer.search import LogQuery, TraceQuery, find_logs, find_traces, logs_of, services
from otel_trading.ops.viewer.store import Store
from tests.unit.ops.viewer.otlp import log, span, spans

US = 1_000


@pytest.fixture
def store() -> Store:
    store = Store()
    store.add_spans(
        spans(span(1, 1, "process quote", start=0, lasts=50 * US, failed=False), by="market-data")
    )
    store.add_spans(
        spans(span(2, 2, "process quote", start=0, lasts=900 * US, failed=False), by="market-data")
    )
    store.add_spans(
        spans(
            span(2, 3, "order limit", parent=2, start=100 * US, lasts=4000 * US, trading__order__id="c-17"),
            by="engine",
        )
    )
    store.add_logs(log(2, "submitted", by="engine", time=5, trading__order__id="c-17"))
    store.add_logs(log(2, "near the limit", severity=13, time=9))
    store.add_logs(log(0, "connected", by="market-data", severity=5, time=7, server="SIM"))
    return store


def trace_numbers(store: Store, query: TraceQuery) -> list[int]:
    return [int(found.trace_id, 16) for found in find_traces(store, query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TraceQuery(), [2, 1]),
        (TraceQuery(service="engine"), [2]),
        (TraceQuery(service="eng"), []),
        (TraceQuery(name="QUOTE"), [2, 1]),
        (TraceQuery(name="order"), [2]),
        (TraceQuery(order_id="c-1"), [2]),
        (TraceQuery(order_id="17"), []),
        (TraceQuery(min_us=50), [2, 1]),
        (TraceQuery(min_us=51), [2]),
        (TraceQuery(min_us=4101), []),
        (TraceQuery(errors=True), [2]),
        (TraceQuery(orders=True), [2]),
        (TraceQuery(service="market-data", name="limit", errors=True), [2]),
    ],
    ids=str,
)
def test_traces_are_found_by_their_conditions(store, query, expected):
    assert trace_numbers(store, query) == expected


def test_the_summary_of_a_trace_names_its_order(store):
    found = find_traces(store, TraceQuery(orders=True))[0]
    assert (found.name, found.order_id, found.services) == ("order limit", "c-17", ("market-data", "engine"))
    assert (found.duration_ns, found.spans, found.errors) == (4100 * US, 2, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (LogQuery(), ["near the limit", "connected", "submitted"]),
        (LogQuery(trace_id=f"{2:032x}"), ["near the limit", "submitted"]),
        (LogQuery(order_id="c-"), ["submitted"]),
        (LogQuery(service="market-data"), ["connected"]),
        (LogQuery(severity="warn"), ["near the limit"]),
        (LogQuery(severity="info"), ["near the limit", "submitted"]),
        (LogQuery(text="LIMIT"), ["near the limit"]),
        (LogQuery(text="sim"), ["connected"]),
        (LogQuery(text="nothing"), []),
    ],
    ids=str,
)
def test_log_records_are_found_by_their_conditions(store, query, expected):
    assert [found.text for found in find_logs(store, query)] == expected


def test_the_logs_of_a_trace_come_in_their_order(store):
    assert [found.text for found in logs_of(store, store.trace(f"{2:032x}"))] == [
        "submitted",
        "near the limit",
    ]
    assert logs_of(store, []) == []


def test_each_service_with_data_is_named_once(store):
    assert services(store) == ["engine", "market-data", "risk-manager"]


@given(st.lists(st.integers(1, 10_000), max_size=30), st.integers(1, 10))
def test_the_slowest_come_first_and_no_more_than_asked(durations, most):
    store = Store()
    for number, lasts in enumerate(durations, 1):
        store.add_spans(spans(span(number, number, lasts=lasts)))
    found = [one.duration_ns for one in find_traces(store, TraceQuery(), most)]
    assert found == sorted(durations, reverse=True)[:most]
