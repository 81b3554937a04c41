"""OTLP as JSON, written by hand, as another sender than this SDK may send it."""

from __future__ import annotations

import secrets
import time
from typing import Any


def new_trace_id() -> str:
    return secrets.token_hex(16)


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(given)} for key, given in values.items()]


def value(given: Any) -> dict[str, Any]:
    if isinstance(given, bool):
        return {"boolValue": given}
    if isinstance(given, int):
        return {"intValue": str(given)}
    if isinstance(given, float):
        return {"doubleValue": given}
    return {"stringValue": str(given)}


def span(
    trace_id: str,
    name: str = "process quote",
    given: dict[str, Any] | None = None,
    *,
    nanoseconds: int = 1_000,
    error: str | None = None,
    events: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    end = time.time_ns()
    status = {} if error is None else {"status": {"code": 2, "message": error}}
    return {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(end - nanoseconds),
        "endTimeUnixNano": str(end),
        "attributes": attributes(given or {}),
        "events": [
            {"name": event, "timeUnixNano": str(end), "attributes": attributes(values)}
            for event, values in (events or {}).items()
        ],
        **status,
    }


def traces(spans: list[dict[str, Any]], service: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    scope = [{"scope": {"name": "test"}, "spans": spans}]
    return {"resourceSpans": [{"resource": resource(service, more), "scopeSpans": scope}]}


def record(body: str, given: dict[str, Any] | None = None, trace_id: str = "") -> dict[str, Any]:
    return {
        "timeUnixNano": str(time.time_ns()),
        "severityText": "INFO",
        "severityNumber": 9,
        "body": {"stringValue": body},
        "traceId": trace_id,
        "attributes": attributes(given or {}),
    }


def logs(records: list[dict[str, Any]], service: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    scope = [{"scope": {"name": "test"}, "logRecords": records}]
    return {"resourceLogs": [{"resource": resource(service, more), "scopeLogs": scope}]}


def counter(name: str, count: int, service: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
    point = {
        "asInt": str(count),
        "timeUnixNano": str(time.time_ns()),
        "startTimeUnixNano": str(time.time_ns() - 10**9),
        "attributes": attributes(given or {}),
    }
    total = {"isMonotonic": True, "aggregationTemporality": 2, "dataPoints": [point]}
    scope = [{"scope": {"name": "test"}, "metrics": [{"name": name, "sum": total}]}]
    return {"resourceMetrics": [{"resource": resource(service), "scopeMetrics": scope}]}


def resource(service: str, more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"attributes": attributes({"service.name": service, **(more or {})})}
