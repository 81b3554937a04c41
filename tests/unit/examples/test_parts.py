"""The smaller parts: settings, messages, order book, model, and the script of faults."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trading_system.faults import SCRIPT
from trading_system.limits import Limits
from trading_system.messages import ExecutionReport, OrderRequest, Signal, Tick, pack, unpack
from trading_system.model import FEATURES, Features, train
from trading_system.order_book import OrderBook, SlowBook
from trading_system.risk_manager import MOST_HELD
from trading_system.settings import SettingsError, SystemSettings
from trading_system.venue.faults import Faults

QUOTE = {"bp": 10.0, "bs": 100, "ap": 10.02, "as": 200}
TICK = Tick("IBM", 10.0, 100, 10.02, 200, 7)


def test_the_settings_have_the_defaults_of_one_machine():
    settings = SystemSettings.from_environ({"TRADING_SYMBOLS": ""})
    assert settings.stream_url == "ws://127.0.0.1:8710"
    assert settings.symbols == ("IBM", "AAPL", "MSFT")
    assert settings.drill_url == ""


@pytest.mark.parametrize(
    ("name", "value", "like"),
    [
        ("TRADING_VENUE_URL", "localhost:8710", "http://127.0.0.1:8710"),
        ("TRADING_TICKS_URL", "tcp://127.0.0.1", "tcp://127.0.0.1:5561"),
        ("TRADING_SYMBOLS", "ibm aapl", "IBM,AAPL,MSFT"),
        ("TRADING_SEED", "seven", "7"),
        ("TRADING_DRILL_URL", "5565", "tcp://127.0.0.1:5565"),
    ],
)
def test_the_error_of_a_wrong_setting_names_it_and_gives_an_example(name, value, like):
    with pytest.raises(SettingsError) as refused:
        SystemSettings.from_environ({name: value})
    assert str(refused.value) == f"{name} is {value!r}, which does not look like {like!r}."


@pytest.mark.parametrize(
    "message",
    [
        TICK,
        Signal("IBM", "buy", 0.3, 10.01, 1),
        OrderRequest("c", "mm", "IBM", "sell", 200, 10.0, 10.02, 10.01, 1),
        ExecutionReport("c", "mm", "IBM", -200, 10.0, -200),
    ],
)
def test_a_message_survives_packing_and_unpacking(message):
    assert type(message)(*unpack(pack(message))) == message


def test_a_sale_is_negative():
    order = OrderRequest("c", "mm", "IBM", "sell", 200, 10.0, 10.02, 10.01, 1)
    assert (order.signed_quantity, order._replace(side="buy").signed_quantity) == (-200, 200)


@pytest.mark.parametrize(
    ("bid", "ask", "mid"), [(10.0, 10.02, 10.01), (10.0, 0.0, 10.0), (0.0, 10.02, 10.02)]
)
def test_the_mid_of_a_one_sided_book_is_the_price_of_that_side(bid, ask, mid):
    assert TICK._replace(bid=bid, ask=ask).mid == pytest.approx(mid)


def test_a_one_sided_quote_leaves_the_other_side_unchanged():
    book = OrderBook("IBM")
    book.quote(QUOTE)
    book.quote({"bp": 10.01, "bs": 50, "ap": 0, "as": 0})
    assert book.top(7) == ("IBM", 10.01, 50, 10.02, 200, 7)


@pytest.mark.parametrize(
    ("bid", "ask", "violation"), [(10.0, 10.02, None), (10.02, 10.02, "locked"), (10.03, 10.02, "crossed")]
)
def test_a_book_reports_that_it_is_locked_or_crossed(bid, ask, violation):
    book = OrderBook("IBM")
    book.quote({**QUOTE, "bp": bid, "ap": ask})
    assert book.violation == violation


def test_a_one_sided_book_is_not_a_violation():
    book = OrderBook("IBM")
    book.quote({**QUOTE, "ap": 0})
    assert book.violation is None


def test_a_slow_book_shares_the_state_of_its_book():
    book = OrderBook("IBM")
    book.quote(QUOTE)
    slow = SlowBook(book, 0.01)
    begin = perf_counter()
    slow.quote({**QUOTE, "bp": 10.01})
    slow.trade({"p": 10.02})
    assert perf_counter() - begin >= 0.02
    assert slow.top(7) == book.top(7) == ("IBM", 10.01, 100, 10.02, 200, 7)
    assert book.last_price == 10.02


def test_features_need_enough_two_sided_quotes():
    features = Features()
    given = [features.update(TICK) for _ in range(32)]
    assert given[:31] == [None] * 31
    assert len(given[31]) == len(FEATURES)
    assert features.update(TICK._replace(ask=0.0)) is None


@pytest.fixture(scope="module")
def classifier():
    return train(seed=8)


def test_the_model_has_learned_to_follow_momentum(classifier):
    rising, falling = np.array([0, 1.0, 9.0, 0.4]), np.array([0, 1.0, -9.0, 0.4])
    assert classifier.predict(rising) > classifier.buy_above
    assert classifier.predict(falling) < classifier.sell_below


def test_a_crossed_quote_is_refused(classifier):
    with pytest.raises(ValueError, match="the quote is crossed"):
        classifier.predict(np.array([0, -1.0, 0, 0]))


def test_a_misfit_fails_and_its_original_does_not(classifier):
    with pytest.raises(ValueError, match="matmul"):
        classifier.misfit().predict(np.zeros(4))
    assert 0 < classifier.predict(np.zeros(4)) < 1


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=4))
def test_a_prediction_is_a_probability(classifier, features):
    assert 0 <= classifier.predict(np.array(features)) <= 1


@pytest.mark.parametrize("step", [step for step in SCRIPT if not step.service], ids=lambda step: step.name)
def test_the_venue_accepts_each_fault_of_the_script(step):
    Faults(lambda: 0.0).activate({"name": step.name, "seconds": 1, **step.parameters})
    assert step.at + step.lasts < 1


def test_the_script_restores_the_limit_that_it_lowers():
    steps = [step for step in SCRIPT if step.service]
    assert [(step.service, step.name, step.parameters["name"]) for step in steps] == [
        ("risk-manager", "limit", "position")
    ] * 2
    assert steps[0].parameters["value"] < MOST_HELD < steps[1].parameters["value"] == Limits().position


def test_the_script_is_in_order():
    assert [step.at for step in SCRIPT] == sorted(step.at for step in SCRIPT)
