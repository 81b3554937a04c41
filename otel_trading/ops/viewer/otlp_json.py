"""OTLP in JSON: the JSON of protobuf, except that trace and span ids are hexadecimal.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Final, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})

M = TypeVar("M", bound=Message)


def parse(text: bytes, request: M) -> M:
    """Decode a request, and ignore unknown fields, as the protocol demands.

    Args:
        text: The body.
        request: An empty message of the expected class, which this function fills.

    Returns:
        The same message.

    Raises:
        DecodeError: The body is not a request of this class.
    """
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise DecodeError("a request must be a JSON object")
        return ParseDict(_with_base64(given), request, ignore_unknown_fields=True)
    except (ParseError, ValueError, RecursionError) as error:
        raise DecodeError(str(error)) from error


def _with_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: b64encode(bytes.fromhex(item)).decode()
        if key in _IDS and isinstance(item, str)
        else _with_base64(item)
        for key, item in value.items()
    }
