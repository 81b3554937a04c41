"""The SDK's encoder of log records from a private module, and a fallback that uses public protobuf types.

The encoders of spans and of metrics are public: `opentelemetry.exporter.otlp.proto.common.trace_encoder` and
`metrics_encoder`. The encoder of log records is in `_log_encoder`. A release that makes it public is expected
to call its module `log_encoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.sdk import resources
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.util import instrumentation

Encode = Callable[[Sequence[ReadableLogRecord]], bytes]
"""Returns one encoded `ExportLogsServiceRequest`; raises any exception if a record cannot be encoded."""

_PACKAGE: Final = "opentelemetry.exporter.otlp.proto.common"


def encode_with_protobuf(records: Sequence[ReadableLogRecord]) -> bytes:
    """Encode log records with the public protobuf types of `opentelemetry-proto`.

    Args:
        records: Their attributes and bodies have been sanitized.

    Returns:
        One encoded `ExportLogsServiceRequest`.

    Raises:
        TypeError: A value has a type that OTLP does not have.
    """
    by_origin: dict[Any, dict[Any, list[logs_pb2.LogRecord]]] = {}
    for record in records:
        scopes = by_origin.setdefault(record.resource, {})
        scopes.setdefault(record.instrumentation_scope, []).append(_record(record))
    encoded = [
        logs_pb2.ResourceLogs(
            resource=Resource(attributes=_attributes(resource.attributes)),
            scope_logs=[_scope_logs(scope, group) for scope, group in scopes.items()],
            schema_url=resource.schema_url,
        )
        for resource, scopes in by_origin.items()
    ]
    return ExportLogsServiceRequest(resource_logs=encoded).SerializeToString()


def _scope_logs(scope: Any, records: list[logs_pb2.LogRecord]) -> logs_pb2.ScopeLogs:
    if scope is None:
        return logs_pb2.ScopeLogs(scope=InstrumentationScope(), log_records=records)
    encoded = InstrumentationScope(
        name=scope.name, version=scope.version, attributes=_attributes(scope.attributes)
    )
    return logs_pb2.ScopeLogs(scope=encoded, log_records=records, schema_url=scope.schema_url)


def _record(readable: ReadableLogRecord) -> logs_pb2.LogRecord:
    record = readable.log_record
    severity: Any = getattr(record.severity_number, "value", 0)
    return logs_pb2.LogRecord(
        time_unix_nano=record.timestamp or 0,
        observed_time_unix_nano=record.observed_timestamp,
        span_id=record.span_id.to_bytes(8, "big") if record.span_id else b"",
        trace_id=record.trace_id.to_bytes(16, "big") if record.trace_id else b"",
        flags=int(record.trace_flags or 0),
        body=_value(record.body),
        severity_text=record.severity_text or "",
        severity_number=severity,
        attributes=_attributes(record.attributes),
        dropped_attributes_count=readable.dropped_attributes,
        event_name=record.event_name or "",
    )


def _attributes(given: Mapping[str, Any] | None) -> list[KeyValue]:
    return [KeyValue(key=str(key), value=_value(value)) for key, value in (given or {}).items()]


def _value(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    # the order matters: a bool is an int, and a str is a sequence
    for kind, field in ((bool, "bool"), (str, "string"), (int, "int"), (float, "double"), (bytes, "bytes")):
        if isinstance(value, kind):
            given: dict[str, Any] = {f"{field}_value": value}
            return AnyValue(**given)
    if isinstance(value, Sequence):
        return AnyValue(array_value=ArrayValue(values=list(map(_value, value))))
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_attributes(value)))
    raise TypeError(f"OTLP has no type for {type(value).__name__}")


def probe(encode: Encode) -> bool:
    """Return whether an encoder returns the same bytes for a record as this module's own encoder.

    Args:
        encode: The encoder of the installed release. It may raise anything.
    """
    record = LogRecord(
        timestamp=1,
        observed_timestamp=2,
        severity_text="INFO",
        severity_number=SeverityNumber.INFO,
        body="filled",
        attributes={"trading.symbol": "IBM", "depths": (1, 2), "mid": 182.1},
        event_name="trading.order.filled",
    )
    scope = instrumentation.InstrumentationScope("probe", "1")
    records = [ReadableLogRecord(record, resources.Resource({"service.name": "probe"}), scope)]
    try:
        return encode(records) == encode_with_protobuf(records)
    except Exception:  # noqa: BLE001 - an unknown release may fail in any way
        return False


def log_encoder() -> Encode:
    """Return the SDK's encoder of log records if the installed release has it and it passes the probe.

    Returns:
        `encode_with_protobuf` otherwise.
    """
    for name in ("log_encoder", "_log_encoder"):
        try:
            encode_logs = import_module(f"{_PACKAGE}.{name}").encode_logs
        except (ImportError, AttributeError):
            continue
        encode = _serialized(encode_logs)
        if probe(encode):
            return encode
    return encode_with_protobuf


def _serialized(encode_logs: Callable[[Sequence[ReadableLogRecord]], Any]) -> Encode:
    def encode(records: Sequence[ReadableLogRecord]) -> bytes:
        return bytes(encode_logs(records).SerializeToString())

    return encode
