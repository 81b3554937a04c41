"""The desk: every accepted order ends once, and its trade updates report how."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading_system.venue.desk import Desk
from trading_system.venue.faults import Faults
from trading_system.venue.refusals import Refusal
from trading_system.venue.ticks import PRICE_SCALE, Quote, Trade

OPEN_EVENTS = {"new", "partial_fill"}
MARKET_BUY = {"symbol": "IBM", "side": "buy", "qty": 1, "type": "market", "time_in_force": "day"}
LAST_EVENTS = {"fill", "canceled", "expired", "rejected", "replaced"}
NONE = dict.fromkeys(("accepted", "open", "filled", "canceled", "expired", "rejected", "replaced"), 0)


class Floor:
    """A desk for IBM, quoted 182.00 x 182.02 for 300 shares, and the trade updates that it reported."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.faults = Faults(lambda: 0.0)
        self.desk = Desk(["IBM"], self.faults, lambda update: self.updates.append(update["data"]))
        self.quote(182.00, 182.02)

    def quote(self, bid: float, ask: float, size: int = 300, exchange: str = "N") -> None:
        scaled = [round(price * PRICE_SCALE) for price in (bid, ask)]
        self.desk.apply(Quote("IBM", scaled[0], size, exchange, scaled[1], size, exchange, ("R",)))

    def print(self, price: float, size: int) -> None:
        self.desk.apply(Trade("IBM", round(price * PRICE_SCALE), size, "D", ("@",)))

    def submit(self, side: str, qty: int, limit: float | None = None, **more: Any) -> str:
        order_type = "market" if limit is None else "limit"
        body = {"symbol": "IBM", "side": side, "qty": qty, "type": order_type, "time_in_force": "day", **more}
        accepted: str = self.desk.submit(body if limit is None else {**body, "limit_price": limit})["id"]
        return accepted

    def refusal(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, Any]]:
        with pytest.raises(Refusal) as caught:
            self.submit(*args, **kwargs)
        return caught.value.status, caught.value.body

    def reported(self, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(update.get(name) for name in ("event", *names)) for update in self.updates]


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_a_market_order_fills_at_the_other_side(floor: Floor) -> None:
    floor.submit("buy", 100)
    assert floor.reported("qty", "price", "position_qty") == [
        ("new", None, None, None),
        ("fill", "100", "182.02", "100"),
    ]


def test_the_answer_to_a_new_order_shows_it_before_any_fill(floor: Floor) -> None:
    assert floor.desk.submit(MARKET_BUY)["status"] == "pending_new"


def test_a_market_order_waits_for_missing_liquidity(floor: Floor) -> None:
    floor.submit("buy", 500)
    floor.quote(182.01, 182.03)
    assert floor.reported("qty", "price") == [
        ("new", None, None),
        ("partial_fill", "300", "182.02"),
        ("fill", "200", "182.03"),
    ]


def test_a_limit_order_rests_until_the_market_reaches_its_price(floor: Floor) -> None:
    floor.submit("buy", 100, 181.90)
    floor.quote(181.85, 181.88)
    assert floor.reported("price") == [("new", None), ("fill", "181.9")]


def test_a_trade_fills_a_resting_order_after_the_orders_before_it(floor: Floor) -> None:
    floor.submit("buy", 100, 182.00)
    floor.print(182.00, 350)
    assert floor.reported("qty") == [("new", None), ("partial_fill", "50")]


def test_the_rest_of_an_immediate_order_is_canceled(floor: Floor) -> None:
    floor.submit("sell", 400, 182.00, time_in_force="ioc")
    assert floor.reported("qty") == [("new", None), ("partial_fill", "300"), ("canceled", None)]


def test_a_canceled_order_no_longer_trades(floor: Floor) -> None:
    floor.desk.cancel(floor.submit("buy", 100, 181.90))
    floor.quote(181.85, 181.88)
    assert floor.reported() == [("new",), ("canceled",)]


