"""A service that leaks a secret in each way a service can, each secret with a canary of its own."""

import base64
import logging
import os
import sys
from urllib.parse import quote

import requests
from opentelemetry import baggage, context, metrics, trace
from opentelemetry.trace import Link, Status, StatusCode

import otel_trading as ot

SINK = os.environ["SINK"]
_count = 0


def canary(shape: str = "{}") -> str:
    """Return a secret that is unique in this run, in the shape of its kind."""
    global _count
    _count += 1
    return shape.format(f"CANARY{_count:02d}X7")


def key_id() -> str:
    return canary("PK{}").ljust(20, "Q")


def jwt() -> str:
    return f"eyJhbGciOiJIUzI1NiJ9.{canary('eyJzdWIi{}Ww')}.{canary('sig{}_x')}"


def pem() -> str:
    return f"-----BEGIN RSA PRIVATE KEY-----\n{canary('MIIE{}')}\n-----END RSA PRIVATE KEY-----"


def basic() -> str:
    return "Basic " + base64.b64encode(b"user7:" + canary().encode()).decode()


telemetry = ot.configure(
    "canaries",
    exporters="otlp,prometheus",
    prometheus_port=0,
    journal=os.environ["JOURNAL"],
    pseudonym_key=canary("the key of {}"),
    log_level="debug",
    headers={"x-own-credential": canary(), "authorization": f"Bearer {canary('own{}')}"},
    resource_attributes={
        "db.password": canary(),
        "broker.account.id": canary(),
        "process.command_line": f"engine --api-key={canary()}",
    },
)
log = logging.getLogger("desk")

with ot.span(
    "request",
    {
        "http.request.header.authorization": canary(),
        "http.request.header.apca_api_key_id": canary(),
        "http.request.header.cookie": [f"session={canary()}"],
        "url.full": f"https://me:{canary()}@api.broker/v2/orders?apikey={canary()}&account_id={canary()}",
        "url.query": f"token={canary()}",
        "db.query.text": f"SELECT * FROM users WHERE password = '{canary()}' AND name = '{canary()}'",
        "http.request.body": f'{{"api_key": "{canary()}", "nested": "{{\\"secret\\": \\"{canary()}\\"}}"}}',
        "clientSecret": canary(),
        "broker.passphrase": canary(),
        "key": key_id(),
        "encoded": quote(f"api_key={canary()}&x=1"),
        "jwt": jwt(),
        "pem": pem(),
        "trading.account.id": canary(),
        "account": {"number": canary()},
        "blob": f"password={canary()}".encode(),
        "deep": {"a": {"b": [{"token": canary()}]}},
    },
    links=[Link(trace.get_current_span().get_span_context(), {"access_token": canary()})],
) as span:
    span.add_event("sent", {"authorization": canary(), "text": f"Authorization: Bearer {canary('abc{}')}"})
    span.set_status(Status(StatusCode.ERROR, f"no route to https://x:{canary()}@h/"))
    span.update_name(f"GET /v2?token={canary()}")
    context.attach(baggage.set_baggage("api_key", canary()))
    ot.event("trading.order.rejected", {"reason": f"secret_key={canary()}", "password": canary()}, body=jwt())
    metrics.get_meter("lib").create_counter("calls").add(
        1, {"url": f"https://h/?k={canary()}", "token": canary(), "account_number": canary()}
    )
    log.info("sent with APCA-API-SECRET-KEY: %s and %s", canary(), basic())
    log.info(
        "env APCA_API_SECRET_KEY=%s DB_PASSWORD=%s",
        canary(),
        canary(),
        extra={"passwd": canary(), "account": canary()},
    )
    log.info({"headers": {"Authorization": f"Bearer {canary('xyz{}')}"}})
    log.info("config %r", {"api_key": canary(), "retries": 3})

try:
    password = canary()
    raise ConnectionError(f"login failed: password='{password}', signature={canary()}")
except ConnectionError:
    log.exception("broker")

try:
    with ot.span("broker"):
        raise ValueError(f"bad token: {jwt()}")
except ValueError:
    pass

try:
    requests.get(
        f"{SINK}/v2/orders?apikey={canary()}&token={canary()}", headers={"Authorization": canary()}, timeout=5
    )
    requests.get(f"http://127.0.0.1:9/v2?apikey={canary()}", timeout=5)
except requests.RequestException as error:
    log.warning("request failed: %s", error)

trace.get_tracer("raw").start_span(
    "raw", attributes={"secret": canary(), "note": f"cookie: {canary()}"}
).end()
page = requests.get(str(telemetry.health().metrics_address), timeout=5).text
print("PAGE", page.replace("\n", " "))
print("HEALTH", telemetry.health(), repr(telemetry), telemetry.flush(20), telemetry.health().as_dict())
print("CARRIERS", _count, file=sys.stderr)
