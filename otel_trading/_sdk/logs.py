"""Log records of the OpenTelemetry SDK, made field by field without their constructors.

https://opentelemetry.io/docs/specs/otel/logs/data-model/ defines the fields.

The constructors clean every attribute again and look up the clock, the span and the default resource. These
values are known before a record is made, and the constructors take most of the time to make it. `probe`
compares the fields with those of the SDK's own records; if they differ, the SDK makes the records.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading._sdk.probe import once

_new: Final = object.__new__


class FastRecord(ReadWriteLogRecord):
    """A record that drops its context after its processors have run, since a queue may keep the record.

    Attributes:
        weight: Approximate size of its attributes in bytes.
    """

    __slots__ = ("weight",)

    weight: int


class RecordMaker:
    """Makes the records of one logger of the SDK.

    Args:
        logger: Its resource, scope and limits become those of the records.

    Attributes:
        max_attributes: The most attributes of a record; None for no limit.
        max_length: The most characters of an attribute's value; None for no limit.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._scope = logger.instrumentation_scope
        self._limits = logger._log_record_limits
        self.max_attributes: int | None = self._limits.max_log_record_attributes
        self.max_length: int | None = self._limits.max_log_record_attribute_length

    def make(  # noqa: PLR0917 - keywords would take longer
        self,
        timestamp: int,
        observed_timestamp: int,
        context: Context,
        severity_number: SeverityNumber,
        severity_text: str | None,
        body: Any,
        attributes: dict[str, Any],
        event_name: str | None,
    ) -> FastRecord:
        """Return a record that keeps the dictionary of attributes.

        Args:
            timestamp: Unix time in nanoseconds.
            observed_timestamp: Unix time in nanoseconds at which the event was seen.
            context: The ids of its current span go into the record.
            severity_number: The severity.
            severity_text: The severity's name in the source.
            body: The message.
            attributes: Valid for OTLP and within the limits; not to be changed afterwards.
            event_name: The name of an event; None for a log line.
        """
        # the constructor would check each attribute again, which takes longer than the rest of a record
        bounded: Any = _new(BoundedAttributes)
        bounded._dict = attributes
        bounded.maxlen = self.max_attributes
        bounded.dropped = 0
        bounded.max_value_len = None
        bounded._lock = Lock()
        bounded._immutable = False
        span: Any = context.get(SPAN_KEY, INVALID_SPAN)
        log = _new(LogRecord)
        log.timestamp = timestamp
        log.observed_timestamp = observed_timestamp
        log.context = context
        log.trace_id, log.span_id, _, log.trace_flags, _, _ = span.get_span_context()
        log.severity_text = severity_text
        log.severity_number = severity_number
        log.body = body
        log.attributes = bounded
        log.event_name = event_name
        log.exception = None
        record = _new(FastRecord)
        record.log_record = log
        record.resource = self._logger.resource  # read each time: a forked child gets a resource of its own
        record.instrumentation_scope = self._scope
        record.limits = self._limits
        return record


@once
def probe() -> bool:
    """Return whether a record made here has the same fields and values as the SDK's own."""
    seen, provider = _Seen(), LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(seen)
    logger: Any = provider.get_logger("probe", "1")
    span = NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))
    fields: dict[str, Any] = {
        "timestamp": 1,
        "observed_timestamp": 2,
        "context": set_span_in_context(span, Context()),
        "severity_number": SeverityNumber.INFO,
        "severity_text": "INFO",
        "body": "message",
        "event_name": "event",
    }
    logger.emit(**fields, attributes={"text": "1", "n": 1})
    logger.emit(RecordMaker(logger).make(**fields, attributes={"text": "1", "n": 1}))
    theirs, ours = seen.records
    return theirs == ours


class _Seen(LogRecordProcessor):
    """Stores the content of the probe's records."""

    def __init__(self) -> None:
        self.records: list[list[Any]] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Store the content of a record."""
        self.records.append(_content(log_record))

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Return True: no record waits here."""
        return True


def _content(record: ReadWriteLogRecord) -> list[Any]:
    """Return the fields of a record, and those of the objects inside it."""
    log = vars(record.log_record) | {"attributes": None}
    bounded: Any = record.log_record.attributes
    fields = vars(bounded).keys(), dict(bounded), bounded.maxlen, bounded.max_value_len, bounded.dropped
    return [log, fields, vars(record) | {"log_record": None}, record.dropped_attributes]
