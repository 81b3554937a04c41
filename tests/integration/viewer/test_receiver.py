"""The receiver takes OTLP from the real exporters, over both protocols, and refuses what is none."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from otel_trading.viewer.receiver import Receiver
from otel_trading.viewer.store import Store


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
    ],
    ids=["empty", "gzip", "no message", "no gzip", "too long when unzipped", "too long", "no signal"],
)
def test_a_request_is_answered_by_what_it_is(receiver, path, headers, body, status):
    answer = requests.post(f"{receiver.endpoint}/v1/{path}", data=body, headers=headers, timeout=20)
    assert answer.status_code == status


def test_the_ports_are_free_again_afterwards(store):
    with Receiver(store) as receiver:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{receiver.endpoint}/v1/traces", timeout=20)
