"""Ticks: integer prices that can be formatted for the broker's JSON and moved with the market."""

from __future__ import annotations

import pytest
from trading_system.venue.ticks import CENT, Quote, Tick, Trade, dollars, moved

QUOTE = Quote("IBM", 1_820_000, 300, "N", 1_820_200, 100, "Q", ("R",))
TRADE = Trade("IBM", 1_820_100, 5, "D", ("@",))


@pytest.mark.parametrize(
    ("tick", "by", "at_its_new_prices"),
    [
        (QUOTE, -91_000, QUOTE._replace(bid_price=1_729_000, ask_price=1_729_200)),
        (QUOTE._replace(bid_price=0), 100, QUOTE._replace(bid_price=0, ask_price=1_820_300)),
        (TRADE, 91_000, TRADE._replace(price=1_911_100)),
        (TRADE, -9_000_000, TRADE._replace(price=CENT)),
        (TRADE, 0, TRADE),
    ],
)
def test_a_moved_tick_keeps_its_spread_and_its_empty_side(
    tick: Tick, by: int, at_its_new_prices: Tick
) -> None:
    assert moved(tick, by) == at_its_new_prices


@pytest.mark.parametrize(
    ("value", "text"), [(1_821_000, "182.1"), (-500, "-0.05"), (0, "0"), (10_000, "1"), (1, "0.0001")]
)
def test_money_is_written_without_trailing_zeros(value: int, text: str) -> None:
    assert dollars(value) == text
