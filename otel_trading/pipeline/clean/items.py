"""Clean spans and log records on their way out: take each apart once, sanitize, redact, rebuild once.

Queues call this on their own thread. Heavy items were sanitized by `size_limits` when they were queued, so
that a queue's bound in bytes holds; they are not sanitized again.
"""

from __future__ import annotations

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan

from otel_trading.pipeline.clean import record_copy, span_copy
from otel_trading.pipeline.clean.record_copy import Record, SanitizedRecord, detached
from otel_trading.pipeline.clean.redact import redact_record, redact_span
from otel_trading.pipeline.clean.sanitize import sanitize_record, sanitize_span
from otel_trading.pipeline.clean.span_copy import SpanCopy


def clean_span(span: ReadableSpan) -> ReadableSpan:
    """Return the span as valid OTLP without secrets: the same object if nothing had to change."""
    if isinstance(span, SpanCopy):  # it was heavy, so `size_limits` has sanitized it
        given = fields = span.fields
    else:
        given = span_copy.fields_of(span)
        fields = sanitize_span(given)
    return span_copy.with_fields(span, given, redact_span(fields))


def clean_record(record: Record) -> ReadableLogRecord:
    """Return the record as valid OTLP without secrets and without its context.

    A record that has no context and needs no change is returned itself.
    """
    readable = record if isinstance(record, ReadableLogRecord) else detached(record)
    given = record_copy.fields_of(readable)
    fields = given if isinstance(readable, SanitizedRecord) else sanitize_record(given)
    return record_copy.with_fields(readable, given, redact_record(fields))
