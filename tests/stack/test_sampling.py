"""Tail sampling keeps every failed trace completely, and a share of the others."""

from __future__ import annotations

import pytest

from tests.stack import otlp
from tools.drills.running import RunningStack, poll_until

BATCH = 100


def send(stack: RunningStack, traces: dict[str, list[dict[str, object]]]) -> None:
    """Send traces, each split over two services and two requests."""
    ids = list(traces)
    for begin in range(0, len(ids), BATCH):
        chosen = ids[begin : begin + BATCH]
        for service, part in (("market-data", 0), ("risk-manager", 1)):
            spans = [span for trace_id in chosen for span in traces[trace_id][part::2]]
            stack.send("traces", otlp.traces(spans, service))


def plain(trace_id: str) -> list[dict[str, object]]:
    return [otlp.span(trace_id, name) for name in ("receive", "look", "think", "forget")]


def kept(stack: RunningStack, ids: list[str]) -> dict[str, int]:
    """Return the number of spans in Jaeger for each trace that it has."""
    found = {trace_id: stack.jaeger.trace(trace_id) for trace_id in ids}
    return {trace_id: len(trace["spans"]) for trace_id, trace in found.items() if trace}


def test_every_one_of_1000_failed_traces_is_kept_whole(stack):
    traces = {}
    for _ in range(1000):
        trace_id = otlp.new_trace_id()
        traces[trace_id] = [*plain(trace_id)[:3], otlp.span(trace_id, "fail", error="no position")]
    send(stack, traces)
    ids = list(traces)
    poll_until("all failed traces are in Jaeger", lambda: stack.jaeger.trace(ids[-1]))
    poll_until("each is whole", lambda: kept(stack, ids) == dict.fromkeys(ids, 4))


WORTH_KEEPING = {
    "an order": {"given": {"trading.order.id": "o-1"}},
    "a failed check": {"given": {"trading.risk.check.type": "position", "trading.risk.check.result": "fail"}},
    "a rejection": {"events": {"trading.order.rejected": {"trading.order.reject.reason": "price"}}},
    "a tripped kill switch": {"events": {"trading.kill_switch.tripped": {}}},
    "a reset kill switch": {"events": {"trading.kill_switch.reset": {}}},
    "a breached limit": {"events": {"trading.risk.limit.breached": {}}},
    "a slow tick": {"given": {"trading.market_data.message.type": "quote"}, "nanoseconds": 10_001},
    "a slow inference": {"name": "infer", "nanoseconds": 1_000_001},
    "a slow check": {"given": {"trading.risk.check.type": "position"}, "nanoseconds": 500_001},
    "a slow request": {"given": {"http.request.method": "POST"}, "nanoseconds": 500_000_001},
}


@pytest.mark.parametrize("reason", WORTH_KEEPING)
def test_a_trace_worth_keeping_is_kept_whole(stack, reason):
    traces = {}
    for _ in range(20):
        trace_id = otlp.new_trace_id()
        traces[trace_id] = [*plain(trace_id)[:3], otlp.span(trace_id, **WORTH_KEEPING[reason])]
    send(stack, traces)
    poll_until("each is kept, whole", lambda: kept(stack, list(traces)) == dict.fromkeys(traces, 4))


def test_a_tenth_of_the_other_traces_is_kept_whole(stack):
    traces = {(trace_id := otlp.new_trace_id()): plain(trace_id) for _ in range(1000)}
    send(stack, traces)
    last = otlp.new_trace_id()
    send(stack, {last: [otlp.span(last, error="the last")]})
    poll_until("the last trace is there", lambda: stack.jaeger.trace(last))
    found = kept(stack, list(traces))
    assert set(found.values()) == {4}
    assert 50 < len(found) < 150  # five standard deviations from 100


def test_a_late_span_follows_the_decision_about_its_trace(stack):
    trace_id = otlp.new_trace_id()
    send(stack, {trace_id: [otlp.span(trace_id, error="no position")]})
    poll_until("the trace is there", lambda: stack.jaeger.trace(trace_id))
    stack.send("traces", otlp.traces([otlp.span(trace_id, "late")], "execution-engine"))
    poll_until("the late span is there", lambda: kept(stack, [trace_id]) == {trace_id: 2})
