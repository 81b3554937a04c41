"""A portfolio: its values add up from its positions and its cash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import Portfolio
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_numbers, not_sizes, not_words, prices


def levels(seen: Seen, name: str, *keys: str) -> dict[tuple[str, ...], float]:
    return {tuple(p.attributes[f"trading.{key}"] for key in keys): p.value for p in seen.points(name)}


def test_positions_set_values_profits_and_exposure(seen):
    portfolio = Portfolio("main")
    portfolio.position("mm", "IBM", 100, 182.0, 180.0)
    portfolio.position("mm", "AAPL", -10, 200.0, 190.0)
    portfolio.position("trend", "MSFT", -5, 100.0, 100.0)
    assert levels(seen, "trading.position.value", "strategy.name", "position.direction") == {
        ("mm", "long"): 18_200,
        ("mm", "short"): -2_000,
        ("trend", "long"): 0,
        ("trend", "short"): -500,
    }
    assert levels(seen, "trading.pnl.unrealized", "strategy.name") == {("mm",): 200 - 100, ("trend",): 0}
    assert levels(seen, "trading.position.open", "strategy.name") == {("mm",): 2, ("trend",): 1}
    assert levels(seen, "trading.portfolio.exposure", "position.direction") == {
        ("long",): 18_200,
        ("short",): -2_500,
    }


def test_a_closed_position_is_worth_nothing(seen):
    portfolio = Portfolio("main")
    portfolio.position("mm", "IBM", 100, 182.0, 180.0)
    portfolio.position("mm", "IBM", 0, 183.0, 180.0)
    assert seen.values("trading.position.open") == [0]
    assert seen.values("trading.pnl.unrealized") == [0]


def test_realized_profit_adds_up_with_its_sign(seen):
    portfolio = Portfolio("main")
    for pnl in (10, -25.5):
        portfolio.realized("mm", pnl)
    assert seen.values("trading.pnl.realized", name="mm") == [-15.5]


def test_the_value_is_cash_plus_positions_and_the_drawdown_is_measured_from_the_peak(seen):
    portfolio = Portfolio("main")
    portfolio.position("mm", "IBM", 10, 100, 100)
    portfolio.value(1_000)
    assert (seen.values("trading.portfolio.value"), seen.values("trading.portfolio.drawdown")) == (
        [2_000],
        [0],
    )
    portfolio.position("mm", "IBM", 10, 50, 100)
    portfolio.value(1_000)
    assert (seen.values("trading.portfolio.value"), seen.values("trading.portfolio.drawdown")) == (
        [1_500],
        [0.25],
    )


def test_the_value_at_the_start_of_the_session_is_the_first_peak(seen):
    Portfolio("main", session_start_value=1_000).value(900)
    assert seen.values("trading.portfolio.drawdown") == [pytest.approx(0.1)]


def test_there_is_no_drawdown_from_a_peak_below_zero(seen):
    portfolio = Portfolio("main")
    for cash in (-100, -200):
        portfolio.value(cash)
    assert seen.values("trading.portfolio.drawdown") == [0]


def test_a_new_session_starts_from_zero(seen):
    portfolio = Portfolio("main")
    portfolio.value(1_000)
    portfolio.realized("mm", 5)
    portfolio.start_session()
    portfolio.value(500)
    assert (seen.values("trading.portfolio.drawdown"), seen.values("trading.pnl.realized")) == ([0], [0])


@settings(deadline=None, max_examples=40)
@given(
    trades=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(-9, 9), prices, prices),
        min_size=1,
    ),
    cash=st.floats(-1e6, 1e6),
)
def test_values_and_exposure_add_up_for_any_positions(trades, cash):
    seen, portfolio = Seen(), Portfolio("main")
    held = {}
    for strategy, symbol, quantity, market, average in trades:
        portfolio.position(strategy, symbol, quantity, market, average)
        held[strategy, symbol] = (quantity * market, quantity * (market - average), quantity != 0)
    portfolio.value(cash)
    net = sum(value for value, _, _ in held.values())
    assert sum(seen.values("trading.portfolio.exposure")) == pytest.approx(net, abs=1e-3)
    assert sum(seen.values("trading.position.value")) == pytest.approx(net, abs=1e-3)
    assert sum(seen.values("trading.pnl.unrealized")) == pytest.approx(
        sum(p for _, p, _ in held.values()), abs=1e-3
    )
    assert sum(seen.values("trading.position.open")) == sum(is_open for _, _, is_open in held.values())
    assert seen.values("trading.portfolio.value") == [pytest.approx(cash + net, abs=1e-3)]
    assert seen.values("trading.portfolio.exposure", direction="short")[0] <= 0


def test_the_number_of_open_breaks_is_the_last_one_that_was_set(seen):
    portfolio = Portfolio("main")
    for breaks in (3, 0):
        portfolio.reconciliation("position", breaks)
    assert seen.values("trading.reconciliation.break.active", type="position") == [0]


def test_a_recomputation_is_timed_in_a_span(seen):
    with Portfolio("main").update("pnl_realized"):
        pass
    assert seen.total("trading.position.update.duration", stage="pnl_realized") == 1
    assert seen.span("update pnl_realized").attributes["trading.position.update.stage"] == "pnl_realized"


@settings(deadline=None)
@given(word=not_words, number=not_numbers)
def test_a_portfolio_never_raises_and_keeps_its_values_for_invalid_arguments(word, number):
    seen, portfolio = Seen(), Portfolio("main")
    portfolio.position("mm", "IBM", 10, 100, 100)
    portfolio.position("mm", "IBM", number, 100, 100)
    portfolio.position("mm", "IBM", 10, 100, number)
    portfolio.realized("mm", number)
    portfolio.value(number)
    portfolio.position(word, word, 1, 1, 1)
    portfolio.reconciliation(word, number)
    with portfolio.update(word):
        pass
    assert seen.values("trading.position.value", name="mm", direction="long") == [1_000]
    assert _losses.snapshot()["metrics"]["invalid_value"] >= 5
    _losses.reset()


@given(name=not_names, size=not_sizes)
def test_a_portfolio_needs_an_account_and_a_valid_start_value(name, size):
    with pytest.raises(LabelError, match=r"Portfolio\(account\) takes text"):
        Portfolio(name)
    if size is not None:
        with pytest.raises(
            LabelError, match=r"Portfolio\(session_start_value\) takes a finite number above 0"
        ):
            Portfolio("main", session_start_value=size)
