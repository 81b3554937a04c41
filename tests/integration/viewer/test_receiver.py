"""The receiver accepts OTLP from the real exporters over both protocols, and refuses everything else."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_trading.errors import ConfigurationError
from otel_trading.ops.viewer.receiver import Receiver
from otel_trading.ops.viewer.store import Store
from tests.unit.ops.viewer.otlp import span, spans


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def receiver(store) -> Iterator[Receiver]:
    with Receiver(store) as receiver:
        yield receiver


PROGRAM = """
import logging, sys
import otel_trading as ot
telemetry = ot.configure("risk-manager", endpoint=sys.argv[1], protocol=sys.argv[2], json_logs=False)
with ot.span("order limit"):
    ot.heartbeat()
    logging.getLogger("risk").warning("near the limit")
sys.exit(not telemetry.shutdown())
"""


@pytest.mark.parametrize(("protocol", "endpoint"), [("http/protobuf", "endpoint"), ("grpc", "grpc_endpoint")])
def test_all_three_signals_arrive(store, receiver, protocol, endpoint):
    subprocess.run(
        [sys.executable, "-c", PROGRAM, getattr(receiver, endpoint), protocol], check=True, timeout=60
    )
    (span,) = next(iter(store.orders.values()))
    assert (span.service, span.name) == ("risk-manager", "order limit")
    assert [record.text for record in store.logs] == ["near the limit"]
    assert store.logs[0].trace_id == span.trace_id
    assert "trading.service.heartbeat.timestamp" in store.metric_names()


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("traces", {}, b"", 200),
        ("traces", {"Content-Encoding": "gzip"}, gzip.compress(b""), 200),
        ("traces", {}, b"\xff\xff", 400),
        ("traces", {"Content-Encoding": "gzip"}, b"no gzip", 400),
        ("traces", {"Content-Encoding": "gzip"}, gzip.compress(b"0" * (32 * 1024 * 1024 + 1)), 400),
        ("traces", {"Content-Length": "99999999999"}, b"", 413),
        ("nothing", {}, b"", 404),
        ("traces", {"Content-Type": "application/json"}, b"{}", 200),
        ("traces", {"Content-Type": "application/json"}, b"{", 400),
        ("traces", {"Origin": "https://foreign.example"}, b"", 403),
        ("traces", {"Origin": "null", "Content-Type": "text/plain"}, b"", 403),
        ("traces", {"Sec-Fetch-Site": "cross-site"}, b"", 403),
        ("traces", {"Host": "rebound.example:4318"}, b"", 403),
    ],
    ids=[
        "empty",
        "gzip",
        "not a message",
        "not gzip",
        "too long when unzipped",
        "too long",
        "unknown path",
        "json",
        "not json",
        "from a page",
        "from a sandboxed page",
        "from another site",
        "under a foreign name",
    ],
)
def test_each_kind_of_request_gets_its_status(receiver, store, path, headers, body, status):  # noqa: PLR0917
    answer = requests.post(f"{receiver.endpoint}/v1/{path}", data=body, headers=headers, timeout=20)
    assert answer.status_code == status
    assert (store.refused.total() == 1) is (status != 200)


def test_a_chunked_body_is_accepted(receiver, store):
    body = gzip.compress(ExportTraceServiceRequest(resource_spans=spans(span(1, 1))).SerializeToString())
    chunks = (body[at : at + 7] for at in range(0, len(body), 7))
    headers = {"Content-Encoding": "gzip"}
    answer = requests.post(f"{receiver.endpoint}/v1/traces", data=chunks, headers=headers, timeout=20)
    assert (answer.status_code, store.received["spans"]) == (200, 1)


def test_a_chunked_body_is_bounded(receiver):
    with socket.create_connection(
        ("127.0.0.1", int(receiver.endpoint.rpartition(":")[2])), timeout=20
    ) as raw:
        head = "POST /v1/traces HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"
        raw.sendall(head.format(receiver.endpoint.removeprefix("http://")).encode())
        assert b"413" in raw.recv(100)


def test_a_grpc_request_that_is_not_otlp_is_an_invalid_argument(receiver, store):
    with grpc.insecure_channel(receiver.grpc_endpoint.removeprefix("http://")) as channel:
        call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
        with pytest.raises(grpc.RpcError) as refused:
            call(b"\xff\xff", timeout=20)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert store.refused == {"not OTLP": 1}


@pytest.mark.parametrize("option", ["http", "grpc"])
def test_a_taken_port_is_named_with_the_option_for_another(store, receiver, option):
    url = receiver.endpoint if option == "http" else receiver.grpc_endpoint
    port = int(url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"port {port} of 127.0.0.1 is taken.*--otlp-{option}"):
        Receiver(store, **{f"{option}_port": port})


def test_the_ports_are_free_again_afterwards(store):
    with Receiver(store) as receiver:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{receiver.endpoint}/v1/traces", timeout=20)
