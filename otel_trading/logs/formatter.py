"""One log record as a line of JSON, for log shippers and people."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import format_span_id, format_trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import ReadableLogRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EXCEPTION: Final = ("type", "message", "stacktrace")


def format_line(record: ReadableLogRecord) -> str:
    """Return a log record as one line of JSON.

    The keys in their order: timestamp (ISO 8601, UTC, microseconds), level, service, environment, instance,
    logger, event, message, trace_id, span_id, attributes, exception. A key without a value is left out.
    Control characters, line breaks and all characters outside ASCII are escaped, so that no text can forge a
    second line (CWE-117).

    Args:
        record: A record of the SDK.

    Returns:
        The line, with its line break.
    """
    log = record.log_record
    attributes = dict(log.attributes or {})
    exception = {key: attributes.pop(f"exception.{key}", None) for key in _EXCEPTION}
    line = {
        "timestamp": _iso(log.timestamp or log.observed_timestamp or 0),
        "level": log.severity_text or None,
        **_resource(record),
        "logger": record.instrumentation_scope.name if record.instrumentation_scope else None,
        "event": log.event_name or None,
        "message": log.body,
        "trace_id": format_trace_id(log.trace_id) if log.trace_id else None,
        "span_id": format_span_id(log.span_id) if log.span_id else None,
        "attributes": attributes or None,
        "exception": {key: value for key, value in exception.items() if value is not None} or None,
    }
    return json.dumps({key: value for key, value in line.items() if value is not None}, default=str) + "\n"


def _resource(record: ReadableLogRecord) -> dict[str, Any]:
    attributes = record.resource.attributes
    return {
        "service": attributes.get("service.name"),
        "environment": attributes.get("deployment.environment.name"),
        "instance": attributes.get("service.instance.id"),
    }


def _iso(nanoseconds: int) -> str:
    moment = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
