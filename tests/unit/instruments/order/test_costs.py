"""The formulas for the cost of executions."""

from __future__ import annotations

import pytest
from hypothesis import given

from otel_trading.instruments.order.costs import Executed, implementation_shortfall, slippage
from tests.support.strategies import prices, quantities

NOTHING = Executed()


@given(price=prices, arrival=prices)
def test_a_seller_has_the_slippage_of_a_buyer_with_the_opposite_sign(price, arrival):
    assert slippage(1, price, arrival) == -slippage(-1, price, arrival)


def test_slippage_below_a_price_of_zero_still_costs_when_the_price_rises():
    assert slippage(1, -36.0, -37.0) == pytest.approx(10_000 / 37)


@pytest.mark.parametrize(
    ("sign", "executed", "unfilled", "last", "bps"),
    [
        (1, NOTHING.plus(100, 101, 0), 0, None, 100),
        (-1, NOTHING.plus(100, 101, 0), 0, None, -100),
        (1, NOTHING.plus(100, 100, 10), 0, None, 10),
        (1, NOTHING.plus(50, 101, 0), 50, 102, 150),
        (1, NOTHING.plus(50, 101, 0), 50, None, 100),
        (1, NOTHING, 100, 103, 300),
        (-1, NOTHING, 100, 103, -300),
        (1, NOTHING, 100, None, None),
    ],
)
def test_implementation_shortfall(sign, executed, unfilled, last, bps):
    assert implementation_shortfall(sign, executed, unfilled, 100, last) == (
        None if bps is None else pytest.approx(bps)
    )


@given(quantity=quantities, price=prices)
def test_the_shortfall_of_an_order_filled_at_once_is_its_slippage(quantity, price):
    executed = NOTHING.plus(quantity, price, 0)
    assert implementation_shortfall(1, executed, 0, 50, None) == pytest.approx(
        slippage(1, price, 50), abs=1e-6
    )
