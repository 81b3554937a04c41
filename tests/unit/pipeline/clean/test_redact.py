"""Cleaning: exported telemetry holds neither query strings nor credentials, and is otherwise unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.trace import Link, Status, StatusCode

from otel_trading.pipeline.clean import items, sanitize, size_limits
from otel_trading.pipeline.clean.items import clean_record, clean_span
from otel_trading.pipeline.clean.metrics_data import each_metric
from otel_trading.pipeline.clean.redact import extend, redact_metrics, redact_text, redact_value
from otel_trading.pipeline.clean.size_limits import HEAVY, bounded_record, bounded_span


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.broker/v2/orders?apikey=S3CRET&side=buy", "https://api.broker/v2/orders?REDACTED"),
        ("https://me:S3CRET@api.broker/v2", "https://REDACTED:REDACTED@api.broker/v2"),
        ("https://api.broker/v2?token=S3CRET#top", "https://api.broker/v2?REDACTED#top"),
        (
            "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /v2?apikey=S3CRET "
            "(Caused by NewConnectionError)",
            "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /v2?REDACTED "
            "(Caused by NewConnectionError)",
        ),
        ("Authorization: Bearer eyJhbGci0iJIUzI1", "Authorization: REDACTED REDACTED"),
        ("sent bearer abc123def456", "sent bearer REDACTED"),
        ("{'APCA-API-SECRET-KEY': 'S3CRETKEY'}", "{'APCA-API-SECRET-KEY': 'REDACTED'}"),
    ],
)
def test_a_secret_in_a_text_is_replaced(given: str, expected: str) -> None:
    assert redact_text(given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "https://api.broker/v2/orders/c-17",
        "why? because a = b",
        "limit of 100?",
        "basic momentum strategies",
        "bearer instruments and authors",
        "session=regular, authorized_qty=100",
        "mail me@example.org",
    ],
)
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("http.request.header.authorization", False),
        ("http.request.header.apca_api_key_id", False),
        ("broker.password", False),
        ("APIKey", False),
        ("APISecretKey", False),
        ("url.query", False),
        ("trading.access-token", False),
        ("authtoken", False),
        ("privatekey", False),
        ("broken", True),
        ("author", True),
        ("authorized_qty", True),
        ("tokenized_asset", True),
        ("secretary", True),
        ("session", True),
        ("trading.session.key", True),
    ],
)
def test_a_value_is_replaced_if_its_key_names_a_secret(key: str, *, kept: bool) -> None:
    assert redact_value({key: "value"}) == {key: "value" if kept else "REDACTED"}


@given(
    st.recursive(
        st.text() | st.integers() | st.binary(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_redacting_a_value_twice_changes_nothing_more(value: object) -> None:
    once = redact_value(value)
    assert redact_value(once) == once
    if redact_text(repr(value)) == repr(value) and "REDACTED" not in repr(once):
        assert once is value


def test_a_container_that_is_too_deep_is_replaced_as_a_whole() -> None:
    deep: object = "https://h/?a=S3CRET"
    for _ in range(20):
        deep = [{"next": deep}]
    assert "S3CRET" not in str(redact_value(deep))
    assert "REDACTED" in str(redact_value(deep))


def ended_span(**attributes: str) -> ReadableSpan:
    limits = SpanLimits(max_span_attributes=3)
    tracer = TracerProvider(resource=Resource({}), shutdown_on_exit=False, span_limits=limits).get_tracer("t")
    span = tracer.start_span(
        "GET", attributes=attributes, links=[Link(tracer.start_span("l").get_span_context())]
    )
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


@pytest.mark.parametrize("attributes", [{"a": "1"}, {}])
def test_a_span_without_secrets_is_returned_itself(attributes: dict[str, str]) -> None:
    span = ended_span(**attributes)
    assert clean_span(span) is span


def test_a_span_is_redacted_in_a_copy_which_keeps_everything_else() -> None:
    span = ended_span(a="1", b="2", c="3", d="https://h/p?k=S3CRET")
    redacted = clean_span(span)
    assert redacted.attributes == {"b": "2", "c": "3", "d": "https://h/p?REDACTED"}
    assert span.attributes is not None
    assert span.attributes["d"] == "https://h/p?k=S3CRET"
    same = ("name", "context", "parent", "kind", "links", "events", "start_time", "end_time", "resource")
    assert [getattr(redacted, name) for name in same] == [getattr(span, name) for name in same]
    assert (redacted.dropped_attributes, redacted.dropped_events, redacted.dropped_links) == (1, 0, 0)


def test_status_events_and_links_are_redacted() -> None:
    tracer = TracerProvider(resource=Resource({}), shutdown_on_exit=False).get_tracer("t")
    other = tracer.start_span("other").get_span_context()
    span = tracer.start_span("GET", links=[Link(other, {"url": "https://h/?k=S3CRET"})])
    span.record_exception(ValueError("https://h/?k=S3CRET"))
    span.set_status(Status(StatusCode.ERROR, "https://me:S3CRET@h/"))
    span.end()
    assert isinstance(span, ReadableSpan)
    redacted = clean_span(span)
    assert redacted.status.description == "https://REDACTED:REDACTED@h/"
    assert redacted.events[0].attributes is not None
    assert redacted.events[0].attributes["exception.message"] == "https://h/?REDACTED"
    assert "S3CRET" not in str(redacted.events[0].attributes)
    assert dict(redacted.links[0].attributes or {}) == {"url": "https://h/?REDACTED"}


SECRET = "password=S3CRET"
SURROGATE = "\ud800"


@pytest.mark.parametrize("text", [SECRET, SURROGATE, f"{SECRET} {SURROGATE}"])
def test_events_and_links_keep_the_count_of_attributes_that_the_limits_dropped(text: str) -> None:
    limits = SpanLimits(max_event_attributes=1, max_link_attributes=1)
    tracer = TracerProvider(resource=Resource({}), span_limits=limits, shutdown_on_exit=False).get_tracer("t")
    other = tracer.start_span("other").get_span_context()
    given = {"dropped": 1, "changed": text}
    span: Any = tracer.start_span("GET", links=[Link(other, given)])
    span.add_event("e", given)
    span.end()
    cleaned: Any = clean_span(span)
    for one, before in ((cleaned.events[0], span.events[0]), (cleaned.links[0], span.links[0])):
        assert (one is before, list(one.attributes), one.dropped_attributes) == (False, ["changed"], 1)


@pytest.mark.parametrize("text", [SECRET, SURROGATE, f"{SECRET} {SURROGATE}"])
def test_a_log_record_keeps_the_count_of_attributes_that_the_limits_dropped(text: str) -> None:
    attributes = BoundedAttributes(1, {"dropped": 1, "changed": text})
    cleaned = clean_record(ReadableLogRecord(LogRecord(attributes=attributes), Resource({})))
    assert cleaned.log_record.attributes is not None
    assert cleaned.log_record.attributes["changed"] != attributes["changed"]
    assert cleaned.dropped_attributes == 1


class Calls:
    """Counts the calls of a function that it passes on."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.count = 0

    def __call__(self, given: Any) -> Any:
        self.count += 1
        return self.function(given)


