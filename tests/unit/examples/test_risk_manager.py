"""The risk manager sizes orders, respects its limits, and adopts the broker's positions if they keep differing."""

from __future__ import annotations

import pytest
from trading_system.limits import Limits
from trading_system.messages import ExecutionReport, Signal, Tick
from trading_system.positions import Position
from trading_system.risk_manager import CHECKS_BEFORE_ADOPTION, MOST_HELD, ORDER_QUANTITY, RiskManager

BUY = Signal("IBM", "buy", 0.5, 100.0, 0)
SELL = BUY._replace(direction="sell")


@pytest.fixture
def manager() -> RiskManager:
    manager = RiskManager(Limits())
    manager.on_tick(Tick("IBM", 99.99, 100, 100.01, 100, 0))
    return manager


def test_orders_stop_at_the_largest_position_of_the_strategy(manager):
    orders = [manager.on_signal(BUY) for _ in range(4)]
    assert [order and order.quantity for order in orders] == [ORDER_QUANTITY, ORDER_QUANTITY, None, None]
    assert manager.account.expected("IBM") == MOST_HELD


def test_an_order_is_sized_by_the_room_that_is_left(manager):
    manager.account.adopt("IBM", Position(350, 100.0))
    assert manager.on_signal(BUY).quantity == 50
    assert manager.on_signal(SELL).quantity == ORDER_QUANTITY


def test_the_largest_position_of_the_strategy_breaches_no_limit(manager, seen):
    for _ in range(3):
        manager.on_signal(BUY)
    assert seen.total("trading.risk.limit.breached") == 0
    assert seen.total("trading.risk.check.performed", result="fail") == 0


def test_a_limit_can_be_lowered_and_raised_again(manager, seen):
    manager.set_limit("position", 100)
    assert manager.on_signal(BUY) is None
    assert seen.total("trading.risk.check.performed", result="fail", type="position") == 1
    manager.set_limit("position", 600)
    assert manager.on_signal(BUY) is not None


@pytest.mark.parametrize("change", [("positon", 1), ("restricted", 1)])
def test_an_unknown_or_non_numeric_limit_cannot_be_changed(manager, change):
    with pytest.raises((AttributeError, TypeError)):
        manager.set_limit(*change)
    assert manager.on_signal(BUY) is not None


def test_a_report_of_an_unknown_order_is_left_to_the_reconciliation(manager):
    manager.on_report(ExecutionReport("before the start", "momentum", "IBM", 200, 100.0, 200))
    assert manager.account.position("IBM").quantity == 0


def test_at_the_start_the_broker_s_positions_are_adopted(manager):
    manager.reconcile({"IBM": Position(-200, 101.0)})
    held = manager.account.position("IBM")
    assert (held.quantity, held.average_price, manager.account.profit) == (-200, 101.0, pytest.approx(200))


def test_a_later_difference_is_reported_first_and_adopted_if_it_persists(manager, seen):
    manager.reconcile({})
    broker = {"IBM": Position(200, 100.0)}
    for _ in range(CHECKS_BEFORE_ADOPTION):
        manager.reconcile(broker)
        assert manager.account.position("IBM").quantity == 0
        assert seen.total("trading.reconciliation.break.active") == 1
    manager.reconcile(broker)
    assert manager.account.position("IBM").quantity == 200
    assert seen.total("trading.reconciliation.break.active") == 0


def test_a_difference_stays_reported_while_an_order_is_in_flight(manager, seen):
    manager.reconcile({})
    manager.reconcile({"IBM": Position(200, 100.0)})
    manager.on_signal(BUY)
    manager.reconcile({"IBM": Position(200, 100.0)})
    assert seen.total("trading.reconciliation.break.active") == 1


def test_a_position_that_the_broker_does_not_have_is_dropped(manager):
    manager.reconcile({})
    manager.account.trade("IBM", 200, 100.0)
    for _ in range(CHECKS_BEFORE_ADOPTION + 1):
        manager.reconcile({})
    assert manager.account.position("IBM").quantity == 0


def test_an_order_in_flight_delays_the_adoption_until_it_is_stale(manager, monkeypatch):
    manager.reconcile({})
    manager.on_signal(BUY)
    broker = {"IBM": Position(200, 100.0)}
    for _ in range(CHECKS_BEFORE_ADOPTION + 1):
        manager.reconcile(broker)
    assert manager.account.expected("IBM") == 200
    assert manager.account.position("IBM").quantity == 0
    monkeypatch.setattr("trading_system.risk_manager.PATIENCE", 0.0)
    for _ in range(CHECKS_BEFORE_ADOPTION + 1):
        manager.reconcile(broker)
    assert (manager.account.position("IBM").quantity, manager.account.expected("IBM")) == (200, 200)
