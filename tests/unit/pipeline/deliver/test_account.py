"""The account: every item is produced, and then delivered, dropped for a reason, or waiting."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading import _losses
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.sender import Outcome


def test_what_was_produced_waits_until_its_outcome_is_booked() -> None:
    route = ExportAccount("traces", "otlp")
    route.produce(3)
    assert route.health().waiting == 3
    route.book(Outcome(delivered=2, dropped=Counter(rejected=1)))
    health = route.health()
    assert (health.produced, health.delivered, health.lost, health.waiting) == (3, 2, 1, 0)
    assert health.dropped == {"rejected": 1}


def test_a_loss_is_counted_for_the_signal_too() -> None:
    route = ExportAccount("logs", "otlp")
    route.drop(2, "queue_full")
    route.drop(0, "queue_full")
    assert _losses.snapshot() == {"logs": {"queue_full": 2}}


def test_what_went_wrong_is_said_once_a_minute_without_its_secrets(caplog: pytest.LogCaptureFixture) -> None:
    route = ExportAccount("traces", "otlp")
    for _ in range(3):
        outcome: Outcome[int] = Outcome(again=[1], why="no route to https://me:S3CRET@collector/")
        route.book(outcome)
        route.say(outcome)
    assert route.health().last_error == "no route to https://REDACTED:REDACTED@collector/"
    assert caplog.messages == [
        "otel_trading: traces to otlp: no route to https://REDACTED:REDACTED@collector/ "
        "(0 dropped, 1 to be sent again)"
    ]


def test_a_forked_child_begins_a_new_account() -> None:
    route = ExportAccount("traces", "otlp")
    route.produce()
    route.reset()
    assert route.health() == ExportAccount("traces", "otlp").health()


outcomes = st.builds(
    Outcome[object],
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(["rejected", "refused"]), st.integers(1, 5)).map(Counter),
)


@given(st.lists(outcomes))
def test_produced_is_delivered_and_lost_and_waiting(booked: list[Outcome[object]]) -> None:
    route = ExportAccount("logs", "otlp")
    for outcome in booked:
        route.produce(outcome.delivered + outcome.dropped.total() + 1)
        route.book(outcome)
    health = route.health()
    assert health.produced == health.delivered + health.lost + health.waiting
    assert health.waiting == len(booked)
    assert health.lost == sum(health.dropped.values())
