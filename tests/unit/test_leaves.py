"""The leaves `_guard`, `_losses`, `_closing` and `errors`."""

from __future__ import annotations

import logging

import pytest

from otel_trading import _closing, _guard, _losses
from otel_trading.errors import LabelError, MissingExtraError, OtelTradingError, nearest


@pytest.fixture
def in_production(monkeypatch):
    monkeypatch.delenv("PYTEST_VERSION")


def fail() -> None:
    raise ValueError("boom")


@pytest.mark.usefixtures("in_production")
def test_guard_suppresses_counts_and_names_a_failure(caplog):
    with _guard.guard("order event"):
        fail()
    assert _losses.snapshot() == {"sdk": {"internal_error": 1}}
    assert [r.getMessage() for r in caplog.records] == ["otel_trading: order event failed: ValueError: boom"]


@pytest.mark.usefixtures("in_production")
def test_guard_counts_every_failure_but_warns_once_a_minute_per_cause(caplog, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(_guard, "_clock", lambda: now[0])
    for second in (0, 1, 59, 60, 61):
        now[0] = float(second)
        with _guard.guard("order event"):
            fail()
    assert len(caplog.records) == 2
    assert _losses.snapshot() == {"sdk": {"internal_error": 5}}


@pytest.mark.usefixtures("in_production")
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_guard_does_not_suppress_exceptions_that_end_a_program(error):
    with pytest.raises(error), _guard.guard("anything"):
        raise error


def test_guard_raises_under_pytest_so_that_mistakes_surface():
    with pytest.raises(ValueError, match="boom"), _guard.guard("anything"):
        fail()


@pytest.mark.usefixtures("in_production")
def test_guard_decorates_and_keeps_the_result():
    assert _guard.guard("anything")(lambda: 7)() == 7
    assert _guard.guard("anything")(fail)() is None


def test_two_causes_warn_independently(caplog):
    _guard.warn("a", "first %d", 1)
    _guard.warn("b", "second %d", 2)
    _guard.warn("a", "first %d", 3)
    assert [r.getMessage() for r in caplog.records] == ["first 1", "second 2"]
    assert {r.levelno for r in caplog.records} == {logging.WARNING}


def test_losses_add_up_by_signal_and_reason_and_are_returned_as_a_copy():
    _losses.add("logs", "queue_full")
    _losses.add("logs", "queue_full", 4)
    _losses.add("traces", "queue_full")
    _losses.snapshot()["logs"]["queue_full"] = 99
    assert _losses.snapshot() == {"logs": {"queue_full": 5}, "traces": {"queue_full": 1}}


@pytest.mark.usefixtures("in_production")
def test_closing_runs_in_order_of_registration_and_past_a_failing_callback():
    ran = []
    undo = [
        _closing.register(lambda: ran.append("first")),
        _closing.register(fail),
        _closing.register(lambda: ran.append("last")),
    ]
    _closing.run()
    for unregister in undo:
        unregister()
    _closing.run()
    assert ran == ["first", "last"]


def test_unregistering_twice_is_harmless():
    undo = _closing.register(lambda: None)
    undo()
    undo()


def test_every_error_of_the_package_can_be_caught_by_one_name():
    assert issubclass(LabelError, OtelTradingError)
    assert issubclass(LabelError, ValueError)
    assert issubclass(MissingExtraError, OtelTradingError)


def test_a_missing_extra_names_the_feature_and_the_command_that_installs_it():
    assert str(MissingExtraError("`otel-trading demo`", "demo")) == (
        "`otel-trading demo` needs the extra [demo]: pip install 'otel_trading[demo]'"
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("endpont", " Did you mean 'endpoint'?"), ("zzz", ""), ("", "")],
)
def test_nearest_names_a_close_match_or_nothing(given, sentence):
    assert nearest(given, ["endpoint", "protocol"]) == sentence
