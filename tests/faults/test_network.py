"""Faults of the network and of the endpoint (entries 50 to 59): no call blocks, and each item is accounted for."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from threading import Event, Thread

import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import otel_trading as ot
from otel_trading import _losses, tracing
from otel_trading.pipeline.deliver.otlp_grpc import GrpcWire
from otel_trading.pipeline.deliver.otlp_http import HttpWire, retry_after
from otel_trading.pipeline.deliver.tls import Credentials
from otel_trading.tracing.fast.deferred import LIMIT
from tools.faults.endpoint import Endpoint, Mode, blackhole, grpc_endpoint, refused

WIRES = {"grpc": GrpcWire, "http/protobuf": HttpWire}
UNREACHABLE = (
    pytest.param(refused, id="refused"),
    pytest.param(blackhole, id="blackhole"),
)


def spans(pipeline, count: int, **attributes: object) -> None:
    for number in range(count):
        pipeline.tracer.start_span(f"span {number}", attributes=attributes).end()


def assert_spans_wait_until_the_endpoint_recovers(pipeline, endpoint: Endpoint, count: int) -> None:
    """Assert that spans wait while the endpoint answers badly, and are delivered once it answers well."""
    spans(pipeline, count)
    assert not pipeline.flush(0.3)
    assert pipeline.account("traces") == (count, 0, {}, count)
    endpoint.mode = Mode()
    assert pipeline.flush()
    assert pipeline.account("traces") == (count, count, {}, 0)


def records(pipeline, count: int, name: str = "") -> None:
    for number in range(count):
        pipeline.logger.emit(body=f"record {number}", event_name=name)


def exported(endpoint: Endpoint) -> dict[str, int]:
    """Return the counts of spans in the last exported metrics: delivered by exporter, and lost by reason."""
    *_, metric = (one for one in endpoint.metrics if one.name == "otel.sdk.exporter.span.exported")
    return {point.attributes[-1].value.string_value: point.as_int for point in metric.sum.data_points}


@pytest.mark.fault(52)
@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
@pytest.mark.parametrize("unreachable", UNREACHABLE)
def test_an_unreachable_endpoint_loses_no_span_and_health_reports_the_error(
    pipelines, unreachable, protocol
) -> None:
    with unreachable() as url:
        pipeline = pipelines(url, protocol, export_timeout=0.3)
        spans(pipeline, 3)
        assert not pipeline.flush(0.8)
        assert pipeline.account("traces") == (3, 0, {}, 3)
        assert pipeline.route("traces").health().last_error


@pytest.mark.fault(52)
@pytest.mark.parametrize(
    "mode", [Mode(hangs=True), Mode(resets=True), Mode(status="UNAVAILABLE")], ids=["hangs", "resets", "503"]
)
def test_spans_that_an_endpoint_did_not_accept_are_sent_again(pipelines, endpoint, mode) -> None:
    if endpoint.protocol == "http/protobuf" and mode.status == "UNAVAILABLE":
        mode = Mode(status=503)
    endpoint.mode = (
        mode if endpoint.protocol == "http/protobuf" or not mode.resets else Mode(status="ABORTED")
    )
    pipeline = pipelines(endpoint.url, endpoint.protocol, export_timeout=0.2)
    spans(pipeline, 5)
    assert not pipeline.flush(0.4)
    endpoint.mode = Mode()
    endpoint.released.set()
    assert pipeline.flush()
    assert [span.name for span in endpoint.spans][-5:] == [f"span {number}" for number in range(5)]
    assert pipeline.account("traces") == (5, 5, {}, 0)


@pytest.mark.fault(52)
def test_a_slow_answer_is_waited_for(pipelines, endpoint) -> None:
    endpoint.mode = Mode(delay=0.3)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 2)
    assert pipeline.flush()
    assert pipeline.account("traces") == (2, 2, {}, 0)


@pytest.mark.fault(50, 51)
@pytest.mark.parametrize("mode", [Mode(hangs=True), Mode(status=503)], ids=["hangs", "503"])
def test_flush_and_close_keep_their_deadline_and_report_undelivered_items(pipelines, endpoint, mode) -> None:
    endpoint.mode = mode if endpoint.protocol == "http/protobuf" or mode.hangs else Mode(status="UNAVAILABLE")
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 600)
    records(pipeline, 600)
    pipeline.meter.create_counter("c").add(1)
    began = time.monotonic()
    assert not pipeline.flush(0.3)
    assert not pipeline.close(0.3)
    pipeline.close(0.3)
    assert time.monotonic() - began < 20  # raw OpenTelemetry: 36 to 51 s
    for signal in ("traces", "logs"):
        assert pipeline.account(signal) == (600, 0, {"shutdown_timeout": 600}, 0)
    produced, delivered, dropped, waiting = pipeline.account("metrics")
    assert (delivered, sum(dropped.values()), waiting) == (0, produced, 0)


@pytest.mark.fault(53)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("1e99", 60.0),
        ("99999999999999999999", 60.0),
        ("-5", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 01 Jan 1999 00:00:00 GMT", None),
        ("Fri, 01 Jan 2199 00:00:00 GMT", 60.0),
        ("Fri, 99 Foo 2199 00:00:00 GMT", None),
        ("Fri, 01 Jan 2199 00:00:00 +99999999999999", None),
    ],
)
def test_a_retry_after_is_bounded(given: str | None, expected: float | None) -> None:
    assert retry_after(given) == expected


@pytest.mark.fault(53)
def test_a_retry_after_may_be_a_date() -> None:
    moment = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=20), usegmt=True)
    assert 15 < (retry_after(moment) or 0) <= 20


@pytest.mark.fault(53)
@pytest.mark.parametrize("pause", ["1", "-7", "99999999999"])
def test_an_endpoint_that_requests_a_pause_gets_the_items_after_it(pipelines, endpoint, pause) -> None:
    throttled = {"grpc": "RESOURCE_EXHAUSTED", "http/protobuf": 429}[endpoint.protocol]
    endpoint.mode = Mode(status=throttled, retry_after=pause)
    pipeline = pipelines(endpoint.url, endpoint.protocol, span_delay=0.01)
    spans(pipeline, 2)
    endpoint.wait_for(lambda: "traces" in endpoint.requests)
    endpoint.mode = Mode()
    if pause == "1":
        endpoint.wait_for(lambda: len(endpoint.spans) == 2)
        assert endpoint.moments[1] - endpoint.moments[0] > 0.9
    assert pipeline.flush()
    assert pipeline.account("traces") == (2, 2, {}, 0)


@pytest.mark.fault(54)
@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "INVALID_ARGUMENT", "refused"),
        (404, "UNIMPLEMENTED", "refused"),
        (401, "UNAUTHENTICATED", "credential"),
        (403, "PERMISSION_DENIED", "credential"),
    ],
)
def test_a_refused_request_is_not_repeated_and_a_missing_credential_is_reported(
    pipelines, endpoint, status, code, reason
) -> None:
    endpoint.mode = Mode(status=code if endpoint.protocol == "grpc" else status)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 3)
    assert not pipeline.flush()
    assert endpoint.requests.count("traces") == 1
    assert pipeline.account("traces") == (3, 0, {reason: 3}, 0)
    assert ("credential" in (pipeline.route("traces").health().last_error or "")) == (reason == "credential")


@pytest.mark.fault(54)
def test_a_batch_that_the_endpoint_finds_too_large_is_sent_in_parts(pipelines, endpoint) -> None:
    endpoint.mode = Mode(largest=4000)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 40, note="x" * 500)
    spans(pipeline, 1, note="y" * 5000)
    assert not pipeline.flush()
    assert pipeline.account("traces") == (41, 40, {"too_large": 1}, 0)
    assert len(endpoint.spans) == 40


@pytest.mark.fault(54)
def test_metrics_that_are_too_large_are_split_down_to_single_points(pipelines, endpoint) -> None:
    endpoint.mode = Mode(largest=4000)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    counter = pipeline.meter.create_counter("orders")
    for number in range(300):
        counter.add(1, {"symbol": f"S{number}"})
    assert pipeline.flush()
    points = [
        point for metric in endpoint.metrics if metric.name == "orders" for point in metric.sum.data_points
    ]
    assert [point.as_int for point in points] == [1] * 300
    produced, delivered, dropped, waiting = pipeline.account("metrics")
    assert (produced, dropped, waiting) == (delivered, {}, 0)


@pytest.mark.fault(55)
def test_items_that_a_partial_success_rejected_are_counted(pipelines, endpoint) -> None:
    endpoint.mode = Mode(rejected=2)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 5)
    records(pipeline, 5)
    assert not pipeline.flush()
    for signal in ("traces", "logs"):
        assert pipeline.account(signal) == (5, 3, {"rejected": 2}, 0)
    assert "too old" in (pipeline.route("logs").health().last_error or "")


GIANT = b"\x7a\xc0\x84\x3d" + b"\x00" * 1_000_000
"""A protobuf message with one large field, number 15, that OTLP does not define."""


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    "mode",
    [
        Mode(body=b"<html>please log in</html>", content_type="text/html; charset=utf-8"),
        Mode(body=b"<html>please log in</html>"),
        Mode(body=b"", content_type="text/plain"),
        Mode(body=GIANT),
    ],
    ids=["html", "html labelled as protobuf", "empty", "giant"],
)
def test_an_answer_with_status_200_that_is_not_otlp_is_a_failure(pipelines, http, mode) -> None:
    http.mode = mode
    pipeline = pipelines(http.url)
    assert_spans_wait_until_the_endpoint_recovers(pipeline, http, 2)
    assert len(http.spans) == 2  # delivered once, by the last of several requests


@pytest.mark.fault(52, 56)
def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_beyond_the_timeout() -> None:
    served: list[bytes] = []

    def drip(server: socket.socket) -> None:
        client, _ = server.accept()
        with client, suppress(OSError):
            client.recv(65536)
            client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 3000\r\n\r\n"
            )
            while len(served) < 3000:
                client.sendall(b"a")
                served.append(b"a")
                answered.wait(0.01)

    answered = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=drip, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"
        answer = HttpWire("traces", url, {}, Credentials(), "none").send(b"request", 0.2)
        answered.set()
        thread.join(60)
    assert "very slow answer" in answer.reason
    assert len(served) < 3000


@pytest.mark.fault(56)
@pytest.mark.parametrize("body", [b"<html>", b"\x00" * 10_000_000], ids=["html", "giant"])
def test_a_grpc_answer_that_is_not_otlp_is_a_failure_and_splits_no_batch(pipelines, body) -> None:
    with grpc_endpoint() as grpc:
        grpc.mode = Mode(body=body)
        pipeline = pipelines(grpc.url, "grpc")
        assert_spans_wait_until_the_endpoint_recovers(pipeline, grpc, 8)


@pytest.mark.fault(5)
@pytest.mark.parametrize("headers", [{"x-key": "ключ"}, {"ключ": "x"}, {"x-key": "a\nb"}])
def test_an_invalid_header_is_reported_and_the_spans_are_counted_as_lost(pipelines, http, headers) -> None:
    pipeline = pipelines(http.url, headers=headers)
    spans(pipeline, 2)
    assert not pipeline.flush()
    assert pipeline.account("traces") == (2, 0, {"refused": 2}, 0)
    assert "the request is invalid: " in pipeline.route("traces").health().last_error


@pytest.mark.fault(56)
def test_a_redirect_is_not_followed(pipelines, http) -> None:
    http.mode = Mode(status=302)
    pipeline = pipelines(http.url)
    spans(pipeline, 2)
    assert not pipeline.flush()
    assert pipeline.account("traces") == (2, 0, {"refused": 2}, 0)


@pytest.mark.fault(57)
def test_after_an_outage_all_audit_events_arrive_and_evicted_records_are_counted(pipelines, endpoint) -> None:
    endpoint.mode = Mode(status="UNAVAILABLE" if endpoint.protocol == "grpc" else 503)
    pipeline = pipelines(endpoint.url, endpoint.protocol, log_queue_size=50, log_batch_size=10)
    for _ in range(10):
        records(pipeline, 4, "trading.order.filled")
        records(pipeline, 96)
    endpoint.mode = Mode()
    pipeline.flush()
    produced, delivered, dropped, waiting = pipeline.account("logs")
    assert (produced, waiting) == (1000, 0)
    assert delivered + dropped["queue_full"] == 1000
    assert len([one for one in endpoint.records if one.event_name == "trading.order.filled"]) == 40


@pytest.mark.fault(59)
def test_a_batch_above_the_limit_of_the_protocol_is_split_before_it_is_sent(pipelines, endpoint) -> None:
    pipeline = pipelines(endpoint.url, endpoint.protocol, queue_bytes=2**28, span_batch_size=2000)
    spans(pipeline, 400, note="x" * 30_000)
    assert pipeline.flush(60)
    assert pipeline.account("traces") == (400, 400, {}, 0)
    assert endpoint.requests.count("traces") > 1


@pytest.mark.fault(59)
def test_a_request_is_not_larger_than_the_limit_of_the_protocol(pipelines, endpoint, monkeypatch) -> None:
    monkeypatch.setattr(WIRES[endpoint.protocol], "largest", 4000)
    pipeline = pipelines(endpoint.url, endpoint.protocol)
    spans(pipeline, 40, note="x" * 500)
    assert pipeline.flush()
    assert pipeline.account("traces") == (40, 40, {}, 0)
    assert endpoint.requests.count("traces") > 5


@pytest.mark.fault(52, 59)
def test_the_spans_that_wait_for_an_endpoint_are_bounded_in_bytes(pipelines) -> None:
    with refused() as url:
        pipeline = pipelines(url, queue_bytes=2**20, export_timeout=0.2)
        for _ in range(200):
            pipeline.tracer.start_span("s", attributes={"blob": "x" * 1_000_000}).end()
        produced, delivered, dropped, waiting = pipeline.account("traces")
        assert (produced, delivered) == (200, 0)
        assert dropped["queue_full"] + waiting == 200
        assert waiting * 32_000 < 2**20


@pytest.mark.fault(52, 55)
def test_the_account_is_exported_as_metrics(pipelines, http) -> None:
    http.mode = Mode(rejected=2)
    pipeline = pipelines(http.url)
    spans(pipeline, 5)
    pipeline.flush()
    http.mode = Mode()
    http.accepted.clear()
    assert pipeline.flush()
    assert exported(http) == {"otlp": 3, "rejected": 2}


class Blocking(SpanProcessor):
    """A processor that blocks until the test sets `done`."""

    def __init__(self) -> None:
        self.began, self.done = Event(), Event()

    def on_end(self, span: ReadableSpan) -> None:
        self.began.set()
        self.done.wait(60)


@pytest.mark.fault(42)
def test_spans_that_found_the_deferred_queue_full_are_part_of_the_account(pipelines, http) -> None:
    _losses.add("traces", "deferred_queue_full", 5)  # counted by an earlier pipeline
    pipeline = pipelines(http.url, span_queue_size=2 * LIMIT, queue_bytes=2**28)
    provider, blocking = pipeline.providers.by_signal["traces"], Blocking()
    provider.add_span_processor(blocking)
    tracing.attach(provider, "test", defer=True)
    with ot.span("held up"):
        pass
    blocking.began.wait(60)
    for _ in range(LIMIT + 3):
        with ot.span("s"):
            pass
    blocking.done.set()
    assert tracing.flush(30)
    assert pipeline.flush()
    assert pipeline.account("traces") == (LIMIT + 4, LIMIT + 1, {"deferred_queue_full": 3}, 0)
    assert pipeline.flush()
    assert exported(http) == {"otlp": LIMIT + 1, "deferred_queue_full": 3}
