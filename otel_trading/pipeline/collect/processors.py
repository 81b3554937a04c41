"""The processors: what the SDK hands over when a span ends or a record is emitted goes to a queue."""

from __future__ import annotations

import os
import time
from typing import Final

from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.resources import PROCESS_PID
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import TraceFlags

from otel_trading._forking import at_fork
from otel_trading._guard import guard
from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading._sdk.logs import FastRecord
from otel_trading.pipeline.clean.redact import redact_record, redact_span
from otel_trading.pipeline.clean.sanitize import sanitize_record, sanitize_span
from otel_trading.pipeline.clean.size_limits import Record, bounded_record, bounded_span, detached
from otel_trading.pipeline.collect.audit_events import is_audit
from otel_trading.pipeline.collect.batch_worker import BatchWorker
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.sender import Outcome

_SAMPLED: Final = TraceFlags.SAMPLED

_CLOSING_S: Final = 5.0
"""How long a processor waits that the SDK shuts down without saying for how long."""


class BatchedLogs(LogRecordProcessor):
    """Hands log records to a queue, except those that an export itself writes: they would never end."""

    def __init__(self, worker: BatchWorker[Record]) -> None:
        self.worker = worker
        self._put = worker.queue.put

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record without its context, which may hold on to anything; audit events give way last."""
        fast = log_record.__class__ is FastRecord
        context = log_record.log_record.context
        if not (fast and len(context) == 1 and SPAN_KEY in context) and not is_instrumentation_enabled():
            return
        try:
            record, weight = bounded_record(log_record)
            name = record.log_record.event_name
            self._put(record, weight, urgent=name is not None and is_audit(name))
        except Exception:
            with guard("queueing of a log record"):
                raise

    def shutdown(self) -> None:
        """Export what is there, for at most 5 s."""
        self.worker.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what is there; returns whether it was delivered in time."""
        return self.worker.flush(time.monotonic() + timeout_millis / 1000)


class JsonLines(LogRecordProcessor):
    """Writes each record as a line of JSON, on the thread that emits it.

    Args:
        exporter: Writes one line per record.
        route: The account.
    """

    def __init__(self, exporter: LogRecordExporter, route: ExportAccount) -> None:
        self._exporter = exporter
        self._route = route

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Write the record."""
        self._route.produce()
        outcome: Outcome[ReadableLogRecord] = Outcome()
        try:
            with suppress_instrumentation():
                self._exporter.export([safe_record(detached(log_record))])
            outcome.delivered = 1
        except Exception as error:  # noqa: BLE001 - stdout may be closed, and a value may be anything
            outcome.dropped["export_failed"] = 1
            outcome.reason = f"{type(error).__name__}: {error}"
        self._route.book(outcome)
        self._route.report_failure(outcome)

    def shutdown(self) -> None:
        """Do nothing: a line is written when it is emitted."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: a line is written when it is emitted."""
        return True


class BatchedSpans(SpanProcessor):
    """Hands the sampled spans that end to a queue; a span that a parent process began is the parent's."""

    def __init__(self, worker: BatchWorker[ReadableSpan]) -> None:
        self.worker = worker
        self._put = worker.queue.put
        self._pid: int | None = None
        at_fork(in_child=self._forked)

    def _forked(self) -> None:
        self._pid = os.getpid()

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        context = span.context
        if not context or not context.trace_flags & _SAMPLED:
            return
        try:
            if self._pid is None or span.resource.attributes.get(PROCESS_PID) == self._pid:
                span, weight = bounded_span(span)
                self._put(span, weight)
        except Exception:
            with guard("queueing of a span"):  # only where it failed: a span can be a tick
                raise

    def shutdown(self) -> None:
        """Export what is there, for at most 5 s."""
        self.worker.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what is there; returns whether it was delivered in time."""
        return self.worker.flush(time.monotonic() + timeout_millis / 1000)


def safe_span(span: ReadableSpan) -> ReadableSpan:
    """Return the span as it leaves the process: sanitized, then redacted."""
    return redact_span(sanitize_span(span))


def safe_record(record: Record) -> ReadableLogRecord:
    """Return the record as it leaves the process: sanitized, then redacted."""
    readable = record if isinstance(record, ReadableLogRecord) else detached(record)
    return redact_record(sanitize_record(readable))
