"""Properties: spans, logs, metrics and instruments accept any value, never raise, and count every loss.

`make faults` runs each test with at least 10,000 examples; `make test` runs 40.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import otel_trading as ot
from otel_trading import instruments, logs, metrics
from otel_trading.pipeline.clean.items import clean_record, clean_span
from otel_trading.pipeline.deliver.encoding import LOGS, METRICS, SPANS, metrics_of
from otel_trading.tracing.fast.safe_span import make_safe
from otel_trading.values.exportable import exportable
from tests.faults.values import anything, attributes, keys, scalars
from tests.support.seen import Seen

LARGEST = sys.float_info.max
EXAMPLES = int(os.environ.get("FAULT_EXAMPLES", "40"))
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PYTEST_VERSION")
    yield
    Seen.detach()


@pytest.mark.fault(13, 16, 17, 18, 19, 23)
@many
@given(value=anything)
def test_any_value_becomes_valid_json_and_otlp(value: Any) -> None:
    found = exportable(value)
    json.dumps(found, default=lambda one: one.hex())
    assert exportable(found) == found or found != found  # noqa: PLR0124 - NaN


@pytest.mark.fault(16, 19, 21, 22, 23)
@many
@given(name=anything, given_attributes=attributes, key=keys, value=anything, moment=scalars)
def test_any_span_can_be_made_and_encoded(name, given_attributes, key, value, moment) -> None:
    tracer = TracerProvider(resource=Resource({}), shutdown_on_exit=False).get_tracer("t")
    span: Any = make_safe(tracer.start_span("s"))
    span.update_name(name)
    span.set_attributes(given_attributes)
    span.set_attribute(key, value)
    span.add_event(name, given_attributes, moment)
    span.record_exception(value)
    span.set_status(value)
    span.end(moment)
    SPANS.encode([clean_span(span)])


@pytest.mark.fault(19, 20, 22)
@many
@given(body=anything, given_attributes=attributes, moment=scalars, severity=scalars, name=scalars)
def test_any_log_record_can_be_encoded_and_is_one_line(
    body, given_attributes, moment, severity, name
) -> None:
    record = LogRecord(timestamp=moment, observed_timestamp=moment, severity_text=severity, body=body)
    record.attributes = given_attributes if isinstance(given_attributes, dict) else {}
    record.event_name = name
    safe = clean_record(ReadableLogRecord(record, Resource({})))
    LOGS.encode([safe])
    line = logs.format_line(safe)
    assert line.endswith("\n")
    assert line[:-1].isascii()
    assert "\n" not in line[:-1]


def number_of(value: Any) -> float | None:
    """The value as a number; None for truth values, texts and values that are not finite."""
    if isinstance(value, bool | np.bool_ | str | bytes):
        return None
    if type(value) is int and value > LARGEST:
        return math.inf  # a counter records it as its largest number; a histogram and a gauge refuse it
    try:
        number = float(value)
    except Exception:
        return None
    return number if math.isfinite(number) else None


@pytest.mark.fault(13, 25, 26, 33)
@many
@given(values=st.lists(anything, max_size=5))
@example(values=[None, math.nan, math.inf, -math.inf, Decimal("NaN"), 1.5])
@example(values=[-1, -0.5, Decimal(-1), 2])
@example(values=[True, np.bool_(True), "3", b"3", 4])
@example(values=[1e15, 0.1])
@example(values=[2**63])
def test_any_value_is_recorded_or_refused_by_a_handle(values: list[Any]) -> None:
    seen = Seen()
    histogram = metrics.risk_check_duration.bind(check_type="position", check_result="pass")
    counter = metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm")
    gauge = metrics.portfolio_value.bind(account_name="main")
    for value in values:
        histogram.record(value)
        counter.add(value)
        gauge.set(value)
    numbers = [number for value in values if (number := number_of(value)) is not None]
    finite = [number for number in numbers if number < math.inf]
    added = min(sum(number for number in numbers if number >= 0), LARGEST)
    assert seen.total("trading.order.submitted") == pytest.approx(added)
    assert seen.total("trading.risk.check.duration") == sum(number >= 0 for number in finite)
    assert seen.values("trading.portfolio.value") == pytest.approx(finite[-1:])
    METRICS.encode(metrics_of(seen._reader.get_metrics_data()))
    Seen.detach()


@pytest.mark.fault(26, 27, 28)
@many
@given(values=st.lists(anything, min_size=6, max_size=6))
def test_an_order_accepts_any_value(values: list[Any]) -> None:
    one, two, three, four, five, six = values
    order = instruments.Order("c-1", venue="XNAS", type="limit", side="buy", quantity=1, strategy="mm")
    with order.route(one):
        order.submitted()
    order.filled(quantity=one, price=two, liquidity=three, execution_id=four, fees=five)
    order.replace_requested(quantity=one, price=two)
    order.replaced(quantity=six)
    order.rejected(one, two, last_price=three)
    order.canceled(last_price=four)
    instruments.Order.fill_unmatched(one, two, client_order_id=three, execution_id=four)
    order.give_up()


@pytest.mark.fault(13, 26, 33)
@many
@given(values=st.lists(anything, min_size=4, max_size=4))
def test_limits_switches_and_events_accept_any_value(values: list[Any]) -> None:
    one, two, three, four = values
    gate = instruments.RiskGate()
    gate.limit("position", one, two)
    gate.limit(three, 1, 2, four if isinstance(four, str) else None)
    switch = instruments.KillSwitch()
    switch.trip(one)
    switch.reset(two)
    ot.event("trading.test", {"one": one, "two": two}, body=three)
