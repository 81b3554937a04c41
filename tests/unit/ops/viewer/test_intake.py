"""Requests are decoded, journaled within the bound of the file, and restored after a restart."""

from __future__ import annotations

import json
import sqlite3

import pytest
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_trading.errors import ConfigurationError
from otel_trading.ops.viewer import otlp_json
from otel_trading.ops.viewer.intake import Intake
from otel_trading.ops.viewer.request_file import RequestFile
from otel_trading.ops.viewer.store import Store
from tests.unit.ops.viewer.otlp import log, span, spans

JSON_SPAN = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "5b8efff798038103d269b633813fc60c",
                            "spanId": "eee19b7ec3c1b174",
                            "name": "checkout",
                            "kind": 2,
                            "startTimeUnixNano": "1544712660000000000",
                            "endTimeUnixNano": "1544712661000000000",
                            "attributes": [{"key": "n", "value": {"intValue": "7"}}],
                            "fieldOfALaterVersion": 1,
                        }
                    ]
                }
            ],
        }
    ]
}


def traces(number: int) -> bytes:
    return ExportTraceServiceRequest(resource_spans=spans(span(number, number))).SerializeToString()


def test_json_is_decoded_as_the_protocol_defines_it():
    store = Store()
    intake = Intake(store)
    intake.add(intake.routes["/v1/traces"], json.dumps(JSON_SPAN).encode(), is_json=True)
    (found,) = store.trace("5b8efff798038103d269b633813fc60c")
    assert (found.service, found.name, found.span_id) == ("web", "checkout", "eee19b7ec3c1b174")
    assert (found.attributes, found.duration_ns) == ({"n": 7}, 1_000_000_000)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no json",
        b"[]",
        b"7",
        b'{"resourceSpans": 1}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}',
        b"[" * 100_000,
    ],
)
def test_json_that_is_not_otlp_is_a_decode_error(text):
    with pytest.raises(DecodeError):
        otlp_json.parse(text, ExportTraceServiceRequest())


def test_a_body_that_is_not_a_request_is_neither_stored_nor_journaled(tmp_path):
    store = Store()
    with RequestFile(tmp_path / "view.db") as journal:
        intake = Intake(store, journal)
        with pytest.raises(DecodeError):
            intake.add(intake.routes["/v1/traces"], b"\xff\xff")
        assert (list(journal), store.is_empty()) == ([], True)


def test_a_restart_restores_all_requests_in_their_order(tmp_path):
    path = tmp_path / "view.db"
    with RequestFile(path) as journal:
        intake = Intake(Store(), journal)
        intake.add(intake.routes["/v1/traces"], traces(1))
        intake.add(intake.routes["/v1/traces"], json.dumps(JSON_SPAN).encode(), is_json=True)
        intake.add(
            intake.routes["/v1/logs"], ExportLogsServiceRequest(resource_logs=log(1)).SerializeToString()
        )
    store = Store()
    with RequestFile(path) as journal:
        Intake(store, journal).replay()
    assert [trace[0].name for trace in store.traces.values()] == ["s", "checkout"]
    assert len(store.logs) == 1


def test_the_file_is_bounded_and_drops_the_oldest_requests(tmp_path):
    path, size = tmp_path / "view.db", len(traces(1))
    with RequestFile(path, max_bytes=10 * size) as journal:
        for number in range(1, 200):
            journal.add("/v1/traces", traces(number))
        kept = [body for _, body in journal]
    assert kept == [traces(number) for number in range(190, 200)]
    with RequestFile(
        path, max_bytes=10 * size
    ) as journal:  # the bound includes the requests of an earlier process
        journal.add("/v1/traces", traces(200))
        assert len(list(journal)) == 10


def test_the_file_on_disk_stops_growing(tmp_path):
    path, body = tmp_path / "view.db", b"x" * 10_000
    sizes = []
    with RequestFile(path, max_bytes=100_000) as journal:
        for _ in range(3):
            for _ in range(500):
                journal.add("/v1/logs", body)
            sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
    assert sizes[-1] == sizes[1] < 8_000_000


def test_a_database_of_another_program_is_named(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(ConfigurationError, match="is not a file of the viewer: name a new file"):
        RequestFile(path)


@pytest.mark.parametrize("kind", ["text", "folder", "missing folder"])
def test_a_file_that_cannot_be_used_is_named(tmp_path, kind):
    path = {"text": tmp_path / "a.txt", "folder": tmp_path, "missing folder": tmp_path / "no" / "view.db"}[
        kind
    ]
    if kind == "text":
        path.write_text("no database, but a text that is long enough to be taken for one" * 10)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        RequestFile(path)


def test_a_file_that_another_viewer_has_open_is_named(tmp_path):
    with (
        RequestFile(tmp_path / "view.db"),
        pytest.raises(ConfigurationError, match="no other viewer has open"),
    ):
        RequestFile(tmp_path / "view.db")
