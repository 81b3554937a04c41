"""Times of any unit, and the seconds between two times."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from otel_trading import _losses
from otel_trading.values.times import nanoseconds, seconds, seconds_since

NOW = 1_790_000_000 * 10**9
"""A time of the year 2026."""


@pytest.mark.parametrize("given", [NOW, NOW // 10**3, NOW // 10**6, NOW // 10**9, NOW / 1e9])
def test_a_time_becomes_nanoseconds_by_its_size(given):
    assert nanoseconds(given) == NOW


@pytest.mark.parametrize(
    ("given", "expected"),
    [(5, 5), (-1, 0), ("now", 0), (None, 0), (True, 0), (datetime.now(timezone.utc), 0), (float("nan"), 0)],
)
def test_clocks_of_tests_are_nanoseconds_and_other_values_are_0(given, expected):
    assert nanoseconds(given) == expected


def test_a_time_never_exceeds_64_bits():
    assert nanoseconds(2**63) == 0
    assert nanoseconds(float(2**63 - 1024)) < 2**63


def test_the_seconds_since_a_time():
    assert seconds_since(NOW - 1_500_000_000, NOW) == 1.5
    assert _losses.snapshot() == {}


def test_a_time_more_than_a_day_away_is_counted_and_warned_of(caplog):
    assert seconds_since(NOW // 10**6, NOW) is None
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}
    assert "is it in unix nanoseconds?" in caplog.text


def test_a_time_that_is_not_a_number_is_counted():
    assert seconds_since("now", NOW) is None
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


def test_a_negative_duration_becomes_0_and_is_counted():
    assert seconds(0.5) == 0.5
    assert seconds(-0.5) == 0.0
    assert _losses.snapshot() == {"metrics": {"negative_duration": 1}}
