"""Size limits: estimate the bytes of a span or log record, and sanitize heavy ones before they are queued.

The estimate bounds the memory of the queues. It runs on the thread of the application, for every span and
log record, so it samples large containers and calls no method of a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from opentelemetry.sdk._logs import ReadWriteLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from otel_trading._sdk.logs import FastRecord
from otel_trading.logs.fast_record import ATTRIBUTE_BYTES
from otel_trading.pipeline.clean import record_copy, span_copy
from otel_trading.pipeline.clean.record_copy import Record, detached, sanitized
from otel_trading.pipeline.clean.sanitize import sanitize_record, sanitize_span
from otel_trading.pipeline.clean.span_copy import SpanCopy

HEAVY: Final = 128 * 1024
"""Bytes above which an item is sanitized before it is queued, on the thread that recorded it."""

_SPAN: Final = 2048
"""About how many bytes a span holds without its name, attributes, events and links."""

_RECORD: Final = 1536
"""About how many bytes a log record holds without its body and attributes."""

_VALUE: Final = ATTRIBUTE_BYTES
_DEEPEST: Final = 4
_MOST: Final = 1000
"""The most items of a container that are weighed."""

_FLAT: Final = frozenset({int, float, bool, type(None)})
"""Types whose values all weigh the same."""


def bounded_span(span: ReadableSpan) -> tuple[ReadableSpan, int]:
    """Return the span, sanitized if it is heavy, and about how many bytes it holds."""
    remembered = getattr(span, "queue_weight", None)  # see `FastSpan.queue_weight`
    weight = remembered or _span_weight(span)
    if remembered == 0:
        kind: Any = type(span)
        kind.queue_weight = weight
    if weight > HEAVY:
        span = SpanCopy(span, sanitize_span(span_copy.fields_of(span)))
        weight = _span_weight(span)
    return span, weight


def bounded_record(given: ReadWriteLogRecord) -> tuple[Record, int]:
    """Return the record without its context, sanitized if it is heavy, and about how many bytes it holds."""
    record = given if given.__class__ is FastRecord else detached(given)
    weight = _record_weight(record)
    if weight > HEAVY:
        readable = detached(given)
        record = sanitized(readable, sanitize_record(record_copy.fields_of(readable)))
        weight = _record_weight(record)
    return record, weight


def _span_weight(span: ReadableSpan) -> int:
    weight, name = _SPAN + _weigh_all(span.attributes), span.name
    if isinstance(name, str):
        weight += len(name)
    for event in span.events:
        weight += _weigh_all(event.attributes)
    for link in span.links:
        weight += _weigh_all(link.attributes)
    return weight


def _record_weight(record: Record) -> int:
    given = record.log_record
    body = given.body
    body_weight = len(body) if body.__class__ is str and body.isascii() else _weigh(body, _DEEPEST)
    attributes_weight = record.weight if isinstance(record, FastRecord) else _weigh_all(given.attributes)
    return _RECORD + body_weight + attributes_weight


def _weigh_all(attributes: Any) -> int:
    """Return about how many bytes attributes hold."""
    if not attributes:
        return _VALUE
    # `copy` of the SDK's `BoundedAttributes` is one call in C; each read of a value is a call in Python.
    values = attributes.copy() if hasattr(attributes, "copy") else dict(attributes)
    weight = _VALUE * (len(values) + 1)
    for value in values.values():
        kind = value.__class__
        if kind is str:
            weight += len(value) if value.isascii() else 4 * len(value)
        elif kind not in _FLAT:
            weight += _weigh(value, _DEEPEST)
    return weight


def _weigh(value: Any, depth: int) -> int:
    """Return about how many bytes a value holds; of a large container, only the first items are weighed."""
    if value.__class__ in _FLAT or not depth:
        return _VALUE
    if isinstance(value, str):
        return _VALUE + (len(value) if value.isascii() else 4 * len(value))
    if isinstance(value, bytes | bytearray):
        return _VALUE + len(value)
    if isinstance(value, Mapping | Sequence):
        items = value.values() if isinstance(value, Mapping) else value
        return sum([_weigh(item, depth - 1) for item in islice(items, _MOST)], _VALUE * len(value))
    return _VALUE
