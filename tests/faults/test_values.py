"""Bad values (entries 12 to 33): they harm neither the caller nor another item, and arrive as documented."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from opentelemetry.trace import SpanKind

import otel_trading as ot
from otel_trading import _losses, logs
from otel_trading.pipeline.setup.builder import write_json_lines
from otel_trading.tracing import start_span
from otel_trading.values.exportable import exportable
from otel_trading.values.text import CUT, LONGEST
from tools.faults.values import HOSTILE, NORMAL, RecordsText


def attributes_of(pairs: Any) -> dict[str, Any]:
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)


@pytest.mark.fault(14, 15)
@pytest.mark.parametrize("name", NORMAL)
def test_a_normal_value_arrives_as_documented_and_without_a_warning(pipelines, http, caplog, name) -> None:
    given, expected = NORMAL[name]
    pipeline = pipelines(http.url)
    with ot.span("s", {"value": given}) as span:
        span.set_attribute("later", given)
        span.add_event("e", {"value": given})
    ot.event("trading.test", {"value": given})
    logging.getLogger("desk").warning("line", extra={"value": given})
    assert pipeline.flush()
    (exported,) = http.spans
    assert attributes_of(exported.attributes) == {"value": expected, "later": expected}
    assert attributes_of(exported.events[0].attributes) == {"value": expected}
    assert attributes_of(http.records[0].attributes)["value"] == expected
    assert [record for record in caplog.records if record.name != "desk"] == []


@pytest.mark.fault(16, 17, 18, 19)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("guarded")
def test_a_hostile_value_loses_neither_its_span_nor_other_spans(pipelines, http, name) -> None:
    value = HOSTILE[name]
    pipeline = pipelines(http.url)
    for neighbour in range(3):
        with ot.span(f"before {neighbour}"):
            pass
    with ot.span("s", {"value": value, "good": 1}) as span:
        span.set_attribute("later", value)
        span.set_attributes({"more": value})
        span.add_event("e", {"value": value})
        span.record_exception(value)
    ot.event("trading.test", {"value": value}, body="body")
    assert pipeline.flush()
    exported = {span.name: span for span in http.spans}
    assert set(exported) == {"before 0", "before 1", "before 2", "s"}
    assert {"value", "good", "later", "more"} <= attributes_of(exported["s"].attributes).keys()
    assert "value" in attributes_of(http.records[0].attributes)


@pytest.mark.fault(16)
def test_a_value_of_unknown_type_is_not_converted_to_text() -> None:
    RecordsText.was_requested = False
    assert exportable({"value": RecordsText()}) == {"value": "<RecordsText>"}
    assert not RecordsText.was_requested


@pytest.mark.fault(17)
@pytest.mark.parametrize("name", ["recursive", "deep", "wide"])
def test_a_container_is_converted_to_a_bounded_depth_and_length(name) -> None:
    shown = str(exportable(HOSTILE[name]))
    assert len(shown) < 1000


@pytest.mark.fault(18)
def test_a_text_that_is_too_long_is_cut_and_marked(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    with ot.span("s", {"blob": "x" * 50_000_000}):
        pass
    pipeline.tracer.start_span("raw", attributes={"blob": "y" * 1_000_000}).end()
    assert pipeline.flush()
    for span in http.spans:
        text = attributes_of(span.attributes)["blob"]
        assert len(text) == LONGEST + len(CUT)
        assert text.endswith(CUT)


@pytest.mark.fault(18)
def test_an_item_is_no_heavier_than_a_share_of_the_queue(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    attributes = {f"k{number}": "x" * 1_000_000 for number in range(10)}
    pipeline.tracer.start_span("raw", attributes=attributes).end()
    queues = [worker.queue for worker in pipeline.providers.workers]
    (queue,) = [queue for queue in queues if queue.account.signal == "traces"]
    assert 300_000 < queue._weight < 400_000


@pytest.mark.fault(20)
def test_control_characters_are_data_on_the_wire_and_escaped_in_a_line(pipelines, http, capsys) -> None:
    pipeline = pipelines(http.url)
    write_json_lines(pipeline.providers)
    forged = 'filled\r\n{"level":"INFO","message":"forged"}\x1b[2J\u202e\u2028'
    logging.getLogger("desk").warning("%s", forged, extra={"note": forged})
    pipeline.logger.emit(body=forged)
    assert pipeline.flush()
    assert forged in {record.body.string_value for record in http.records}
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].isascii()
    assert lines[0].isprintable()


@pytest.mark.fault(21)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (None, "None"),
        (7, "7"),
        ("", "unnamed"),
        (b"x", None),
        ("a\ud800", "a?"),
        ("x" * 1_000_000, "x" * LONGEST + CUT),
        (object(), "<object>"),
    ],
)
@pytest.mark.parametrize("raw", [False, True])
def test_any_value_becomes_the_name_of_a_span(pipelines, http, name, expected, raw) -> None:
    pipeline = pipelines(http.url)
    start = pipeline.tracer.start_span if raw else start_span
    start("before").end()
    start(name).end()
    assert pipeline.flush()
    exported = [span.name for span in http.spans]
    assert exported[0] == "before"
    assert exported[1] == expected if expected is not None else exported[1]


NOW = 1_767_225_600


@pytest.mark.fault(22)
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (NOW * 10**9, NOW * 10**9 + 5, 5),
        (float(NOW), NOW + 0.5, 500_000_000),
        (NOW * 1000, NOW * 1000 + 2, 2_000_000),
        (NOW * 10**6, NOW * 10**6 + 2, 2_000),
        (NOW * 10**9, NOW * 10**9 - 5, 0),
    ],
    ids=["ns", "float s", "ms", "us", "end before start"],
)
def test_times_in_any_unit_become_nanoseconds(pipelines, http, raw, start, end, expected) -> None:  # noqa: PLR0917
    pipeline = pipelines(http.url)
    begin = pipeline.tracer.start_span if raw else start_span
    begin("s", start_time=start).end(end)
    assert pipeline.flush()
    (span,) = http.spans
    assert span.end_time_unix_nano - span.start_time_unix_nano == expected
    assert span.start_time_unix_nano == NOW * 10**9


@pytest.mark.fault(22)
@pytest.mark.parametrize("moment", [-5, -5.0, float("nan"), float("inf"), 2**64])
@pytest.mark.usefixtures("guarded")
def test_an_invalid_time_loses_no_span(pipelines, http, moment) -> None:
    pipeline = pipelines(http.url)
    pipeline.tracer.start_span("raw", start_time=moment).end()
    span = pipeline.tracer.start_span("event")
    span.add_event("e", timestamp=moment)
    span.end(moment)
    pipeline.tracer.start_span("kind", kind="server").end()
    pipeline.tracer.start_span("good").end()
    assert pipeline.flush()
    assert {span.name for span in http.spans} == {"raw", "event", "kind", "good"}


EXPORTED_KEYS = {"None": 1, "2": 2, "unnamed": 3, "k" * 200: 4, "b'b'": 5}
"""The exported keys of attributes whose keys are empty, too long, or not texts."""


@pytest.mark.fault(23)
@pytest.mark.parametrize("attributes", [[("a", 1)], "a=1", 7, {None: 1, 2: 2, "": 3, "k" * 200: 4, b"b": 5}])
@pytest.mark.usefixtures("guarded")
def test_attributes_of_any_shape_are_converted_or_ignored(pipelines, http, attributes) -> None:
    pipeline = pipelines(http.url)
    with ot.span("s", attributes) as span:
        span.set_attributes(attributes)
        span.set_attribute(None, 1)
        span.set_attribute(attributes, 1)
        span.add_event("e", attributes)
    ot.event("trading.test", attributes)
    assert pipeline.flush()
    assert [span.name for span in http.spans] == ["s"]
    exported = {
        key: value for key, value in attributes_of(http.spans[0].attributes).items() if key in EXPORTED_KEYS
    }
    assert exported == (EXPORTED_KEYS if isinstance(attributes, dict) else {"None": 1})


@pytest.mark.fault(19, 22)
def test_a_poisoned_item_is_the_only_one_that_is_lost(pipelines, endpoint, monkeypatch) -> None:
    """If sanitizing misses a value, the encoder rejects its item, and the rest of the batch is exported."""
    monkeypatch.setattr("otel_trading.pipeline.clean.items.sanitize_span", lambda fields: fields)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    for number in range(500):
        pipeline.tracer.start_span(f"good {number}").end()
    pipeline.tracer.start_span("bad \ud800").end()
    assert not pipeline.flush()
    assert len(endpoint.spans) == 500
    assert pipeline.account("traces") == (501, 500, {"unencodable": 1}, 0)


@pytest.mark.fault(24, 25, 26)
def test_a_metric_that_cannot_be_encoded_is_the_only_one_that_is_lost(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    pipeline.meter.create_counter("good").add(1)
    pipeline.meter.create_counter("huge").add(2**63)
    assert not pipeline.flush()
    names = {metric.name for metric in http.metrics}
    assert "good" in names
    assert "huge" not in names
    produced, delivered, dropped, waiting = pipeline.account("metrics")
    assert (produced, waiting, dropped) == (delivered + 1, 0, {"unencodable": 1})


@pytest.mark.fault(36)
@pytest.mark.usefixtures("guarded")
def test_a_log_call_that_cannot_be_formatted_does_not_raise(pipelines, http, monkeypatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    pipeline = pipelines(http.url)
    handler = logs.StdlibHandler()
    logger = logging.getLogger("faults.desk")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        logger.warning("qty %d", "x")
        logger.warning("%s", HOSTILE["raises"])
        logger.warning("fine", extra={"value": HOSTILE["raises"], "trace_id": 5, "severity": "x"})
    finally:
        logger.removeHandler(handler)
    assert pipeline.flush()
    assert [record.body.string_value for record in http.records] == ["fine"]


@pytest.mark.fault(12)
@pytest.mark.usefixtures("guarded")
def test_before_configure_everything_is_a_no_op(caplog) -> None:
    from otel_trading import metrics

    with ot.span("s", HOSTILE) as span:  # type: ignore[arg-type]
        span.set_attribute("k", HOSTILE["raises"])
        assert not span.is_recording()
    ot.event("trading.test", HOSTILE)
    for value in (HOSTILE["raises"], 1, 1.5):
        metrics.risk_check_duration.bind(check_type="position", check_result="pass").record(value)
        metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(value)
        metrics.portfolio_value.bind(account_name="main").set(value)
    assert ot.inject({}) == {}
    assert (_losses.snapshot(), caplog.messages) == ({}, [])


@pytest.mark.fault(17)
@pytest.mark.parametrize("name", ["deep", "recursive"])
def test_a_container_is_converted_to_a_depth_of_four(name) -> None:
    assert exportable(HOSTILE[name]) == [[[["<list>"]]]]


@pytest.mark.fault(17, 18, 74)
def test_a_large_value_is_converted_within_a_second() -> None:
    """It takes about a millisecond; OpenTelemetry alone takes half a second for one text."""
    began = time.perf_counter()
    for name in ("recursive", "deep", "wide", "1 MB"):
        exportable({"value": HOSTILE[name]})
    assert time.perf_counter() - began < 1


def test_the_kind_of_a_span_is_exported(pipelines, http) -> None:
    pipeline = pipelines(http.url)
    with ot.span("client", kind=SpanKind.CLIENT):
        pass
    assert pipeline.flush()
    assert http.spans[0].kind == 3
