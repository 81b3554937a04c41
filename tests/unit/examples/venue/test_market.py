"""The simulated market: reproducible for a seed, plausible, and with some irregular ticks."""

from __future__ import annotations

from itertools import islice

from trading_system.venue.market import simulate
from trading_system.venue.ticks import Quote, Tick, Trade

SYMBOLS = ("IBM", "AAPL", "XYZ")


def ticks(seed: int, number: int = 5_000) -> list[Tick]:
    return [tick for _, tick in islice(simulate(SYMBOLS, seed=seed, rate=200), number)]


def test_the_same_seed_gives_the_same_ticks() -> None:
    assert ticks(7) == ticks(7)


def test_another_seed_gives_other_ticks() -> None:
    assert ticks(7) != ticks(8)


def test_ticks_come_at_the_rate_of_all_symbols_together() -> None:
    assert [elapsed for elapsed, _ in islice(simulate(SYMBOLS, seed=7, rate=200), 3)] == [0.0, 0.005, 0.01]


def test_every_symbol_is_quoted_and_traded() -> None:
    seen = {(type(tick), tick.symbol) for tick in ticks(7)}
    assert seen == {(kind, symbol) for kind in (Quote, Trade) for symbol in SYMBOLS}


def test_two_sided_quotes_are_not_crossed() -> None:
    assert all(
        tick.bid_price < tick.ask_price for tick in ticks(7) if isinstance(tick, Quote) and tick.ask_price
    )


def test_some_quotes_state_one_side_only() -> None:
    quotes = [tick for tick in ticks(7) if isinstance(tick, Quote)]
    one_sided = [quote for quote in quotes if not (quote.bid_price and quote.ask_price)]
    assert 0 < len(one_sided) < len(quotes) / 20
    assert all(quote.bid_price or quote.ask_price for quote in one_sided)


def test_odd_lots_carry_their_condition() -> None:
    trades = [tick for tick in ticks(7) if isinstance(tick, Trade)]
    assert {("I" in trade.conditions) for trade in trades if trade.size < 100} == {True}
    assert {("I" in trade.conditions) for trade in trades if trade.size >= 100} == {False}