def test_a_waiting_market_order_can_be_canceled(floor: Floor) -> None:
    floor.desk.cancel(floor.submit("buy", 400))
    floor.quote(182.00, 182.02)
    assert floor.reported() == [("new",), ("partial_fill",), ("canceled",)]


def test_a_replaced_order_ends_and_its_successor_trades_the_rest(floor: Floor) -> None:
    first = floor.submit("buy", 400, 182.02)
    second = floor.desk.replace(first, {"limit_price": 182.05})
    assert (second["qty"], second["replaces"]) == ("100", first)
    assert floor.desk.find(first).replaced_by == second["id"]
    floor.quote(182.03, 182.05)
    assert floor.reported() == [("new",), ("partial_fill",), ("replaced",), ("new",), ("fill",)]


def test_the_counts_have_each_end_status_before_any_order(floor: Floor) -> None:
    assert floor.desk.counts() == NONE


def test_the_close_of_the_market_expires_open_orders(floor: Floor) -> None:
    floor.submit("buy", 100, 181.90)
    floor.desk.expire_all()
    assert floor.reported() == [("new",), ("expired",)]
    assert floor.desk.counts() == {**NONE, "accepted": 1, "expired": 1}


def test_a_closed_market_refuses_orders(floor: Floor) -> None:
    floor.desk.is_closed = True
    assert floor.refusal("buy", 1) == (403, {"code": 40310000, "message": "the market is closed"})


def test_an_order_beyond_the_buying_power_is_refused_with_the_figures(floor: Floor) -> None:
    assert floor.refusal("buy", 20_000) == (
        403,
        {
            "code": 40310000,
            "message": "insufficient buying power",
            "buying_power": "2000000",
            "cost_basis": "3640400",
        },
    )


def test_open_orders_reduce_the_buying_power(floor: Floor) -> None:
    floor.submit("buy", 10_000, 181.00)
    assert floor.desk.buying_power == (2_000_000 - 1_810_000) * PRICE_SCALE
    assert floor.refusal("buy", 1_100, 181.00)[0] == 403


def test_an_order_that_would_trade_with_our_own_is_refused(floor: Floor) -> None:
    floor.submit("buy", 100, 182.01)
    assert floor.refusal("sell", 100, 182.01)[1]["message"].startswith("potential wash trade detected")
    floor.submit("sell", 100, 182.02)


def test_a_client_order_id_is_accepted_once(floor: Floor) -> None:
    floor.submit("buy", 1, client_order_id="c-1")
    assert floor.refusal("buy", 1, client_order_id="c-1") == (
        422,
        {"code": 42210000, "message": "client_order_id must be unique"},
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbol": "IBN"}, 'asset "IBN" not found'),
        ({"type": "stop"}, "invalid type 'stop': this venue takes market and limit"),
        ({"side": "short"}, "invalid side 'short': this venue takes buy and sell"),
        ({"time_in_force": "gtc"}, "invalid time_in_force 'gtc': this venue takes day and ioc"),
        ({"qty": 0}, "qty must be a whole number of shares above 0, not 0"),
        ({"qty": 1.5}, "qty must be a whole number of shares above 0, not 1.5"),
        ({"qty": "many"}, "qty must be a number, not 'many'"),
        ({"qty": None}, "qty is required"),
        ({"qty": "nan"}, "qty must be a number, not 'nan'"),
        ({"limit_price": 182}, "market orders require no limit_price"),
        ({"type": "limit"}, "limit orders require limit_price"),
        ({"type": "limit", "limit_price": -1}, "limit_price must be above 0, not -1"),
        (
            {"type": "limit", "limit_price": 182.005},
            "invalid limit_price 182.005: sub-penny increment does not fulfill minimum pricing criteria",
        ),
    ],
)
def test_a_wrong_order_is_refused_in_one_sentence(
    floor: Floor, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refusal) as caught:
        floor.desk.submit({**MARKET_BUY, **changes})
    assert (caught.value.status, caught.value.body) == (422, {"code": 42210000, "message": message})
    assert floor.updates == []


