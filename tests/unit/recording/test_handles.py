"""Binding labels, and the states of a status metric."""

from __future__ import annotations

from contextlib import ExitStack
from enum import Enum

import pytest

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.recording import handles
from tests.unit.recording.conftest import FEED, STATE, TYPE, counter, gauge, histogram, level


class MessageType(Enum):
    QUOTE = "quote"


def test_the_same_labels_give_the_same_handle():
    metric = counter(FEED, TYPE)
    first = metric.bind(feed_name="sip", message_type="quote")
    assert metric.bind(message_type=MessageType.QUOTE, feed_name="sip") is first
    assert metric.bind(feed_name="sip", message_type="trade") is not first


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (
            {"feed_nam": "sip"},
            "trading.test.counter has no label 'feed_nam', it has ['feed_name', 'message_type']. "
            "Did you mean 'feed_name'?",
        ),
        (
            {"feed_name": "sip", "zzz": 1},
            "trading.test.counter has no label 'zzz', it has ['feed_name', 'message_type'].",
        ),
        ({"message_type": "quote"}, "trading.test.counter needs the label feed_name"),
        ({"feed_name": None}, "trading.test.counter needs the label feed_name"),
    ],
)
def test_a_wrong_label_is_refused_with_the_allowed_ones(labels, sentence):
    with pytest.raises(LabelError) as caught:
        counter(FEED, TYPE).bind(**labels)
    assert str(caught.value) == sentence


def test_labels_are_given_by_name():
    with pytest.raises(LabelError, match=r"takes its labels by name, not \('sip',\)"):
        counter(FEED).bind("sip")


def test_a_value_outside_its_closed_set_becomes_other_and_is_counted_and_warned_of_once(caplog, attach):
    metric, attached = counter(FEED, TYPE), attach()
    metric.bind(feed_name="sip", message_type="qoute").add(1)
    metric.bind(feed_name="sip", message_type="trades").add(1)
    assert attached.values() == {"trading.test.counter": {("sip", "_OTHER"): 2}}
    assert _losses.snapshot() == {"metrics": {"label_other": 2}}
    assert [r.getMessage() for r in caplog.records] == [
        "otel_trading: message_type='qoute' is recorded as _OTHER; allowed: _OTHER, quote, trade. "
        "Did you mean 'quote'?"
    ]


def test_an_open_label_takes_any_scalar_and_an_absent_one_is_left_out(attach):
    metric, attached = gauge(FEED, TYPE), attach()
    metric.bind(feed_name=443).set(1)
    assert attached.values() == {"trading.test.gauge": {(443,): 1}}


@pytest.mark.parametrize(("given", "exported"), [("a\ud800", "a?"), (2**63, str(2**63)), (True, True)])
def test_a_label_value_that_otlp_cannot_encode_is_converted(attach, given, exported):
    metric, attached = gauge(FEED), attach()
    metric.bind(feed_name=given).set(1)
    assert attached.values() == {"trading.test.gauge": {(exported,): 1}}


def test_series_beyond_the_limit_share_one_overflow_series(monkeypatch, caplog, attach):
    monkeypatch.setattr(handles, "MAX_SERIES", 2)
    metric, attached = counter(FEED), attach()
    for feed in ("a", "b", "c", "d", "a"):
        metric.bind(feed_name=feed).add(1)
    assert attached.values() == {"trading.test.counter": {("a",): 2, ("b",): 1, (True,): 2}}
    assert _losses.snapshot() == {"metrics": {"cardinality": 2}}
    assert len(caplog.records) == 1


def test_time_records_seconds_also_if_the_block_raises(attach):
    handle, attached = histogram(FEED).bind(feed_name="sip"), attach()
    with handle.time():
        pass
    with pytest.raises(KeyError), handle.time():
        raise KeyError
    [point] = attached.points()["trading.test.histogram"]
    assert (point.count, point.bucket_counts[0]) == (2, 2)
    assert 0 <= point.min <= point.max


def test_the_duration_of_a_block_that_was_never_entered_is_counted_as_lost(attach):
    handle, attached = histogram(FEED).bind(feed_name="sip"), attach()
    with ExitStack() as stack:
        stack.push(handle.time())  # calls `__exit__` only
    assert attached.values() == {}
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_a_status_has_exactly_one_state_that_is_1(attach):
    states, attached = level(FEED, STATE).bind_states("state", feed_name="sip"), attach()
    assert attached.values() == {}
    states.set("connected")
    assert attached.values()["trading.test.updowncounter"] == {("sip", "connected"): 1, ("sip", "idle"): 0}
    states.set("idle")
    assert attached.values()["trading.test.updowncounter"] == {("sip", "connected"): 0, ("sip", "idle"): 1}


def test_an_unknown_state_changes_nothing_and_is_counted(attach, caplog):
    states, attached = level(FEED, STATE).bind_states("state", feed_name="sip"), attach()
    states.set("idle")
    states.set("asleep")
    assert attached.values()["trading.test.updowncounter"] == {("sip", "connected"): 0, ("sip", "idle"): 1}
    assert _losses.snapshot() == {"metrics": {"unknown_state": 1}}
    assert caplog.records[0].getMessage() == "otel_trading: unknown state 'asleep'; allowed: connected, idle"


def test_states_need_a_closed_label():
    with pytest.raises(LabelError, match=r"has no closed label 'feed_name', it has \['state'\]"):
        level(FEED, STATE).bind_states("feed_name")