@pytest.fixture
def sanitizing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Calls]:
    def count(name: str) -> Calls:
        calls = Calls(getattr(sanitize, name))
        for module in (items, size_limits):
            monkeypatch.setattr(module, name, calls)
        return calls

    return count


def test_a_heavy_span_is_sanitized_once_and_redacted(sanitizing: Callable[[str], Calls]) -> None:
    calls = sanitizing("sanitize_span")
    span = ended_span(text="x" * (HEAVY + 1), url="https://h/p?k=S3CRET")
    queued, weight = bounded_span(span)
    cleaned = clean_span(queued)
    assert (calls.count, weight < HEAVY) == (1, True)
    assert cleaned.attributes is not None
    assert cleaned.attributes["url"] == "https://h/p?REDACTED"
    assert cleaned.resource is span.resource


def test_a_heavy_log_record_is_sanitized_once_and_redacted(sanitizing: Callable[[str], Calls]) -> None:
    calls = sanitizing("sanitize_record")
    inner = LogRecord(
        body="x" * (HEAVY + 1), attributes={"url": "https://h/p?k=S3CRET"}, severity_text="INFO"
    )
    queued, weight = bounded_record(ReadWriteLogRecord(inner))
    cleaned = clean_record(queued)
    assert (calls.count, weight < HEAVY) == (1, True)
    assert cleaned.log_record.attributes == {"url": "https://h/p?REDACTED"}
    assert cleaned.log_record.severity_text == "INFO"


def test_a_log_record_is_redacted_in_a_copy() -> None:
    inner = LogRecord(body={"url": "https://h/?k=S3CRET"}, attributes={"exception.message": "?k=S3CRET"})
    record = ReadableLogRecord(inner, Resource({}))
    redacted = clean_record(record)
    assert redacted.log_record.body == {"url": "https://h/?REDACTED"}
    assert redacted.log_record.attributes == {"exception.message": "?REDACTED"}
    assert inner.body == {"url": "https://h/?k=S3CRET"}
    plain = ReadableLogRecord(LogRecord(body="filled"), Resource({}))
    assert clean_record(plain) is plain


def test_the_name_of_an_event_is_redacted() -> None:
    span = ended_span(a="1")
    event = Event("login password=S3CRET", {"n": 1}, 7)
    found = clean_span(ReadableSpan(span.name, span.context, resource=span.resource, events=[event])).events
    assert [(one.name, one.attributes, one.timestamp) for one in found] == [
        ("login password=REDACTED", {"n": 1}, 7)
    ]
    record = clean_record(ReadableLogRecord(LogRecord(event_name="password=S3CRET", body="b"), Resource({})))
    assert (record.log_record.event_name, record.log_record.body) == ("password=REDACTED", "b")


def labels_of(**given: Any) -> dict[str, object]:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    meters.get_meter("m").create_counter("c").add(1, given)
    data = reader.get_metrics_data()
    assert data is not None
    ((_, _, metric),) = each_metric(redact_metrics(data))
    return dict(metric.data.data_points[0].attributes or {})


def test_a_redactor_sees_each_label_with_its_key_even_one_that_is_cached() -> None:
    assert labels_of(desk="Smith", other="Smith") == {"desk": "Smith", "other": "Smith"}
    extend(lambda key, text: "client" if key == "desk" else text)
    try:
        assert labels_of(desk="Smith", other="Smith") == {"desk": "client", "other": "Smith"}
    finally:
        extend(None)
    assert labels_of(desk="Smith") == {"desk": "Smith"}


def test_equal_labels_of_different_types_keep_their_types() -> None:
    assert [repr(labels_of(n=value, k="?a=S3CRET")["n"]) for value in (True, 1)] == ["True", "1"]


@pytest.mark.fault(17)
def test_a_label_may_hold_a_mapping_or_a_list_which_cannot_be_cached() -> None:
    held = {"deep": [{"url": "https://h/?k=S3CRET"}]}
    assert str(labels_of(held=held, listed=[held])).count("?REDACTED") == 2


@given(st.text(alphabet="?=&://@ abearuthoiz", max_size=200))
def test_redaction_is_idempotent(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)


def test_a_long_text_takes_linear_time() -> None:
    for piece in ("?", "://", "bearer ", "authorization=", "?a=", "://a"):
        redact_text(piece * (200_000 // len(piece)))