def test_an_order_that_has_ended_can_neither_be_canceled_nor_replaced(floor: Floor) -> None:
    order_id = floor.submit("buy", 1)
    with pytest.raises(Refusal, match=r'^order is not cancelable: it is already in "filled" state$'):
        floor.desk.cancel(order_id)
    with pytest.raises(Refusal, match=r'^order is not replaceable: it is already in "filled" state$'):
        floor.desk.replace(order_id, {"qty": 2})


def test_the_rejects_fault_accepts_and_then_rejects(floor: Floor) -> None:
    floor.faults.activate({"name": "rejects", "seconds": 1})
    floor.submit("buy", 1)
    assert floor.reported("reason") == [("rejected", "order rejected by the venue")]
    assert floor.desk.counts() == {**NONE, "accepted": 1, "rejected": 1}


def test_the_slippage_fault_makes_fills_worse(floor: Floor) -> None:
    floor.faults.activate({"name": "slippage", "seconds": 1, "bps": 100})
    floor.submit("buy", 100)
    floor.submit("sell", 100)
    assert floor.reported("price")[1::2] == [("fill", "183.8402"), ("fill", "180.18")]


def test_the_slippage_fault_respects_limits(floor: Floor) -> None:
    floor.faults.activate({"name": "slippage", "seconds": 1, "bps": 100})
    floor.submit("buy", 100, 182.10)
    floor.submit("sell", 100, 181.90)
    assert floor.reported("price")[1::2] == [("fill", "182.1"), ("fill", "181.9")]


def test_the_duplicate_fill_fault_reports_a_fill_twice_and_books_it_once(floor: Floor) -> None:
    floor.faults.activate({"name": "duplicate_fill", "seconds": 1})
    floor.submit("buy", 100)
    assert floor.reported() == [("new",), ("fill",), ("fill",)]
    assert floor.updates[1]["execution_id"] == floor.updates[2]["execution_id"]
    assert floor.desk.account.positions["IBM"].quantity == 100


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["submit", "cancel", "replace", "quote", "print", "expire"]),
        st.sampled_from(["buy", "sell"]),
        st.none() | st.integers(18_190, 18_212).map(lambda cents: cents / 100),
        st.integers(1, 600),
        st.sampled_from(["day", "ioc"]),
    ),
    max_size=30,
)


def act(floor: Floor, step: tuple[str, str, float | None, int, str]) -> None:
    action, side, price, quantity, time_in_force = step
    desk = floor.desk
    target = [*desk.orders][quantity % len(desk.orders)] if desk.orders else "none"
    if action == "submit":
        floor.submit(side, quantity, price, time_in_force=time_in_force)
    elif action == "cancel":
        desk.cancel(target)
    elif action == "replace":
        desk.replace(target, {"qty": quantity})
    elif action == "expire":
        desk.expire_all()
    elif action == "quote":
        floor.quote((price or 182) - 0.02, price or 182, quantity)
    else:
        floor.print(price or 182, quantity)


@given(ACTIONS)
def test_in_any_sequence_of_actions_no_order_ends_twice_or_is_overfilled(actions: list[Any]) -> None:
    floor = Floor()
    for action in actions:
        with suppress(Refusal):
            act(floor, action)
    counts = floor.desk.counts()
    assert counts["accepted"] == sum(number for name, number in counts.items() if name != "accepted")
    for order in floor.desk.orders.values():
        updates = [update for update in floor.updates if update["order"]["id"] == order.id]
        filled = sum(int(update["qty"]) for update in updates if "qty" in update)
        assert filled == order.filled_quantity <= order.ticket.quantity
        events = [update["event"] for update in updates]
        assert set(events[:-1]) <= OPEN_EVENTS
        assert (events[-1] in LAST_EVENTS) == (not order.is_open)
    traded = [int(update["qty"]) for update in floor.updates if "qty" in update]
    assert floor.desk.fills() == {"executions": len(traded), "shares": sum(traded)}
    signed = {"buy": 1, "sell": -1}
    held = sum(
        signed[order.ticket.side.value] * order.filled_quantity for order in floor.desk.orders.values()
    )
    assert held == sum(position.quantity for position in floor.desk.account.positions.values())
