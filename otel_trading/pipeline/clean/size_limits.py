"""QueueBounds: how many bytes an item holds, and the cutting of one that holds too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from opentelemetry.sdk._logs import ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from otel_trading._sdk.logs import FastRecord
from otel_trading.logs.fast_record import ATTRIBUTE, NO_CONTEXT
from otel_trading.pipeline.clean.sanitize import sanitize_record, sanitize_span

Record: TypeAlias = ReadableLogRecord | ReadWriteLogRecord

HEAVY: Final = 128 * 1024
"""Bytes above which an item is cut before it is queued, on the thread that recorded it."""

_SPAN: Final = 2048
_RECORD: Final = 1536
_VALUE: Final = ATTRIBUTE
_DEEPEST: Final = 4
_MOST: Final = 1000
_FLAT: Final = frozenset({int, float, bool, type(None)})


def bounded_span(span: ReadableSpan) -> tuple[ReadableSpan, int]:
    """Return the span, cut where it is heavy, and about how many bytes it holds."""
    shared = getattr(type(span), "_given", None)  # of a fast one, the attributes of its site
    is_as_all = shared is not None and span._given is shared  # type: ignore[attr-defined]
    weight = (span.weight or _noted(span)) if is_as_all else _span_weight(span)  # type: ignore[attr-defined]
    if weight > HEAVY:
        span = sanitize_span(span)
        weight = _span_weight(span)
    return span, weight


def bounded_record(given: ReadWriteLogRecord) -> tuple[Record, int]:
    """Return the record, cut where it is heavy and without its context, and about how many bytes it holds."""
    record = given if given.__class__ is FastRecord else detached(given)
    weight = _record_weight(record)
    if weight > HEAVY:
        record = sanitize_record(detached(given))
        weight = _record_weight(record)
    return record, weight


def detached(given: ReadWriteLogRecord) -> ReadableLogRecord:
    """Return a copy of the record that does not hold on to its context."""
    theirs = given.log_record
    record = object.__new__(type(theirs))  # as `copy` would, in a fifth of its time
    record.__dict__ = {**vars(theirs), "context": NO_CONTEXT}
    readable = object.__new__(ReadableLogRecord)  # frozen, and slow to fill by its own way
    vars(readable).update(
        log_record=record,
        resource=given.resource or Resource.get_empty(),
        instrumentation_scope=given.instrumentation_scope,
        limits=given.limits,
    )
    return readable


def _noted(span: ReadableSpan) -> int:
    """Return what a span holds, and have its class remember it."""
    kind: Any = type(span)
    kind.weight = weight = _span_weight(span)
    return weight


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
    said = len(body) if body.__class__ is str and body.isascii() else _weigh(body, _DEEPEST)
    carried = record.weight if isinstance(record, FastRecord) else _weigh_all(given.attributes)
    return _RECORD + said + carried


def _weigh_all(attributes: Any) -> int:
    """Return about how many bytes attributes hold."""
    if not attributes:
        return _VALUE
    # of the SDK's mappings, a copy is far faster than a look at each value
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
    """Return about how many bytes a value holds; of a large container, a sample says it."""
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
