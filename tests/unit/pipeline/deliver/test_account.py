"""Export account: each produced item is delivered, dropped with a reason, or waiting."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_trading import _losses
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.sender import Outcome


def test_an_item_waits_until_its_outcome_is_booked() -> None:
    account = ExportAccount("traces", "otlp")
    account.produce(3)
    assert account.health().waiting == 3
    account.book(Outcome(delivered=2, dropped=Counter(rejected=1)))
    health = account.health()
    assert (health.produced, health.delivered, health.lost, health.waiting) == (3, 2, 1, 0)
    assert health.dropped == {"rejected": 1}


def test_a_loss_is_also_counted_for_the_signal() -> None:
    account = ExportAccount("logs", "otlp")
    account.drop(2, "queue_full")
    account.drop(0, "queue_full")
    assert _losses.snapshot() == {"logs": {"queue_full": 2}}


def test_a_failed_export_is_warned_of_once_a_minute_without_its_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = ExportAccount("traces", "otlp")
    for _ in range(3):
        outcome: Outcome[int] = Outcome(retry=[1], reason="no route to https://me:S3CRET@collector/")
        account.book(outcome)
        account.report_failure(outcome)
    assert account.health().last_error == "no route to https://REDACTED:REDACTED@collector/"
    assert caplog.messages == [
        "otel_trading: export of traces to otlp failed: no route to https://REDACTED:REDACTED@collector/ "
        "(0 dropped, 1 to be retried)"
    ]


def test_a_forked_child_begins_a_new_account() -> None:
    account = ExportAccount("traces", "otlp")
    account.produce()
    account.reset()
    assert account.health() == ExportAccount("traces", "otlp").health()


outcomes = st.builds(
    Outcome[object],
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(["rejected", "refused"]), st.integers(1, 5)).map(Counter),
)


@given(st.lists(outcomes))
def test_produced_equals_delivered_plus_lost_plus_waiting(booked: list[Outcome[object]]) -> None:
    account = ExportAccount("logs", "otlp")
    for outcome in booked:
        account.produce(outcome.delivered + outcome.dropped.total() + 1)
        account.book(outcome)
    health = account.health()
    assert health.produced == health.delivered + health.lost + health.waiting
    assert health.waiting == len(booked)
    assert health.lost == sum(health.dropped.values())
