"""The life of an order: the counts, spans and events of each step."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import count
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from otel_trading import _closing, _losses
from otel_trading.errors import LabelError
from otel_trading.instruments import Order
from otel_trading.instruments.order.life import OrderLife
from otel_trading.instruments.order.order import _orders
from tests.support.seen import Seen
from tests.support.strategies import not_names, not_numbers, not_sizes, not_words

OPEN = ["submitted", "acknowledged"]
KIND = {"venue": "XNAS", "type": "limit", "side": "buy", "quantity": 100, "strategy": "mm"}


def new_order(id: str = "c-1", **given) -> Order:
    return Order(id, **{**KIND, **given})


def submitted_order(id: str = "c-1", **given) -> Order:
    order = new_order(id, **given)
    order.submitted()
    return order


def completed(seen: Seen) -> dict[str, float]:
    points = seen.points("trading.order.completed")
    return {p.attributes["trading.order.status"]: p.value for p in points if p.value}


def test_an_order_can_be_recorded_in_five_lines(seen):
    order = Order("c-17", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
    with order.submitting():
        pass
    order.acknowledged()
    order.filled(quantity=100, price=182.11)

    assert completed(seen) == {"filled": 1}
    assert seen.total("trading.order.submitted", name="mm") == 1
    assert seen.events() == [
        "trading.order.submitted",
        "trading.order.acknowledged",
        "trading.order.filled",
    ]
    assert [span.name for span in seen.spans] == ["submit order", "order limit"]
    assert (order.status, order.is_open, order.filled_quantity, order.average_price) == (
        "filled",
        False,
        100,
        182.11,
    )


def test_the_span_of_an_order_lasts_from_construction_to_completion_and_is_the_parent_of_the_others(seen):
    with trace.get_tracer("test").start_as_current_span("tick"):
        order = new_order()
    with order.route("best_price"):
        pass
    with order.submitting() as submission:
        assert trace.get_current_span() is submission.span
    order.canceled()

    life = seen.span("order limit")
    submit, route = seen.span("submit order"), seen.span("route order")
    assert {submit.parent.span_id, route.parent.span_id} == {life.context.span_id}
    assert submit.kind is SpanKind.CLIENT
    assert life.attributes["trading.order.status"] == "canceled"
    assert life.attributes["trading.order.id"] == "c-1"
    assert life.status.status_code is StatusCode.UNSET
    assert trace.get_current_span(order.context).get_span_context() == life.context


def test_the_events_of_an_order_carry_its_trace_id_from_every_thread(seen):
    order = submitted_order(symbol="IBM")
    thread = Thread(target=order.acknowledged)
    thread.start()
    thread.join()

    span = trace.get_current_span(order.context).get_span_context()
    assert {r.trace_id for r in seen.log_records} == {span.trace_id}
    assert {r.attributes["trading.instrument.symbol"] for r in seen.log_records} == {"IBM"}


def test_the_exemplar_of_tick_to_trade_has_the_trace_id_of_the_order(seen):
    order = new_order(triggered_at_ns=time.time_ns() - 1_000_000)
    order.submitted()
    (point,) = [p for p in seen.points("trading.tick_to_trade.duration") if p.count]
    assert [e.trace_id for e in point.exemplars] == [
        trace.get_current_span(order.context).get_span_context().trace_id
    ]


def test_a_failed_submission_submits_nothing_and_its_error_propagates_unchanged(seen):
    order, error = new_order(), TimeoutError("no answer")
    with pytest.raises(TimeoutError) as raised, order.submitting():
        raise error
    assert raised.value is error
    assert seen.total("trading.order.submitted") == 0
    assert seen.total("trading.order.submit.duration", type="TimeoutError") == 1
    assert not order.is_open


def test_the_submission_ends_with_the_last_byte(seen, monkeypatch):
    moments = count(10, 0.25)
    monkeypatch.setattr("otel_trading.instruments.order.submission.perf_counter", lambda: next(moments))
    monkeypatch.setattr("otel_trading.instruments.operation.perf_counter", lambda: next(moments))
    order = new_order(venue="answering")
    with order.submitting() as submission:
        submission.sent()
        submission.sent()
        assert order.is_open
    (point,) = [p for p in seen.points("trading.order.submit.duration", name="answering") if p.count]
    assert (point.count, point.sum) == (1, 0.25)
    assert seen.total("trading.order.submitted") == 1


def test_an_order_is_submitted_even_if_the_answer_is_an_error(seen):
    order = new_order()
    with pytest.raises(TimeoutError), order.submitting() as submission:
        submission.sent()
        raise TimeoutError("no answer")
    assert order.is_open
    assert seen.total("trading.order.submit.duration", type="TimeoutError") == 0
    order.rejected("broker_option", "venue")
    assert completed(seen) == {"rejected": 1}


def test_a_second_attempt_counts_as_a_retry_and_submits_once(seen):
    order = new_order(venue="retrying")
    for _ in range(5):
        order.retried()
    with order.submitting():
        pass
    attempts = {
        p.attributes["trading.order.retry.attempt"]: p.value
        for p in seen.points("trading.order.retries", name="retrying")
    }
    assert attempts == {"1": 1, "2": 1, "3+": 3}
    assert seen.total("trading.order.submitted") == 1


def test_the_series_of_retries_exist_before_the_first_retry(seen):
    new_order(venue="calm")
    assert [p.value for p in seen.points("trading.order.retries", name="calm")] == [0, 0, 0]


def test_partial_fills_add_up(seen):
    order = submitted_order(quantity=1)
    for part in (0.1, 0.2, 0.7):
        order.filled(quantity=part, price=10, execution_id=f"e-{part}", liquidity="maker")
    assert order.status == "filled"
    assert seen.values("trading.execution.notional") == [pytest.approx(10)]
    assert seen.total("trading.execution.received", liquidity="maker") == 3
    assert seen.total("trading.order.fill.duration") == 1


def test_the_average_price_is_weighted(seen):
    order = submitted_order()
    assert order.average_price is None
    order.filled(quantity=30, price=10)
    order.filled(quantity=10, price=20)
    assert (order.average_price, order.filled_quantity, order.status) == (12.5, 40, "partially_filled")


@pytest.mark.parametrize(
    ("step", "status", "event"),
    [
        (Order.canceled, "canceled", "trading.order.canceled"),
        (Order.expired, "expired", "trading.order.expired"),
        (Order.done_for_day, "done_for_day", "trading.order.expired"),
    ],
)
def test_an_order_that_ends_unfilled_has_a_fill_ratio_of_zero(seen, step, status, event):
    order = submitted_order()
    step(order)
    step(order)  # too late: the order has completed
    assert (order.is_open, Order.open(), completed(seen)) == (False, [], {status: 1})
    (point,) = seen.points("trading.order.fill.ratio")
    assert (point.count, point.sum) == (1, 0)
    assert seen.events()[-1] == event


def test_a_partly_filled_order_records_its_fill_ratio(seen):
    order = submitted_order()
    order.filled(quantity=25, price=10)
    order.canceled()
    assert seen.values("trading.order.fill.ratio") == [0.25]


def test_an_order_that_the_risk_check_refused_was_never_submitted(seen):
    new_order().rejected("order_exceeds_limit", "risk")
    assert seen.total("trading.order.rejected", source="risk", reason="order_exceeds_limit") == 1
    assert seen.total("trading.order.submitted") == 0
    assert completed(seen) == {}
    assert seen.total("trading.order.fill.ratio") == 0
    span = seen.span("order limit")
    assert (span.status.status_code, span.attributes["error.type"]) == (
        StatusCode.ERROR,
        "order_exceeds_limit",
    )


def test_a_rejection_by_the_venue_proves_that_the_order_was_submitted(seen):
    order = new_order()
    with pytest.raises(ConnectionError), order.submitting():
        raise ConnectionError
    order.rejected("insufficient_funds")
    assert seen.total("trading.order.submitted") == 1
    assert completed(seen) == {"rejected": 1}
    assert seen.total("trading.order.ack.duration", type="insufficient_funds") == 1


def test_a_rejection_by_the_gateway_does_not_prove_that_the_order_was_submitted(seen):
    order = new_order()
    with pytest.raises(ConnectionError), order.submitting():
        raise ConnectionError
    order.rejected("_OTHER", "gateway")
    assert (seen.total("trading.order.submitted"), completed(seen)) == (0, {})


def test_a_withdrawn_order_is_neither_submitted_nor_completed(seen):
    new_order().canceled()
    assert (seen.total("trading.order.submitted"), completed(seen)) == (0, {})
    assert seen.span("order limit").attributes["trading.order.status"] == "canceled"


@pytest.mark.parametrize("news", [Order.acknowledged, lambda order: order.filled(quantity=1, price=1)])
def test_a_report_that_arrives_before_the_submission_proves_it(seen, news):
    order = new_order()
    with order.submitting():
        news(order)
    assert seen.total("trading.order.submitted") == 1
    assert order.is_open
    assert _losses.snapshot() == {}


def test_an_order_that_is_filled_while_it_is_submitted_is_submitted_and_completed_once(seen):
    order = new_order()
    with order.submitting():
        order.filled(quantity=100, price=1)
    order.acknowledged()
    assert seen.total("trading.order.submitted") == 1
    assert completed(seen) == {"filled": 1}
    assert seen.total("trading.order.ack.duration", type="new") == 1
    assert _losses.snapshot() == {}


def test_without_a_submission_no_duration_is_recorded(seen):
    order = new_order()
    order.acknowledged()
    order.filled(quantity=100, price=1)
    assert seen.total("trading.order.ack.duration") == 0
    assert seen.total("trading.order.fill.duration") == 0


def test_a_repeated_execution_changes_nothing(seen):
    order = submitted_order()
    for _ in range(3):
        order.filled(quantity=10, price=5, execution_id="e-1")
    assert order.filled_quantity == 10
    assert seen.total("trading.execution.unmatched", reason="duplicate") == 2
    assert seen.values("trading.execution.notional") == [50]
    assert seen.total("trading.execution.received") == 1


def test_an_execution_above_the_quantity_left_changes_nothing(seen):
    order = submitted_order()
    order.filled(quantity=90, price=5)
    order.filled(quantity=11, price=5)
    assert order.filled_quantity == 90
    assert seen.total("trading.execution.unmatched", reason="overfill") == 1
    assert seen.event("trading.execution.unmatched")["trading.execution.unmatched.reason"] == "overfill"


def test_a_fill_of_a_canceled_order_is_unmatched(seen):
    order = submitted_order()
    order.filled(quantity=10, price=5, execution_id="e-1")
    order.canceled()
    order.filled(quantity=10, price=5, execution_id="e-2")
    order.filled(quantity=10, price=5, execution_id="e-1")
    assert order.filled_quantity == 10
    assert seen.total("trading.execution.unmatched", reason="overfill") == 1
    assert seen.total("trading.execution.unmatched", reason="duplicate") == 1
    assert completed(seen) == {"canceled": 1}


def test_a_fill_of_an_unknown_order_is_counted(seen):
    Order.fill_unmatched("XNAS", client_order_id="c-0", execution_id="e-9")
    assert seen.total("trading.execution.unmatched", reason="unknown_order") == 1
    assert seen.event("trading.execution.unmatched") == {
        "trading.order.id": "c-0",
        "trading.execution.id": "e-9",
        "trading.venue.name": "XNAS",
        "trading.execution.unmatched.reason": "unknown_order",
    }


@pytest.mark.parametrize(
    "step",
    [
        Order.canceled,
        Order.expired,
        Order.acknowledged,
        Order.replaced,
        Order.retried,
        lambda order: order.rejected("throttled"),
        lambda order: order.rejected("no such reason", "no such source", last_price="no number"),
    ],
)
def test_a_step_that_comes_too_late_is_counted_and_ignored(seen, step):
    order = submitted_order()
    order.acknowledged()
    order.canceled()
    events = seen.events()
    step(order)
    assert _losses.snapshot() == {"metrics": {"order_step": 1}}
    assert (seen.events(), completed(seen)) == (events, {"canceled": 1})
    assert seen.total("trading.order.rejected") == 0


def test_an_order_that_ended_unsubmitted_cannot_be_submitted(seen):
    order = new_order()
    order.rejected("throttled", "risk")
    order.submitted()
    assert seen.total("trading.order.submitted") == 0
    assert _losses.snapshot() == {"metrics": {"order_step": 1}}


def test_change_requests_are_counted_and_their_answers_are_timed(seen):
    order = submitted_order()
    order.acknowledged()
    order.replace_requested(quantity=50, price=9.5)
    order.replaced()
    order.cancel_requested()
    order.canceled()
    assert order.quantity == 50
    assert {t: seen.total("trading.order.change.requested", type=t) for t in ("replace", "cancel")} == {
        "replace": 1,
        "cancel": 1,
    }
    assert {t: seen.total("trading.order.ack.duration", type=t) for t in ("new", "replace", "cancel")} == {
        "new": 1,
        "replace": 1,
        "cancel": 1,
    }


def test_the_quantity_that_the_venue_reports_replaces_the_requested_one(seen):
    order = submitted_order()
    order.replace_requested(quantity=50)
    order.replaced(quantity=60)
    order.filled(quantity=60, price=1)
    assert (order.quantity, order.status) == (60, "filled")


def test_a_replacement_by_less_than_the_filled_quantity_completes_the_order(seen):
    order = submitted_order()
    order.filled(quantity=40, price=1)
    order.replaced(quantity=30)
    assert (order.quantity, order.status) == (40, "filled")
    assert seen.values("trading.order.fill.ratio") == [1]


def test_a_replacement_of_the_price_leaves_the_quantity(seen):
    order = submitted_order()
    order.replace_requested(price=10)
    order.replaced()
    assert order.quantity == 100


@pytest.mark.parametrize(
    ("side", "price", "bps"),
    [("buy", 101, 100), ("buy", 99, -100), ("sell", 99, 100), ("sell", 101, -100), ("sell_short", 99, 100)],
)
def test_slippage_is_above_zero_if_the_price_got_worse(seen, side, price, bps):
    submitted_order(side=side, arrival_price=100).filled(quantity=100, price=price)
    assert seen.values("trading.execution.slippage") == [pytest.approx(bps)]


@pytest.mark.parametrize("given", [{}, {"arrival_price": 100, "side": "exchange"}, {"arrival_price": 0}])
def test_there_is_no_slippage_without_a_side_and_an_arrival_price(seen, given):
    submitted_order(**given).filled(quantity=100, price=101)
    assert seen.total("trading.execution.slippage") == 0


def test_the_shortfall_of_a_filled_order_includes_fees(seen):
    submitted_order(decision_price=100).filled(quantity=100, price=101, fees=20)
    assert seen.values("trading.order.implementation_shortfall") == [pytest.approx(100 + 20)]


def test_the_shortfall_includes_the_opportunity_cost_of_the_unfilled_quantity(seen):
    order = submitted_order(decision_price=100)
    order.filled(quantity=50, price=101)
    order.canceled(last_price=104)
    assert seen.values("trading.order.implementation_shortfall") == [pytest.approx(50 + 200)]


def test_an_unfilled_order_without_a_last_price_has_no_shortfall(seen):
    submitted_order(decision_price=100).canceled()
    assert seen.total("trading.order.implementation_shortfall") == 0


def test_tick_to_trade_of_a_tick_in_the_future_is_zero_and_counted(seen):
    submitted_order(triggered_at_ns=time.time_ns() + 10**12)
    (point,) = [p for p in seen.points("trading.tick_to_trade.duration") if p.count]
    assert (point.count, point.sum) == (1, 0)
    assert _losses.snapshot() == {"metrics": {"negative_duration": 1}}


@pytest.mark.parametrize("when", [1_767_225_600.5, "soon", None])
def test_tick_to_trade_is_not_recorded_if_the_trigger_time_is_not_in_nanoseconds(seen, when):
    submitted_order(triggered_at_ns=when)
    assert seen.total("trading.tick_to_trade.duration") == 0
    assert _losses.snapshot() == ({} if when is None else {"metrics": {"invalid_value": 1}})


def test_an_order_is_found_while_it_is_open_and_shortly_afterwards(seen):
    order = submitted_order("c-7")
    assert Order.find("c-7") is order
    assert Order.open() == [order]
    order.canceled()
    assert Order.find("c-7") is order
    assert Order.open() == []
    assert Order.find("c-8") is None


def test_an_order_that_was_not_submitted_is_found_but_not_open(seen):
    order = new_order()
    assert (Order.find("c-1"), Order.open()) == (order, [])


def test_of_two_open_orders_with_one_id_the_newer_is_found(seen):
    older, newer = submitted_order(), submitted_order()
    assert _losses.snapshot() == {"metrics": {"duplicate_order_id": 1}}
    assert Order.find("c-1") is newer
    assert Order.open() == [older, newer]
    older.canceled()
    assert Order.find("c-1") is newer
    newer.canceled()
    assert Order.open() == []


def test_only_the_latest_completed_orders_are_found(seen, monkeypatch):
    monkeypatch.setattr("otel_trading.instruments.order.open_orders.MAX_RECENT", 2)
    for n in range(3):
        submitted_order(f"c-{n}").canceled()
    assert [Order.find(f"c-{n}") is None for n in range(3)] == [True, False, False]


def test_one_order_too_many_evicts_the_oldest_as_incomplete(seen, monkeypatch):
    monkeypatch.setattr("otel_trading.instruments.order.open_orders.MAX_OPEN", 2)
    for n in range(3):
        submitted_order(f"c-{n}")
    assert [order.client_order_id for order in Order.open()] == ["c-1", "c-2"]
    assert seen.event("trading.order.incomplete")["trading.order.id"] == "c-0"
    assert _losses.snapshot() == {"traces": {"open_orders": 1}}


def test_open_orders_are_exported_as_incomplete_once(seen):
    order, done, drafted = submitted_order("c-1"), submitted_order("c-2"), new_order("c-3")
    done.canceled()
    _closing.run()
    _closing.run()
    incomplete = [
        r.attributes["trading.order.id"]
        for r in seen.log_records
        if r.event_name == "trading.order.incomplete"
    ]
    assert incomplete == ["c-1", "c-3"]
    spans = [s for s in seen.spans if s.attributes.get("trading.order.incomplete")]
    assert [s.attributes["trading.order.id"] for s in spans] == ["c-1", "c-3"]
    assert {s.status.status_code for s in spans} == {StatusCode.UNSET}
    assert (order.is_open, drafted.is_open, completed(seen)) == (True, False, {"canceled": 1})


def test_an_incomplete_order_can_still_complete(seen):
    order = submitted_order()
    _closing.run()
    order.filled(quantity=100, price=1)
    assert completed(seen) == {"filled": 1}
    assert len(seen.spans) == 1


def test_a_forked_child_has_none_of_its_parents_orders(seen):
    submitted_order()
    _orders._forget()  # the fork hook of the child
    _closing.run()
    assert seen.events() == ["trading.order.submitted"]


@pytest.mark.parametrize("argument", ["client_order_id", "venue", "type", "side", "strategy"])
@given(name=not_names)
def test_an_order_refuses_a_name_that_is_not_text(argument, name):
    given = {"client_order_id": "c-1", **KIND, argument: name}
    with pytest.raises(LabelError, match=f"{argument}.* takes text that is not empty, not "):
        Order(**given)


@given(quantity=not_sizes)
def test_an_order_refuses_a_quantity_that_is_not_above_zero(quantity):
    with pytest.raises(LabelError, match=r"Order\('c-1'\), quantity, takes a finite number above 0, not "):
        new_order(quantity=quantity)


def test_an_unknown_type_and_side_are_counted_as_other(seen):
    submitted_order(type="iceberg", side="BUY").canceled()
    assert seen.total("trading.order.completed", type="_OTHER") == 1
    assert seen.span("order _OTHER").attributes["trading.order.side"] == "_OTHER"
    assert _losses.snapshot() == {"metrics": {"label_other": 2}}


def test_decimals_and_decimal_text_are_numbers(seen):
    order = submitted_order(quantity="100", arrival_price=Decimal(10))
    order.filled(quantity=Decimal("99.5"), price="10.01", fees="0.1")
    assert order.filled_quantity == 99.5
    assert seen.values("trading.execution.slippage") == [pytest.approx(10)]
    assert _losses.snapshot() == {}


@settings(deadline=None)
@given(quantity=not_sizes)
def test_a_fill_without_a_valid_quantity_is_unmatched(quantity):
    seen = Seen()
    order = submitted_order()
    _losses.reset()
    order.filled(quantity=quantity, price=10)
    assert (order.filled_quantity, order.status) == (0, "pending_new")
    assert seen.total("trading.execution.unmatched", reason="_OTHER") == 1
    assert _losses.snapshot()["metrics"]["invalid_value"] == 1


@settings(deadline=None)
@given(price=not_numbers | st.just(0))
def test_a_fill_without_a_valid_price_adds_no_notional(price):
    seen = Seen()
    order = submitted_order(arrival_price=10, decision_price=10)
    _losses.reset()
    order.filled(quantity=100, price=price)
    assert (order.status, order.average_price) == ("filled", None)
    assert seen.total("trading.execution.notional") == 0
    assert seen.total("trading.execution.slippage") == 0
    assert _losses.snapshot()["metrics"]["invalid_value"] == 1


@settings(deadline=None)
@given(word=not_words, number=not_numbers)
def test_no_step_raises_for_any_argument(word, number):
    seen = Seen()
    order = new_order(symbol=word, arrival_price=number, decision_price=number, triggered_at_ns=number)
    with order.route(word), order.submitting():
        order.replace_requested(quantity=number, price=number)
    order.replaced(quantity=number)
    order.filled(quantity=1, price=1, liquidity=word, execution_id=word, fees=number)
    order.rejected(word, word, last_price=number)
    Order.fill_unmatched(word, word, client_order_id=word, execution_id=word)
    assert completed(seen) == {"rejected": 1}


def test_a_defect_of_ours_is_swallowed_and_counted(seen, guarded, monkeypatch):
    order = submitted_order()
    monkeypatch.setattr(OrderLife, "acknowledge", None)
    order.acknowledged()
    order.canceled("no", "such", "arguments")
    assert _losses.snapshot() == {"sdk": {"internal_error": 2}}


def test_steps_on_many_threads_keep_every_count(seen):
    orders = [submitted_order(f"c-{n}", quantity=8) for n in range(20)]
    ready = Barrier(4)

    def trade() -> None:
        ready.wait()
        for order in orders:
            for n in range(8):
                order.filled(quantity=1, price=1, execution_id=f"e-{n}")
            order.canceled()

    threads = [Thread(target=trade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(completed(seen).values()) == 20
    filled = sum(order.filled_quantity for order in orders)
    assert seen.values("trading.execution.notional") == [filled]
    assert filled + seen.total("trading.execution.unmatched") == 20 * 8 * 4
    assert len(seen.spans) == 20
