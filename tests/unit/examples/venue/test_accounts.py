"""The account: cash and positions stay in balance, for any sequence of trades."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from trading_system.venue.accounts import STARTING_CASH, VenueAccount
from trading_system.venue.book import Side
from trading_system.venue.ticks import PRICE_SCALE

TRADES = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 400), st.integers(1, 500).map(lambda d: d * 10_000))
)


def test_closing_part_of_a_position_keeps_its_average_price() -> None:
    account = VenueAccount()
    account.trade("IBM", Side.BUY, 100, 1_800_000)
    account.trade("IBM", Side.BUY, 100, 1_900_000)
    assert account.trade("IBM", Side.SELL, 150, 2_000_000) == 50
    assert account.positions["IBM"].cost == 50 * 1_850_000


def test_trading_through_zero_opens_the_other_side_at_the_new_price() -> None:
    account = VenueAccount()
    account.trade("IBM", Side.BUY, 100, 1_800_000)
    assert account.trade("IBM", Side.SELL, 130, 1_900_000) == -30
    assert account.positions["IBM"].cost == -30 * 1_900_000


def test_a_closed_position_is_gone() -> None:
    account = VenueAccount()
    account.trade("IBM", Side.SELL, 100, 1_800_000)
    account.trade("IBM", Side.BUY, 100, 1_700_000)
    assert account.positions == {}
    assert account.equity == STARTING_CASH + 100 * 100_000


def test_shares_that_close_a_position_use_no_buying_power() -> None:
    account = VenueAccount()
    account.trade("IBM", Side.BUY, 100, 1_800_000)
    assert account.cost_of("IBM", Side.SELL, 100, 1_800_000) == 0
    assert account.cost_of("IBM", Side.SELL, 130, 1_800_000) == 30 * 1_800_000
    assert account.cost_of("IBM", Side.BUY, 10, 1_800_000) == 10 * 1_800_000


@given(TRADES, st.integers(1, 500).map(lambda dollars: dollars * 10_000))
def test_equity_is_cash_plus_the_value_of_the_positions(
    trades: list[tuple[Side, int, int]], mark: int
) -> None:
    account = VenueAccount()
    account.mark("IBM", mark)
    shares = cash = 0
    for side, quantity, price in trades:
        account.trade("IBM", side, quantity, price)
        sign = 1 if side is Side.BUY else -1
        shares, cash = shares + sign * quantity, cash - sign * quantity * price
    assert account.equity == STARTING_CASH + cash + shares * mark
    assert sum(position.quantity for position in account.positions.values()) == shares


def test_adverse_moves_go_against_each_position_by_whole_cents() -> None:
    account = VenueAccount()
    account.trade("IBM", Side.BUY, 100, 182 * PRICE_SCALE)
    account.trade("MSFT", Side.SELL, 100, 415 * PRICE_SCALE)
    for symbol, price in {"IBM": 1_821_500, "MSFT": 4_150_000, "AAPL": 1_950_000}.items():
        account.mark(symbol, price)
    assert account.adverse_moves(500) == {"IBM": -91_100, "MSFT": 207_500}
