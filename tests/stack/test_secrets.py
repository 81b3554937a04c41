"""A secret that a sender did not redact reaches no backend, in any signal."""

from __future__ import annotations

import json

import pytest
import requests

from tests.stack import otlp
from tools.drills.running import RunningStack, poll_until

SERVICE = "careless"
BY_KEY = {
    "http.request.header.authorization": "planted-01",
    "db.password": "planted-02",
    "broker.api_key": "planted-03",
    "broker.api-secret-key": "planted-04",
    "session_token": "planted-05",
    "Cookie": "planted-06",
    "aws.credentials": "planted-07",
    "broker.account_number": "planted-08",
    "account.id": "planted-09",
    "API_KEY": "planted-10",
    "private_key": "planted-11",
    "brokerAccountId": "planted-12",
}
BY_VALUE = {
    "Authorization: Bearer planted-21.abc-def": "planted-21",
    "basic cGxhbnRlZC0yMjpzZWNyZXQ=": "cGxhbnRlZC0yMjpzZWNyZXQ",
    "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl": "eyJzdWIiOiJwbGFudGVkIn0",
    "key AKIAPLANTED000000023": "AKIAPLANTED000000023",
    "key PKPLANTED00000000024": "PKPLANTED00000000024",
    "https://planted-25:pw@broker.example.com/v2": "planted-25",
    "login with password=planted-26 failed": "planted-26",
    'body {"token": "planted-27"}': "planted-27",
    "account number: planted-28 is blocked": "planted-28",
    "-----BEGIN RSA PRIVATE KEY----- cGxhbnRlZC0yOQ": "cGxhbnRlZC0yOQ",
}
SECRETS = [*BY_KEY.values(), *BY_VALUE.values()]
HARMLESS = {
    "trading.order.id": "o-77",
    "note": "the tokenizer passed a basic check of the account",
    "trading.account.id": "acct-0123456789ab",
    "cloud.account.id": "111122223333",
    "account_note": "account: paper",
}

pytestmark = pytest.mark.usefixtures("_sent")


def planted() -> dict[str, str]:
    return {**BY_KEY, **{f"text.{n}": text for n, text in enumerate(BY_VALUE)}, **HARMLESS}


@pytest.fixture(scope="module")
def trace_id() -> str:
    return otlp.new_trace_id()


@pytest.fixture(scope="module")
def _sent(stack: RunningStack, trace_id: str) -> None:
    spans = [
        otlp.span(trace_id, "careless", planted(), error=text, events={"event": planted()})
        for text in BY_VALUE
    ]
    stack.send("traces", otlp.traces(spans, SERVICE, planted()))
    records = [otlp.record(text, planted(), trace_id) for text in BY_VALUE]
    stack.send("logs", otlp.logs(records, SERVICE, planted()))
    stack.send("metrics", otlp.counter("careless.calls", 1, SERVICE, planted()))
    lines = [
        {
            "level": "INFO",
            "logger": "x",
            "service": SERVICE,
            "message": text,
            "attributes": planted(),
            "timestamp": "2026-01-01T00:00:00.000001Z",
        }
        for text in BY_VALUE
    ]
    stack.log_folder.mkdir(parents=True, exist_ok=True)
    with (stack.log_folder / "careless.log").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def assert_clean(stored: object) -> None:
    text = json.dumps(stored)
    assert [secret for secret in SECRETS if secret in text] == []
    for harmless in HARMLESS.values():
        assert harmless in text


def test_jaeger_has_none(stack, trace_id):
    trace = poll_until("the trace is in Jaeger", lambda: stack.jaeger.trace(trace_id))
    assert len(trace["spans"]) == len(BY_VALUE)
    assert_clean(trace)


def test_elasticsearch_has_none(stack):
    def documents() -> list[dict[str, object]] | None:
        found = stack.documents({"term": {"service.name": SERVICE}})
        return found if len(found) == 2 * len(BY_VALUE) else None

    assert_clean(poll_until("the records are in Elasticsearch", documents))


def test_prometheus_has_none(stack):
    found = poll_until("the series is there", lambda: stack.prometheus.query("careless_calls_total"))
    assert_clean(found)
    names = requests.get(f"{stack.prometheus.url}/api/v1/label/__name__/values", timeout=10).json()["data"]
    assert [secret for secret in SECRETS if secret in " ".join(names)] == []
