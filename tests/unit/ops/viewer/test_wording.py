"""Numbers are formatted for people."""

from __future__ import annotations

import pytest

from otel_trading.ops.viewer import wording

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.number(None), DASH),
        (wording.number(1234.0), "1,234"),
        (wording.number(-0.12345), f"{MINUS}0.123"),
        (wording.number(1234.5), "1,234"),
        (wording.number(float("nan")), DASH),
        (wording.money(1234.5), "1,234.50"),
        (wording.money(-0.5, signed=True), f"{MINUS}0.50"),
        (wording.percent(0.9871), "98.7 %"),
        (wording.duration(2.649e-4), "265 µs"),
        (wording.duration(1.5e-6), "1.5 µs"),
        (wording.duration(0.0124), "12.4 ms"),
        (wording.duration(1.2), "1.2 s"),
        (wording.duration(0.0), "0 µs"),
        (wording.micros(2_024_617_000), "2,024,617"),
        (wording.age(-0.2), "0 s ago"),
        (wording.age(125), "2 min ago"),
        (wording.measured(4.0e8, "By"), "400 MB"),
        (wording.measured(12.5, "USD"), "12.50 USD"),
        (wording.measured(0.0124, "s"), "12.4 ms"),
        (wording.measured(1_790_000_000.5, "s"), wording.clock(1_790_000_000_500_000_000)),
        (wording.measured(3, "{order}"), "3"),
        (wording.measured(1.157, "bps"), "1.16 bps"),
        (wording.measured(0.4, "1"), "0.4"),
        (wording.size(12), "12 B"),
    ],
)
def test_a_number_is_written(text, expected):
    assert text == expected


def test_a_time_is_written_to_the_microsecond():
    assert wording.clock(1_700_000_000_123_456_789).endswith(".123456")
