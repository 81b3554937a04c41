"""Faults: active for their time, for their share of occasions, and refused in one sentence if they are invalid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading_system.venue.faults import FaultError, Faults


class FakeClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_fault_ends_when_its_seconds_are_over() -> None:
    clock = FakeClock()
    faults = Faults(clock)
    faults.activate({"name": "http_5xx", "seconds": 10})
    clock.now += 9.9
    assert faults.active("http_5xx") is not None
    clock.now += 0.1
    assert faults.active("http_5xx") is None
    assert faults.listing() == []


def test_a_fault_of_the_same_name_replaces_the_first() -> None:
    faults = Faults(FakeClock())
    faults.activate({"name": "slippage", "seconds": 10})
    faults.activate({"name": "slippage", "seconds": 20, "bps": 5})
    assert faults.listing() == [{"name": "slippage", "seconds_left": 20.0, "bps": 5, "share": 1.0, "hits": 0}]


def test_clear_ends_every_fault() -> None:
    faults = Faults(FakeClock())
    faults.activate({"name": "rejects", "seconds": 10})
    faults.clear()
    assert faults.hit("rejects") is None


@given(st.floats(0.01, 1), st.integers(1, 500))
def test_a_share_is_spread_evenly(share: float, occasions: int) -> None:
    faults = Faults(FakeClock())
    faults.activate({"name": "sequence_gap", "seconds": 10, "share": share})
    hits = sum(faults.hit("sequence_gap") is not None for _ in range(occasions))
    assert abs(hits - share * occasions) <= 1


@pytest.mark.parametrize(
    ("request_body", "sentence"),
    [
        (
            {"name": "http_5x", "seconds": 1},
            r"^no fault 'http_5x'; there are http_5xx, .* Did you mean 'http_5xx'\?$",
        ),
        ({"name": "latency"}, r"^fault latency needs seconds as a number above 0, not None$"),
        ({"name": "latency", "seconds": "3"}, r"^fault latency needs seconds as a number above 0, not '3'$"),
        (
            {"name": "latency", "seconds": True},
            r"^fault latency needs seconds as a number above 0, not True$",
        ),
        (
            {"name": "latency", "seconds": 1, "delay": -1},
            r"^fault latency needs delay as a number above 0, not -1$",
        ),
        (
            {"name": "latency", "seconds": 1, "dealy": 1},
            r"^fault latency has no parameter 'dealy'; it has seconds, delay, share\. Did you mean 'delay'\?",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(request_body: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FaultError, match=sentence):
        Faults(FakeClock()).activate(request_body)
