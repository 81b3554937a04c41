"""The broker's real stream clients, unchanged, against the venue."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgpack
import pytest
from alpaca.data.models import Quote as AlpacaQuote
from alpaca.data.models import Trade as AlpacaTrade
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, ReplaceOrderRequest
from trading_system.venue.ticks import Quote, Trade
from websockets.sync.client import connect

QUOTE = Quote("IBM", 1_820_000, 300, "N", 1_820_200, 100, "Q", ("R",))
TRADE = Trade("IBM", 1_820_100, 5, "D", ("@", "I"))
MARKET = {"symbol": "IBM", "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY}


def test_ticks_flow_from_the_first_subscription_on(floors: Callable[..., Any], wait_until: Any) -> None:
    floor = floors(QUOTE, TRADE, QUOTE)
    assert floor.venue.control("GET", "health") == {
        "status": "ok",
        "market": "waiting",
        "symbols": ["IBM"],
        "subscribers": {"market_data": 0, "trade_updates": 0},
    }
    market_data = floor.market_data()
    wait_until(lambda: len(market_data.messages) == 3, "all ticks")
    assert [(message["T"], message["n"]) for message in market_data.messages] == [
        ("q", 1),
        ("t", 2),
        ("q", 3),
    ]


def test_ticks_become_the_client_s_own_quotes_and_trades(floors: Callable[..., Any], wait_until: Any) -> None:
    market_data = floors(QUOTE, TRADE).market_data(raw=False)
    wait_until(lambda: len(market_data.messages) == 2, "both ticks")
    quote, trade = market_data.messages
    assert isinstance(quote, AlpacaQuote)
    assert (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size) == (182.0, 300, 182.02, 100)
    assert isinstance(trade, AlpacaTrade)
    assert (trade.price, trade.size, trade.conditions) == (182.01, 5, ["@", "I"])
    assert quote.timestamp <= trade.timestamp <= datetime.now(timezone.utc)


def test_every_tick_sent_is_received(floors: Callable[..., Any], wait_until: Any) -> None:
    floor = floors(*[QUOTE, TRADE] * 2_500)
    market_data = floor.market_data()
    wait_until(lambda: len(market_data.messages) == 5_000, "all ticks")
    assert [message["n"] for message in market_data.messages] == list(range(1, 5_001))
    assert floor.venue.counts()["ticks"] == {
        "produced": 5_000,
        "sent": 5_000,
        "withheld": 0,
        "withheld_by_reason": {},
        "by_symbol": {"IBM": 5_000},
    }


def test_trade_updates_report_the_life_of_an_order(floor: Any, wait_until: Any) -> None:
    updates, client = floor.trade_updates(), floor.venue.client()
    client.submit_order(MarketOrderRequest(**MARKET, qty=100))
    resting = client.submit_order(LimitOrderRequest(**MARKET, qty=100, limit_price=180))
    changed = client.replace_order_by_id(resting.id, ReplaceOrderRequest(qty=50))
    client.cancel_order_by_id(changed.id)
    wait_until(lambda: len(updates.messages) == 6, "six trade updates")
    assert [(update.event, update.order.status.value) for update in updates.messages] == [
        ("new", "new"),
        ("fill", "filled"),
        ("new", "new"),
        ("replaced", "replaced"),
        ("new", "new"),
        ("canceled", "canceled"),
    ]
    fill = updates.messages[1]
    assert (fill.qty, fill.price, fill.position_qty) == (100, 182.02, 100)


def test_stopping_the_market_expires_open_orders(floor: Any, wait_until: Any) -> None:
    updates, client = floor.trade_updates(), floor.venue.client()
    client.submit_order(LimitOrderRequest(**MARKET, qty=100, limit_price=180))
    assert floor.venue.control("POST", "market", {"running": False}) == {"market": "stopped"}
    wait_until(lambda: len(updates.messages) == 2, "the end of the order")
    assert updates.messages[-1].order.status is OrderStatus.EXPIRED
    orders = floor.venue.counts()["orders"]
    assert {name: number for name, number in orders.items() if number} == {"accepted": 1, "expired": 1}


def test_a_stopped_market_resumes_where_it_stopped(floors: Callable[..., Any], wait_until: Any) -> None:
    floor = floors(*[TRADE] * 1_000, every=0.001)
    market_data = floor.market_data()
    wait_until(lambda: market_data.messages, "the first tick")
    floor.venue.control("POST", "market", {"running": False})
    floor.open_market()
    wait_until(lambda: len(market_data.messages) == 1_000, "the last tick")
    assert [message["n"] for message in market_data.messages] == list(range(1, 1_001))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            {"action": "auth", "key": "key", "secret": "guess"},
            {"T": "error", "code": 402, "msg": "auth failed"},
        ),
        ({"action": "subscribe", "trades": ["IBM"]}, {"T": "error", "code": 401, "msg": "not authenticated"}),
        ("noise", {"T": "error", "code": 401, "msg": "not authenticated"}),
    ],
)
def test_market_data_needs_the_key(floor: Any, request_: Any, answer: dict[str, Any]) -> None:
    with connect(f"ws://{floor.venue.address}/v2/sip") as socket:
        assert msgpack.unpackb(socket.recv()) == [{"T": "success", "msg": "connected"}]
        socket.send(msgpack.packb(request_))
        assert msgpack.unpackb(socket.recv()) == [answer]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            {"action": "authenticate", "data": {"key_id": "key", "secret_key": "guess"}},
            {"stream": "authorization", "data": {"status": "unauthorized", "action": "authenticate"}},
        ),
        (
            {"action": "listen", "data": {"streams": ["trade_updates"]}},
            {"stream": "listening", "data": {"streams": [], "error": "not authenticated"}},
        ),
        ("noise", {"stream": "listening", "data": {"streams": [], "error": "not authenticated"}}),
    ],
)
def test_trade_updates_need_the_key(floor: Any, request_: Any, answer: dict[str, Any]) -> None:
    with connect(f"ws://{floor.venue.address}/stream") as socket:
        socket.send(json.dumps(request_))
        assert json.loads(socket.recv()) == answer
