"""Faults of the market and of the clock, as the broker's client sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import MarketOrderRequest
from trading_system.venue.ticks import Quote, Trade

QUOTE = Quote("IBM", 1_820_000, 300, "N", 1_820_200, 300, "N", ("R",))
TRADE = Trade("IBM", 1_820_000, 5, "D", ("@",))


def trade(client: Any, side: OrderSide) -> str:
    order = client.submit_order(
        MarketOrderRequest(symbol="IBM", qty=100, side=side, time_in_force=TimeInForce.DAY)
    )
    filled: str = client.get_order_by_id(order.id).filled_avg_price
    return filled


@pytest.mark.parametrize(
    ("side", "entry", "moved_to"), [(OrderSide.BUY, "182.02", "172.9"), (OrderSide.SELL, "182", "191.1")]
)
def test_an_adverse_move_loses_money_and_comes_back(
    floors: Callable[..., Any], wait_until: Any, side: OrderSide, entry: str, moved_to: str
) -> None:
    floor = floors(*[TRADE, QUOTE] * 5_000, every=0.002)
    floor.open_market()
    wait_until(lambda: floor.venue.counts()["ticks"]["produced"] > 2, "the first ticks")
    client = floor.venue.client()
    assert trade(client, side) == entry

    def price() -> str:
        current: str = client.get_open_position("IBM").current_price
        return current

    floor.venue.fault("adverse_move", bps=500)
    wait_until(lambda: price() == moved_to, "the move")
    lost = 1_000_000 - float(client.get_account().equity)
    assert lost == pytest.approx(100 * abs(float(moved_to) - float(entry)))
    floor.venue.control("DELETE", "faults")
    wait_until(lambda: price() == "182", "the return of the price")


def test_orders_trade_at_the_moved_price(floors: Callable[..., Any], wait_until: Any) -> None:
    floor = floors(*[TRADE, QUOTE] * 5_000, every=0.002)
    floor.open_market()
    wait_until(lambda: floor.venue.counts()["ticks"]["produced"] > 2, "the first ticks")
    client = floor.venue.client()
    trade(client, OrderSide.BUY)
    floor.venue.fault("adverse_move", bps=500)
    wait_until(lambda: client.get_open_position("IBM").current_price == "172.9", "the move")
    assert trade(client, OrderSide.SELL) == "172.9"


def test_an_adverse_move_without_positions_moves_no_price(
    floors: Callable[..., Any], wait_until: Any
) -> None:
    floor = floors(*[TRADE, QUOTE] * 500, every=0.002)
    floor.venue.fault("adverse_move", bps=500)
    market_data = floor.market_data()
    wait_until(lambda: len(market_data.messages) == 1_000, "all ticks")
    assert {message["p"] for message in market_data.messages if message["T"] == "t"} == {182.0}


def test_a_skewed_clock_is_ahead_and_comes_back(floor: Any) -> None:
    client = floor.venue.client()

    def ahead() -> float:
        return float(client.get_clock().timestamp.timestamp() - time.time())

    floor.venue.fault("clock_skew", offset=30)
    assert ahead() == pytest.approx(30, abs=5)
    floor.venue.control("DELETE", "faults")
    assert ahead() == pytest.approx(0, abs=5)
