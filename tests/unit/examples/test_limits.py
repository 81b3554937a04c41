"""Each check refuses orders beyond its limit, and no others."""

from __future__ import annotations

import pytest
from trading_system.limits import Limits, RiskRules
from trading_system.messages import OrderRequest
from trading_system.positions import Account

ORDER = OrderRequest("c-1", "momentum", "IBM", "buy", 200, 99.9, 100.1, 100.0, 0)
LIMITS = Limits()


@pytest.fixture
def account() -> Account:
    account = Account(1_000_000)
    account.position("IBM").mark = 100
    return account


def refused(account: Account, order: OrderRequest = ORDER, rules: RiskRules | None = None) -> list[str]:
    rules = rules or RiskRules(LIMITS, account)
    return [rule.check_type for rule in rules.rules if rule.refuse(order)]


def test_an_order_within_all_limits_passes(account):
    assert refused(account) == []


@pytest.mark.parametrize(
    ("changes", "check_type"),
    [
        ({"symbol": "GME"}, "restricted_symbol"),
        ({"quantity": 501}, "order_size"),
        ({"decision_price": 95.0}, "price_band"),
        ({"decision_price": 105.0}, "price_band"),
    ],
)
def test_a_check_of_the_order_alone_refuses_it(account, changes, check_type):
    assert refused(account, ORDER._replace(**changes)) == [check_type]


def test_the_position_check_includes_orders_in_flight(account):
    account.trade("IBM", 300, 100)
    account.reserve("c-0", "IBM", 101)
    assert refused(account) == ["position"]
    account.release("c-0", 1)
    assert refused(account) == []


def test_an_order_that_reduces_a_position_beyond_its_limit_passes(account):
    account.trade("IBM", 900, 100)
    assert refused(account, ORDER._replace(side="sell")) == []
    assert refused(account) == ["position"]


def test_the_gross_exposure_counts_every_symbol(account):
    account.trade("AAPL", -4_900, 100)
    assert refused(account) == ["gross_exposure"]


def test_a_daily_loss_refuses_everything(account):
    account.trade("IBM", 100, 100)
    account.position("IBM").mark = 50
    assert refused(account) == ["daily_loss"]


def test_orders_beyond_the_rate_are_refused(account):
    rules = RiskRules(Limits(orders_per_second=2), account)
    rules.sent()
    assert refused(account, rules=rules) == []
    rules.sent()
    assert (rules.sent_in_last_second, refused(account, rules=rules)) == (2, ["order_rate"])


def test_the_largest_position_is_long_or_short(account):
    account.trade("IBM", 100, 10)
    account.trade("AAPL", -300, 10)
    assert RiskRules(LIMITS, account).largest_position == 300
