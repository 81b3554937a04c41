"""Whatever is traded, cash and positions add up to the profit."""

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
def test_realized_and_unrealized_profit_are_what_cash_and_value_say(executions):
    account, realized = Account(1_000_000), 0.0
    for quantity, price in executions:
        realized += account.trade("IBM", quantity, price)
    account.position("IBM").mark = executions[-1][1]
    assert account.profit == pytest.approx(realized + account.position("IBM").profit, abs=1e-4)
    assert account.position("IBM").quantity == sum(quantity for quantity, _ in executions)


def test_orders_on_their_way_count_until_they_are_released():
    account = Account(0)
    account.trade("IBM", 100, 10)
    account.reserve("IBM", 200)
    assert account.expected("IBM") == 300
    account.reserve("IBM", -200)
    assert account.expected("IBM") == 100


def test_gross_exposure_counts_both_sides():
    account = Account(0)
    account.trade("IBM", 100, 10)
    account.trade("AAPL", -100, 20)
    assert account.gross == 3_000
