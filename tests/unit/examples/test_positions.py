"""Cash and positions add up to the profit, for any sequence of trades."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading_system.positions import Account, Position

trades = st.lists(
    st.tuples(st.integers(-500, 500).filter(bool), st.floats(1, 500, allow_nan=False)),
    min_size=1,
    max_size=20,
)


def test_closing_realizes_against_the_average_price():
    position = Position()
    assert position.trade(100, 10) == 0
    assert position.trade(100, 12) == 0
    assert position.average_price == 11
    assert position.trade(-150, 13) == 150 * 2
    assert (position.quantity, position.average_price) == (50, 11)


def test_going_through_zero_closes_one_position_and_opens_another():
    position = Position()
    position.trade(100, 10)
    assert position.trade(-300, 9) == -100
    assert (position.quantity, position.average_price) == (-200, 9)
    assert position.trade(200, 8) == 200


@given(trades)
def test_realized_and_unrealized_profit_agree_with_cash_and_value(executions):
    account, realized = Account(1_000_000), 0.0
    for quantity, price in executions:
        realized += account.trade("IBM", quantity, price)
    account.position("IBM").mark = executions[-1][1]
    assert account.profit == pytest.approx(realized + account.position("IBM").profit, abs=1e-4)
    assert account.position("IBM").quantity == sum(quantity for quantity, _ in executions)


def test_orders_in_flight_count_until_they_are_released():
    account = Account(0)
    account.trade("IBM", 100, 10)
    account.reserve("c-1", "IBM", 200)
    account.reserve("c-2", "AAPL", -50)
    assert (account.expected("IBM"), account.is_settled("IBM")) == (300, False)
    assert account.release("c-1", 150)
    assert account.expected("IBM") == 150
    assert account.release("c-1", 50)
    assert (account.expected("IBM"), account.is_settled("IBM")) == (100, True)


def test_releasing_an_unknown_order_changes_nothing():
    account = Account(0)
    assert not account.release("c-1", 100)
    assert account.expected("IBM") == 0


def test_stale_orders_are_dropped():
    account = Account(0)
    account.reserve("c-1", "IBM", 200)
    account.drop_stale(60)
    assert not account.is_settled("IBM")
    account.drop_stale(0)
    assert account.is_settled("IBM")
    assert not account.release("c-1", 200)


@given(trades, st.integers(-500, 500), st.floats(1, 500, allow_nan=False))
def test_adopting_a_position_keeps_the_realized_profit(executions, quantity, price):
    account, realized = Account(1_000_000), 0.0
    for shares, paid in executions:
        realized += account.trade("IBM", shares, paid)
    account.adopt("IBM", Position(quantity, price))
    assert account.position("IBM").quantity == quantity
    assert account.profit == pytest.approx(realized + account.position("IBM").profit, abs=1e-4)


def test_gross_exposure_counts_both_sides():
    account = Account(0)
    account.trade("IBM", 100, 10)
    account.trade("AAPL", -100, 20)
    assert account.gross == 3_000
