"""The broker's real request client, unchanged, against the venue."""

from __future__ import annotations

from typing import Any

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
)


def market(side: OrderSide = OrderSide.BUY, qty: int = 100, **more: Any) -> MarketOrderRequest:
    return MarketOrderRequest(symbol="IBM", qty=qty, side=side, time_in_force=TimeInForce.DAY, **more)


def limit(price: float, qty: int = 100, **more: Any) -> LimitOrderRequest:
    return LimitOrderRequest(
        **{"symbol": "IBM", "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY, **more},
        qty=qty,
        limit_price=price,
    )


def test_a_market_order_is_accepted_and_filled_and_becomes_a_position(floor: Any) -> None:
    client = floor.venue.client()
    accepted = client.submit_order(market(client_order_id="c-1"))
    assert accepted.status is OrderStatus.PENDING_NEW
    filled = client.get_order_by_client_id("c-1")
    assert (filled.id, filled.status, filled.filled_avg_price) == (accepted.id, OrderStatus.FILLED, "182.02")
    position = client.get_open_position("IBM")
    assert (position.qty, position.avg_entry_price) == ("100", "182.02")
    assert client.get_all_positions() == [position]
    assert float(client.get_account().cash) == 1_000_000 - 18_202


def test_an_open_order_can_be_replaced_and_canceled(floor: Any) -> None:
    client = floor.venue.client()
    first = client.submit_order(limit(180.00))
    second = client.replace_order_by_id(first.id, ReplaceOrderRequest(qty=50, limit_price=181.00))
    assert (second.replaces, second.qty, second.limit_price) == (first.id, "50", "181")
    assert client.get_order_by_id(first.id).status is OrderStatus.REPLACED
    client.cancel_order_by_id(second.id)
    assert client.get_order_by_id(second.id).status is OrderStatus.CANCELED


def test_orders_are_listed_by_their_state(floor: Any) -> None:
    client = floor.venue.client()
    done, resting = client.submit_order(market()), client.submit_order(limit(180.00))
    found = {
        status: [order.id for order in client.get_orders(GetOrdersRequest(status=status))]
        for status in QueryOrderStatus
    }
    assert found == {
        QueryOrderStatus.OPEN: [resting.id],
        QueryOrderStatus.CLOSED: [done.id],
        QueryOrderStatus.ALL: [resting.id, done.id],
    }
    assert client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, symbols=["AAPL"])) == []
    assert len(client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, limit=1))) == 1


def test_all_orders_can_be_canceled_at_once(floor: Any) -> None:
    client = floor.venue.client()
    orders = [client.submit_order(limit(price)) for price in (180.00, 181.00)]
    assert [(answer.id, answer.status) for answer in client.cancel_orders()] == [
        (order.id, 200) for order in orders
    ]
    assert client.get_orders() == []


def test_the_clock_and_the_assets_can_be_requested(floor: Any) -> None:
    client = floor.venue.client()
    assert client.get_clock().is_open
    asset = client.get_asset("IBM")
    assert (asset.symbol, asset.exchange.value, asset.tradable) == ("IBM", "NYSE", True)
    floor.venue.control("POST", "market", {"running": False})
    assert not client.get_clock().is_open


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (
            lambda c: c.submit_order(market(qty=20_000)),
            (403, 40310000, "insufficient buying power"),
        ),
        (
            lambda c: c.submit_order(limit(1, symbol="IBN")),
            (422, 42210000, 'asset "IBN" not found'),
        ),
        (lambda c: c.get_asset("IBN"), (404, 40410000, "asset not found for IBN")),
        (lambda c: c.get_open_position("IBM"), (404, 40410000, "position does not exist")),
        (lambda c: c.get_order_by_client_id("c"), (404, 40410000, "order not found for c")),
    ],
)
def test_refusals_have_the_broker_s_form(floor: Any, ask: Any, expected: tuple[int, int, str]) -> None:
    with pytest.raises(APIError) as caught:
        ask(floor.venue.client())
    assert (caught.value.status_code, caught.value.code, caught.value.message) == expected


def test_a_wrong_secret_is_refused(floor: Any) -> None:
    with pytest.raises(APIError) as caught:
        floor.venue.client(secret="guess").get_account()
    assert (caught.value.status_code, caught.value.message) == (401, "request is not authorized")


@pytest.mark.parametrize("data", [b"", b"{", b"[]"])
def test_a_body_that_is_not_an_object_is_refused(floor: Any, data: bytes) -> None:
    response = floor.venue.request("POST", "orders", data=data)
    assert (response.status_code, response.json()["code"]) == (400, 40010000)
