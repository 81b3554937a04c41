"""The leaks of `canaries.py` that work without our SDK, through OpenTelemetry alone."""

import logging
import os
import sys

import requests
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.trace import Status, StatusCode

from tools.faults.measured import Raw

_count = 0


def canary() -> str:
    """Return a secret that is unique in this run."""
    global _count
    _count += 1
    return f"CANARY{_count:02d}X7"


raw = Raw()
RequestsInstrumentor().instrument(tracer_provider=raw.providers[0])
names = (
    "http.request.header.authorization",
    "http.request.header.cookie",
    "db.query.text",
    "broker.passphrase",
    "token",
    "note",
)
with raw.tracer.start_as_current_span(
    "request", attributes={name: f"password={canary()}" for name in names}
) as span:
    span.add_event("sent", {"authorization": canary()})
    span.set_status(Status(StatusCode.ERROR, f"https://x:{canary()}@h/"))
    raw.event("trading.order.rejected", secret=canary(), password=canary())
    raw.counter.add(1, {"token": canary()})
    log = logging.getLogger("desk")
    log.warning("APCA-API-SECRET-KEY: %s", canary())
    log.warning("x", extra={"passwd": canary()})
    try:
        requests.get(f"{os.environ['SINK']}/v2?apikey={canary()}&token={canary()}", timeout=5)
    except requests.RequestException as error:
        log.warning("request failed: %s", error)
raw.shutdown()
print("CARRIERS", _count, file=sys.stderr)
