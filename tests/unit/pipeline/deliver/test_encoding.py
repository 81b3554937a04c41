"""Encoding of log records: the same bytes from the SDK's encoder and from the fallback over protobuf."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel_trading._sdk import encoders

PACKAGE = "opentelemetry.exporter.otlp.proto.common"
SCOPES = (InstrumentationScope("fills", "2", "https://schema", {"a": 1}), InstrumentationScope("risk"), None)


def records() -> list[ReadableLogRecord]:
    """Records of two resources and three scopes, with every type of value."""
    in_span = set_span_in_context(NonRecordingSpan(SpanContext(1, 2, False, TraceFlags(1))))
    attributes = {"n": 2, "ok": True, "mid": 1.5, "s": "é", "b": b"\x00", "list": (1, 2), "none": None}
    body = {"deep": [{"x": 1}, None]}
    return [
        ReadableLogRecord(
            LogRecord(
                timestamp=number,
                observed_timestamp=number + 1,
                context=in_span if number % 2 else None,
                severity_text="INFO",
                severity_number=SeverityNumber.INFO,
                body=body,
                attributes=attributes,
                event_name="trading.order.filled",
            ),
            Resource({"service.name": f"s{number % 2}"}, "https://schema"),
            SCOPES[number % 3],
        )
        for number in range(6)
    ]


def test_the_fallback_returns_the_same_bytes_as_the_sdk() -> None:
    encode = encoders.log_encoder()
    assert encode is not encoders.encode_with_protobuf
    assert encode(records()) == encoders.encode_with_protobuf(records())


def test_a_public_encoder_is_used_before_the_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []

    class Request:
        def __init__(self, given: Sequence[ReadableLogRecord]) -> None:
            self._given = given

        def SerializeToString(self) -> bytes:  # noqa: N802 - the name in protobuf
            used.append(len(self._given))
            return encoders.encode_with_protobuf(self._given)

    public: Any = ModuleType("log_encoder")
    public.encode_logs = Request
    monkeypatch.setitem(sys.modules, f"{PACKAGE}.log_encoder", public)
    encode = encoders.log_encoder()
    used.clear()
    encode(records())
    assert used == [6]


@pytest.mark.parametrize(
    "release", ["has no such module", "has no such function", "returns other bytes", "raises"]
)
def test_an_unknown_release_is_replaced_by_the_fallback(
    monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    private: Any = ModuleType("_log_encoder")
    if release == "returns other bytes":
        private.encode_logs = lambda _: Resource({})
    elif release == "raises":
        private.encode_logs = lambda _: 1 / 0
    monkeypatch.setitem(
        sys.modules, f"{PACKAGE}._log_encoder", None if release == "has no such module" else private
    )
    assert encoders.log_encoder() is encoders.encode_with_protobuf


def test_a_value_without_a_type_in_otlp_raises() -> None:
    record = ReadableLogRecord(LogRecord(body=object()), Resource({}), None)
    with pytest.raises(TypeError, match="OTLP has no type for object"):
        encoders.encode_with_protobuf([record])
