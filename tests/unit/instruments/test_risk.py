"""Checks pass, fail or do not run; limits are breached once; a kill switch stays tripped."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_trading import _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import KillSwitch, RiskGate
from otel_trading.tracing import span
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_numbers, not_words, numbers_in_disguise

STATUS = "trading.kill_switch.status"
UTILIZATION = "trading.risk.limit.utilization"
BREACHED = "trading.risk.limit.breached"


def test_a_check_passes_unless_it_fails(seen):
    gate = RiskGate()
    with gate.check("position"):
        pass
    with gate.check("position") as check:
        check.fail("above 1000 shares")
    assert check.result == "fail"
    for result in ("pass", "fail"):
        assert seen.total("trading.risk.check.performed", type="position", result=result) == 1
        assert seen.total("trading.risk.check.duration", type="position", result=result) == 1
    passed, failed = (dict(span.attributes) for span in seen.spans)
    assert passed == {"trading.risk.check.type": "position", "trading.risk.check.result": "pass"}
    assert failed["trading.risk.check.reason"] == "above 1000 shares"


def test_a_check_that_raises_neither_passes_nor_fails(seen):
    error = LookupError("no position")
    with pytest.raises(LookupError) as raised, RiskGate().check("margin") as check:
        check.fail()
        raise error
    assert raised.value is error
    assert seen.total("trading.risk.check.performed", type="margin") == 0
    (point,) = [
        p for p in seen.points("trading.risk.check.duration", type="margin") if p.count
    ] or seen.points("trading.risk.check.duration", type="LookupError")
    assert dict(point.attributes) == {"trading.risk.check.type": "margin", "error.type": "LookupError"}


def test_a_breach_is_counted_when_the_limit_is_reached_and_again_after_the_ratio_was_below_1(seen):
    gate = RiskGate()
    for used in (50, 99.9, 100, 150, 120, 99, 100):
        gate.limit("position", used, 100)
    assert seen.total(BREACHED, type="position", scope="strategy") == 2
    assert seen.values(UTILIZATION, type="position") == [1.0]
    assert seen.events() == [BREACHED, BREACHED]


@settings(deadline=None, max_examples=50)
@given(uses=st.lists(st.floats(-200, 200)))
def test_the_breaches_are_the_crossings_of_the_limit(uses):
    seen, gate = Seen(), RiskGate("account")
    for used in uses:
        gate.limit("daily_loss", used, 100)
    above = [False] + [used >= 100 for used in uses]
    crossings = sum(now and not before for before, now in pairwise(above))
    assert seen.total(BREACHED, scope="account") == crossings == len(seen.events())
    assert all(value >= 0 for value in seen.values(UTILIZATION))


def test_each_scope_of_a_limit_has_its_own_breaches(seen):
    gate = RiskGate()
    gate.limit("position", 2, 1)
    gate.limit("position", 2, 1, scope="account")
    assert [seen.total(BREACHED, scope=scope) for scope in ("strategy", "account")] == [1, 1]


@pytest.mark.parametrize(("used", "ratio"), [(0, 0), (1, 1), (-1, 0)])
def test_a_limit_of_zero_allows_nothing(seen, used, ratio):
    RiskGate().limit("var", used, 0)
    assert seen.values(UTILIZATION, type="var") == [ratio]


@pytest.mark.parametrize(("used", "limit"), [(1, -1), (None, 1), (1, float("nan"))])
def test_a_limit_that_is_not_a_number_is_not_recorded(seen, used, limit):
    RiskGate().limit("leverage", used, limit)
    assert seen.values(UTILIZATION, type="leverage") == []
    assert _losses.snapshot() == {"metrics": {"invalid_value": 1}}


@settings(deadline=None)
@given(word=not_words, number=not_numbers, used=numbers_in_disguise)
def test_a_gate_never_raises_for_any_argument(word, number, used):
    Seen()
    gate = RiskGate()
    with gate.check(word) as check:
        check.fail(word)
    gate.limit(word, used, used, scope=word)
    gate.limit("position", number, number)


@pytest.mark.parametrize("strategy", [None, "mm"])
def test_a_kill_switch_stays_tripped_until_it_is_reset(seen, strategy):
    switch = KillSwitch("strategy", strategy=strategy)
    switch.trip("daily loss")
    switch.trip("again")
    assert (switch.tripped, seen.state(STATUS, scope="strategy")) == (True, ["tripped"])
    switch.reset("operator")
    switch.reset("operator")
    assert (switch.tripped, seen.state(STATUS, scope="strategy")) == (False, ["armed"])
    names = {} if strategy is None else {"trading.strategy.name": strategy}
    assert seen.event("trading.kill_switch.tripped") == {
        "trading.kill_switch.scope": "strategy",
        "trading.kill_switch.reason": "daily loss",
        **names,
    }
    assert seen.event("trading.kill_switch.reset") == {
        "trading.kill_switch.scope": "strategy",
        "trading.kill_switch.reset_by": "operator",
        **names,
    }


def test_a_tripped_switch_cannot_be_disabled(seen):
    switch = KillSwitch("venue")
    switch.trip("x")
    switch.disable()
    assert seen.state(STATUS, scope="venue") == ["tripped"]


def test_a_disabled_switch_neither_trips_nor_resets(seen):
    switch = KillSwitch("venue")
    switch.disable()
    switch.trip("x")
    switch.reset("y")
    assert (switch.state, seen.state(STATUS, scope="venue"), seen.events()) == ("disabled", ["disabled"], [])


@settings(deadline=None, max_examples=40)
@given(steps=st.lists(st.sampled_from(["trip", "reset", "disable"])))
def test_exactly_one_state_is_1_and_each_event_is_a_change(steps):
    seen, switch = Seen(), KillSwitch("firm")
    for step in steps:
        {"trip": lambda: switch.trip("x"), "reset": lambda: switch.reset("y"), "disable": switch.disable}[
            step
        ]()
    assert seen.state(STATUS, scope="firm") == [switch.state]
    events = seen.events("trading.kill_switch.")
    assert (
        events
        == ["trading.kill_switch.tripped", "trading.kill_switch.reset"] * (len(events) // 2)
        + events[len(events) // 2 * 2 :]
    )
    assert (events[-1:] == ["trading.kill_switch.tripped"]) == switch.tripped


@settings(deadline=None)
@given(word=not_words)
def test_a_switch_trips_for_any_reason(word):
    Seen()
    switch = KillSwitch()
    switch.trip(word)
    assert switch.tripped
    switch.reset(word)
    assert not switch.tripped


@given(name=not_names)
def test_scopes_and_strategies_must_be_text(name):
    with pytest.raises(LabelError, match=r"RiskGate\(scope\) takes text"):
        RiskGate(name)
    with pytest.raises(LabelError, match=r"KillSwitch\(scope\) takes text"):
        KillSwitch(name)
    if name is not None:
        with pytest.raises(LabelError, match=r"KillSwitch\(strategy\) takes text"):
            KillSwitch(strategy=name)


def test_an_unknown_scope_of_a_switch_is_other(seen):
    KillSwitch("desk")
    assert seen.state(STATUS, scope="_OTHER") == ["armed"]


def test_breaches_and_trips_are_events_on_the_current_span_so_that_sampling_keeps_its_trace(seen):
    switch, gate = KillSwitch(), RiskGate()
    with span("process signals"):
        gate.limit("daily_loss", used=6_000, limit=5_000)
        switch.trip("daily loss")
        switch.reset("ops")
    events = [(event.name, dict(event.attributes or {})) for event in seen.spans[0].events]
    assert events == [
        (
            "trading.risk.limit.breached",
            {
                "trading.risk.limit.type": "daily_loss",
                "trading.risk.limit.scope": "strategy",
                "trading.risk.limit.utilization": 1.2,
            },
        ),
        (
            "trading.kill_switch.tripped",
            {"trading.kill_switch.scope": "strategy", "trading.kill_switch.reason": "daily loss"},
        ),
        (
            "trading.kill_switch.reset",
            {"trading.kill_switch.scope": "strategy", "trading.kill_switch.reset_by": "ops"},
        ),
    ]
