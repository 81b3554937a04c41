"""A feed: its connection is in one state, and each message is used, dropped or missed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import Feed
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_numbers, not_words

STATUS = "trading.connection.status"


def dropped(seen: Seen) -> dict[str, float]:
    points = seen.points("trading.market_data.message.dropped")
    return {p.attributes["trading.market_data.drop.reason"]: p.value for p in points if p.value}


@pytest.mark.parametrize(
    ("step", "state", "events"),
    [
        (Feed.connecting, "connecting", []),
        (Feed.connected, "connected", ["trading.market_data.connected"]),
        (Feed.idle, "idle", []),
        (Feed.disconnected, "disconnected", []),
        (lambda feed: feed.connection_failed(OSError()), "disconnected", []),
    ],
)
def test_a_feed_is_in_the_state_that_was_set_last(seen, step, state, events):
    feed = Feed("sip")
    step(feed)
    assert feed.state == state
    assert seen.state(STATUS, type="market_data", name="sip") == [state]
    assert seen.events() == events


@settings(deadline=None, max_examples=30)
@given(steps=st.lists(st.sampled_from([Feed.connecting, Feed.connected, Feed.disconnected, Feed.idle])))
def test_exactly_one_state_is_1_and_each_change_is_an_event(steps):
    seen, feed, changes = Seen(), Feed("sip"), 0
    for step in steps:
        before = feed.state
        step(feed)
        changes += feed.state != before and feed.state in {"connected", "disconnected"}
    assert seen.state(STATUS, type="market_data", name="sip") == [feed.state]
    assert len(seen.events()) == changes


def test_the_event_of_a_lost_connection_has_the_reason(seen):
    feed = Feed("sip")
    feed.connected()
    feed.disconnected("heartbeat timeout")
    assert [r.body for r in seen.log_records if r.event_name == "trading.market_data.disconnected"] == [
        "heartbeat timeout"
    ]


@pytest.mark.parametrize(("error", "kind"), [(TimeoutError("x"), "TimeoutError"), ("dns", "dns")])
def test_a_failed_connection_is_counted_by_its_error(seen, error, kind):
    Feed("sip").connection_failed(error)
    assert seen.total("trading.market_data.connection.failed", type=kind) == 1


def test_a_provider_that_is_attached_later_gets_the_state():
    feed = Feed("early")
    feed.connected()
    assert Seen().state(STATUS, name="early") == ["connected"]


def test_a_message_is_counted_with_its_time_and_transit(seen):
    before = time.time()
    assert Feed("sip").received("trade", exchange_time_ns=time.time_ns() - 2_000_000)
    assert seen.total("trading.market_data.message.received", type="trade") == 1
    (stamp,) = seen.values("trading.market_data.last_message.timestamp")
    assert before <= stamp <= time.time()
    (transit,) = seen.points("trading.market_data.transit.duration")
    assert transit.min >= 0.002


def test_a_message_from_the_future_has_a_transit_of_zero_and_is_counted(seen):
    Feed("sip").received("trade", exchange_time_ns=time.time_ns() + 10**12)
    assert seen.values("trading.market_data.transit.duration") == [0]
    assert _losses.snapshot() == {"metrics": {"negative_duration": 1}}


@pytest.mark.parametrize("when", [1_700_000_000, 1_767_225_600.5, "noon", float("nan")])
def test_no_transit_is_recorded_for_a_time_that_is_not_recent_nanoseconds(seen, when):
    assert Feed("sip").received("trade", exchange_time_ns=when)
    assert seen.total("trading.market_data.transit.duration") == 0
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


@pytest.mark.parametrize(
    ("sequences", "used", "missed", "lost"),
    [
        ([7, 8, 9], [True, True, True], 0, {}),
        ([1, 5], [True, True], 3, {}),
        ([1, 1], [True, False], 0, {"duplicate": 1}),
        ([1, 2, 3, 1], [True, True, True, False], 0, {"out_of_order": 1}),
        ([1, 3, 2, 4], [True, True, False, True], 1, {"out_of_order": 1}),
    ],
)
def test_sequence_numbers_decide_which_messages_are_used_and_how_many_are_missing(
    seen, sequences, used, missed, lost
):
    feed = Feed("sip")
    assert [feed.received("quote", sequence=n) for n in sequences] == used
    assert seen.total("trading.market_data.message.missed") == missed
    assert dropped(seen) == lost
    assert seen.total("trading.market_data.message.received") == len(sequences)


@settings(deadline=None, max_examples=50)
@given(sequences=st.lists(st.integers(1, 20), min_size=1))
def test_every_number_up_to_the_last_is_used_or_missed(sequences):
    seen, feed = Seen(), Feed("sip")
    used = [n for n in sequences if feed.received("quote", sequence=n)]
    assert used == sorted(set(used))
    assert len(used) + seen.total("trading.market_data.message.missed") == max(used) - sequences[0] + 1
    assert len(used) + sum(dropped(seen).values()) == len(sequences)


def test_a_gap_is_an_event(seen):
    feed = Feed("sip")
    feed.received("quote", sequence=1)
    feed.received("quote", sequence=4)
    assert seen.event("trading.market_data.gap") == {
        "trading.feed.name": "sip",
        "trading.market_data.gap.size": 2,
    }


def test_after_a_reconnection_the_sequence_numbers_may_start_again(seen):
    feed = Feed("sip")
    feed.received("quote", sequence=100)
    feed.connected()
    assert feed.received("quote", sequence=1)
    assert not feed.received("quote", sequence=1)
    assert seen.total("trading.market_data.message.missed") == 0


def test_a_gap_in_the_numbers_across_a_reconnection_is_counted_as_missed(seen):
    feed = Feed("sip")
    feed.received("quote", sequence=100)
    feed.connected()
    feed.received("quote", sequence=111)
    assert seen.total("trading.market_data.message.missed") == 10


def test_the_work_on_a_message_is_a_span_and_a_duration_whose_exemplar_leads_to_it(seen):
    feed = Feed("sip")
    with feed.process("quote"), feed.book_update("snapshot"):
        context = trace.get_current_span().get_span_context()
    (process,) = seen.points("trading.market_data.process.duration", type="quote")
    assert (process.count, process.exemplars[0].span_id) == (1, context.span_id)
    assert seen.total("trading.order_book.update.duration", type="snapshot") == 1
    assert seen.span("process quote").attributes["trading.feed.name"] == "sip"


def test_an_error_in_the_work_propagates_unchanged(seen):
    error = ValueError("bad book")
    with pytest.raises(ValueError, match="bad book") as raised, Feed("sip").process("quote"):
        raise error
    assert raised.value is error
    assert seen.total("trading.market_data.process.duration") == 1


def test_drops_gaps_and_violations_are_counted_by_reason(seen):
    feed = Feed("sip")
    feed.dropped("overflow", 3)
    feed.missed(2)
    feed.violation("crossed")
    assert dropped(seen) == {"overflow": 3}
    assert seen.total("trading.market_data.message.missed") == 2
    assert seen.total("trading.order_book.violations", type="crossed") == 1


def test_each_message_of_an_unknown_type_is_counted_as_other(seen):
    feed = Feed("sip")
    for _ in range(2):
        feed.received("imbalance")
    assert seen.total("trading.market_data.message.received", type="_OTHER") == 2
    assert _losses.snapshot() == {"metrics": {"label_other": 2}}


@settings(deadline=None)
@given(word=not_words, number=not_numbers)
def test_a_feed_never_raises_for_any_argument(word, number):
    seen, feed = Seen(), Feed("sip")
    assert feed.received(
        word, exchange_time_ns=number, sequence=number if not isinstance(number, bool) else None
    )
    feed.dropped(word, number)
    feed.missed(number)
    feed.violation(word)
    feed.disconnected(word)
    feed.connection_failed(word)
    with feed.process(word), feed.book_update(word):
        pass
    assert seen.total("trading.market_data.message.received") == 1
    assert seen.total("trading.market_data.message.missed") == 0


def test_a_defect_of_ours_does_not_drop_the_message(seen, guarded, monkeypatch):
    feed = Feed("sip")
    monkeypatch.setattr(feed, "_last_message", None)
    assert feed.received("quote") is True
    assert _losses.snapshot() == {"sdk": {"internal_error": 1}}


@given(name=not_names)
def test_a_feed_needs_a_name(name):
    with pytest.raises(LabelError, match=r"Feed\(name\) takes text that is not empty, not "):
        Feed(name)
