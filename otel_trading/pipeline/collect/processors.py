"""Processors: pass each ended span and emitted log record from the SDK to a queue.

`on_end` and `on_emit` run on the thread of the application, so they only weigh the item and queue it. A
worker's thread cleans the items (`clean.items`) and exports them.
"""

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
from otel_trading._guard import report
from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading._sdk.logs import FastRecord
from otel_trading.pipeline.clean.items import clean_record
from otel_trading.pipeline.clean.record_copy import Record
from otel_trading.pipeline.clean.size_limits import bounded_record, bounded_span
from otel_trading.pipeline.collect.audit_events import is_audit
from otel_trading.pipeline.collect.batch_worker import BatchWorker
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.sender import Outcome
from otel_trading.values.text import error_text

_SAMPLED: Final = TraceFlags.SAMPLED

_CLOSING_S: Final = 5.0
"""Seconds a processor waits when the SDK shuts it down: the SDK passes no timeout."""


class BatchedLogs(LogRecordProcessor):
    """Queue log records, except those that an exporter writes: exporting them would write more, for ever.

    Args:
        worker: Cleans and exports the queued records.
    """

    def __init__(self, worker: BatchWorker[Record]) -> None:
        self.worker = worker
        self._put = worker.queue.put

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue the record without its context; a full queue evicts audit events last."""
        fast = log_record.__class__ is FastRecord
        context = log_record.log_record.context
        # An exporter suppresses instrumentation by a key of the context, so a context whose only key is the
        # current span cannot be an exporter's: one look instead of a lookup in every log call.
        if not (fast and len(context) == 1 and SPAN_KEY in context) and not is_instrumentation_enabled():
            return
        try:
            record, weight = bounded_record(log_record)
            name = record.log_record.event_name
            self._put(record, weight, urgent=name is not None and is_audit(name))
        except Exception as error:  # noqa: BLE001 - a log call of the application must not fail
            report("queueing of a log record", error)

    def shutdown(self) -> None:
        """Export the queued records, for at most 5 s."""
        self.worker.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the queued records; return whether all were delivered in time."""
        return self.worker.flush(time.monotonic() + timeout_millis / 1000)


class JsonLines(LogRecordProcessor):
    """Write each record as a line of JSON, on the thread that emits it.

    Args:
        exporter: Writes one line per record.
        route: The account of this output.
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
                self._exporter.export([clean_record(log_record)])
            outcome.delivered = 1
        except Exception as error:  # noqa: BLE001 - stdout may be closed, and a value may be of any class
            outcome.dropped["export_failed"] = 1
            outcome.reason = error_text(error)
        self._route.book(outcome)
        self._route.report_failure(outcome)

    def shutdown(self) -> None:
        """Do nothing: `on_emit` wrote every line."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: `on_emit` wrote every line."""
        return True


class BatchedSpans(SpanProcessor):
    """Queue the sampled spans that end, except those that a parent process started before a fork.

    Args:
        worker: Cleans and exports the queued spans.
    """

    def __init__(self, worker: BatchWorker[ReadableSpan]) -> None:
        self.worker = worker
        self._put = worker.queue.put
        self._pid: int | None = None
        at_fork(in_child=self._forked)

    def _forked(self) -> None:
        # A span that was open at the fork exists in both processes; only the parent exports it.
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
        except Exception as error:  # noqa: BLE001 - ending a span must not fail in the application
            report("queueing of a span", error)

    def shutdown(self) -> None:
        """Export the queued spans, for at most 5 s."""
        self.worker.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the queued spans; return whether all were delivered in time."""
        return self.worker.flush(time.monotonic() + timeout_millis / 1000)
