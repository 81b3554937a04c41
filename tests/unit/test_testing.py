"""The test doubles: the telemetry of a test is captured, deterministic, and gone for the next test."""

from __future__ import annotations

import logging
import time
from math import inf

import pytest
from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api

import otel_trading as ot
from otel_trading import _losses, metrics, pipeline
from otel_trading.errors import ConfigurationError, LabelError
from otel_trading.testing import CapturedTelemetry, capture

pytest_plugins = ["pytester"]


def strategy() -> None:
    with ot.span("generate signal", {"trading.strategy.name": "mm"}) as span:
        span.add_event("quote", {"price": 182.1})
        with metrics.signal_generate_duration.bind(strategy_name="mm", direction="buy").time():
            metrics.signal_generated.bind(strategy_name="mm", direction="buy").add(2)
        ot.event("trading.signal.generated", {"size": 100})
        logging.getLogger("desk").warning("bought %s", "IBM")


def test_spans_are_captured_with_parent_attributes_and_events(telemetry: CapturedTelemetry) -> None:
    with ot.span("tick"):
        strategy()
    tick, signal = telemetry.spans
    assert (tick.name, tick.parent, signal.name, signal.parent) == ("tick", None, "generate signal", "tick")
    assert (signal.attributes, signal.status, signal.kind) == (
        {"trading.strategy.name": "mm"},
        "unset",
        "internal",
    )
    assert [(event.name, event.attributes) for event in signal.events] == [("quote", {"price": 182.1})]


def test_ids_count_up_and_the_clock_ticks(telemetry: CapturedTelemetry) -> None:
    with ot.span("one"), ot.span("two"):
        telemetry.clock.advance(2.5)
    one, two = telemetry.spans
    assert (one.trace_id, one.span_id) == ("0" * 31 + "1", "0" * 15 + "1")
    assert (two.trace_id, two.span_id) == ("0" * 31 + "1", "0" * 15 + "2")
    assert two.end_ns - two.start_ns == 2_501_000_000


def test_the_values_of_metrics_by_label(telemetry: CapturedTelemetry) -> None:
    strategy()
    assert telemetry.metric("signal_generated", strategy_name="mm") == 2
    assert telemetry.metric("trading.signal.generated", direction="buy") == 2
    assert telemetry.metric(metrics.signal_generated) == 2
    assert telemetry.metric("signal_generated", direction="sell") is None
    assert telemetry.metric("order_submitted", venue_name="XNAS") is None


def test_a_histogram_has_the_duration_on_the_clock_of_the_test(telemetry: CapturedTelemetry) -> None:
    timed = metrics.signal_generate_duration.bind(strategy_name="mm", direction="buy")
    with timed.time():
        telemetry.clock.advance(0.25)
    found = telemetry.metric(metrics.signal_generate_duration, strategy_name="mm")
    assert not isinstance(found, float | int | None)
    assert (found.count, found.sum, found.min, found.max) == (1, 0.251, 0.251, 0.251)
    assert sum(found.buckets.values()) == 1
    assert max(found.buckets) == inf


def test_logs_and_events_carry_the_ids_of_their_span(telemetry: CapturedTelemetry) -> None:
    strategy()
    (event,) = telemetry.events("trading.signal.generated")
    assert (event.attributes, event.trace_id) == ({"size": 100}, "0" * 31 + "1")
    (record,) = [record for record in telemetry.logs if record.name is None]
    assert (record.body, record.severity, record.span_id) == ("bought IBM", "WARN", "0" * 15 + "1")


def test_a_metric_of_another_library_is_found_by_its_own_labels(telemetry: CapturedTelemetry) -> None:
    counter = telemetry.meter_provider.get_meter("theirs").create_counter("their.count")
    counter.add(1, {"queue.name": "a"})
    counter.add(2, {"queue.name": "b"})
    assert telemetry.metric("their.count", **{"queue.name": "b"}) == 2
    with pytest.raises(LabelError, match="^2 series of 'their\\.count' have these labels"):
        telemetry.metric("their.count")


@pytest.mark.parametrize(
    ("name", "labels", "sentence"),
    [
        (
            "order_submited",
            {},
            "No metric 'order_submited' was recorded. Did you mean 'order_submitted'?",
        ),
        (
            "order_submitted",
            {"venue": "XNAS"},
            "trading.order.submitted has no label 'venue', it has venue_name, order_type, strategy_name. "
            "Did you mean 'venue_name'?",
        ),
    ],
)
def test_a_misspelt_name_is_one_sentence(
    telemetry: CapturedTelemetry, name: str, labels: dict[str, str], sentence: str
) -> None:
    with pytest.raises(LabelError) as caught:
        telemetry.metric(name, **labels)
    assert str(caught.value) == sentence


def test_the_captured_telemetry_stays_readable_after_the_block() -> None:
    with capture() as telemetry:
        strategy()
    strategy()
    assert telemetry.metric("signal_generated", strategy_name="mm") == 2
    assert len(telemetry.spans) == 1
    assert len(telemetry.logs) == 2


def test_an_order_that_an_earlier_test_left_open_is_not_captured() -> None:
    ot.Order("left-open", venue="XNAS", type="limit", side="buy", quantity=1, strategy="mm", symbol="IBM")
    with capture() as telemetry:
        pass
    assert (telemetry.spans, telemetry.logs) == ([], [])


def test_the_process_is_as_before_after_the_block() -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        globals_ = trace_api.get_tracer_provider(), metrics_api.get_meter_provider()
        return (*globals_, root.level, tuple(root.handlers), ot.recording.cells.perf_counter)

    before = state()
    with pytest.raises(KeyError), capture():
        raise KeyError("the test failed")
    assert state() == before
    assert ot.recording.cells.perf_counter is time.perf_counter


def test_losses_start_at_zero() -> None:
    _losses.add("traces", "queue_full")
    with capture() as telemetry:
        assert telemetry.losses == {}
        _losses.add("traces", "queue_full", 2)
        assert telemetry.losses == {"traces": {"queue_full": 2}}


def test_capture_is_an_error_while_telemetry_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "is_running", lambda: True)
    with pytest.raises(ConfigurationError, match="call shutdown"), capture():
        pass


def test_one_test_does_not_see_what_another_recorded(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        import otel_trading as ot
        from otel_trading import metrics

        @pytest.mark.parametrize("_", range(2))
        def test_isolated(telemetry, _):
            assert (telemetry.spans, telemetry.logs) == ([], [])
            assert telemetry.metric("order_submitted", venue_name="XNAS") in (None, 0)
            with ot.span("once"):
                metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(1)
            assert [span.trace_id for span in telemetry.spans] == ["0" * 31 + "1"]
            assert telemetry.metric("order_submitted", venue_name="XNAS") == 1
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=2)


def test_the_example_of_the_module_runs(pytester: pytest.Pytester) -> None:
    assert ot.testing.__doc__ is not None
    example = ot.testing.__doc__.split("```python\n")[1].split("```")[0]
    pytester.makepyfile(example)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_plugin_imports_no_sdk_before_the_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_light():
            assert "otel_trading.testing" not in sys.modules
            assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk.")]
        """
    )
    pytester.runpytest_subprocess("-p", "no:randomly").assert_outcomes(passed=1)
