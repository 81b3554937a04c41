"""A channel: a message that one service sends is processed by another in the same trace."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import Channel
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_numbers, not_words

DURATION = "messaging.client.operation.duration"


def test_a_message_carries_its_trace_context(seen):
    channel = Channel("ticks")
    with channel.send([b"IBM", b"182.1"]) as frames:
        sent = list(frames)
    with channel.process(sent) as received:
        pass
    send, process = seen.span("send ticks"), seen.span("process ticks")
    assert received == [b"IBM", b"182.1"]
    assert sent[:2] == received
    assert process.parent.span_id == send.context.span_id
    assert process.context.trace_id == send.context.trace_id
    assert (send.kind, process.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert dict(send.attributes) == {
        "messaging.system": "zeromq",
        "messaging.destination.name": "ticks",
        "messaging.operation.name": "send",
    }


def test_a_message_without_context_starts_a_trace(seen):
    with Channel("ticks").process([b"IBM"]) as received:
        pass
    assert received == [b"IBM"]
    assert seen.span("process ticks").parent is None


def test_sends_and_receives_are_timed(seen):
    channel = Channel("ticks", system="redis")
    with channel.send([b""]):
        pass
    with channel.receive():
        pass
    with pytest.raises(BlockingIOError), channel.send([b""]):
        raise BlockingIOError
    assert {n: seen.total(DURATION, system="redis", name=n) for n in ("send", "receive")} == {
        "send": 2,
        "receive": 1,
    }
    assert seen.total(DURATION, type="BlockingIOError") == 1


@given(messages=st.integers(0, 100_000), direction=st.sampled_from(["in", "out"]))
@settings(deadline=None)
def test_the_depth_of_a_queue_is_the_last_one_that_was_set(messages, direction):
    seen = Seen()
    Channel("ticks").depth(messages, direction)
    assert seen.values("trading.queue.depth", name="ticks", direction=direction) == [messages]


@given(number=not_numbers, word=not_words)
@settings(deadline=None)
def test_a_depth_that_is_not_a_number_is_counted_as_invalid(number, word):
    seen = Seen()
    Channel("ticks").depth(number, word)
    assert seen.values("trading.queue.depth") == []
    assert _losses.snapshot()["metrics"]["invalid_value"] >= 1


@given(name=not_names)
def test_a_channel_needs_its_names(name):
    with pytest.raises(LabelError, match=r"Channel\(destination\) takes text"):
        Channel(name)
    with pytest.raises(LabelError, match=r"Channel\(system\) takes text"):
        Channel("x", system=name)
