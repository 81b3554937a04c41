"""Fast records: the SDK's own log records, made without what is known beforehand.

A record whose attributes need no cleaning is put together here and given to the SDK's logger, which hands it
to its processors; any other record is the logger's to make. This is the only module of the room that touches
private names of OpenTelemetry; `probe()` compares its records with the SDK's once, at attach time.
"""

from __future__ import annotations

import functools
from time import time_ns as _now
from typing import Any, Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context, get_current
from opentelemetry.sdk._logs import Logger, LoggerProvider, LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from otel_trading._guard import warn
from otel_trading._sdk.attributes import adopted
from otel_trading._sdk.contexts import SPAN_KEY

ATTRIBUTE: Final = 96
"""About how many bytes an attribute holds beside those of its text."""

_NUMBERS: Final = frozenset({int, float, bool, type(None)})

NO_CONTEXT: Final = Context()
"""What a record has in place of a context that it let go of."""

_new: Final = object.__new__


class FastRecord(ReadWriteLogRecord):
    """A record that lets go of its context once its processors have seen it: a queue may hold on to it.

    Attributes:
        weight: About how many bytes its attributes hold.
    """

    __slots__ = ("weight",)

    weight: int


class FastLogger:
    """Emits the records of one logger of the SDK; its `emit` takes what the logger's own does.

    Args:
        logger: Whose resource, scope, limits and processors the records get.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._scope = logger.instrumentation_scope
        self._limits = logger._log_record_limits
        self._most = self._limits.max_log_record_attributes
        self._longest = self._limits.max_log_record_attribute_length

    def emit(
        self,
        *,
        timestamp: int,
        context: Context,
        severity_number: SeverityNumber,
        severity_text: str | None,
        body: Any,
        attributes: dict[str, Any],
        observed_timestamp: int | None = None,
        event_name: str | None = None,
    ) -> None:
        """Emit a record.

        Args:
            timestamp: Unix time in nanoseconds.
            context: Whose current span it belongs to.
            severity_number: How bad it is, as a number.
            severity_text: The same as text.
            body: What is said.
            attributes: What `exportable` returned; the record keeps the dictionary.
            observed_timestamp: When it was seen; now without it.
            event_name: What happened, for an event.
        """
        weight = self._weigh(attributes)
        if not weight:
            self._logger.emit(
                timestamp=timestamp,
                observed_timestamp=observed_timestamp,
                context=context,
                severity_number=severity_number,
                severity_text=severity_text,
                body=body,
                attributes=attributes,
                event_name=event_name,
            )
            return
        context = context or get_current()
        span: Any = context.get(SPAN_KEY, INVALID_SPAN)
        within = span.get_span_context()
        log = _new(LogRecord)
        log.timestamp = timestamp
        log.observed_timestamp = _now() if observed_timestamp is None else observed_timestamp
        log.context = context
        log.trace_id, log.span_id, _, log.trace_flags, _, _ = within
        log.severity_text = severity_text
        log.severity_number = severity_number
        log.body = body
        log.attributes = adopted(attributes, self._most)
        log.event_name = event_name
        log.exception = None
        record = _new(FastRecord)
        record.log_record = log
        record.resource = self._logger.resource
        record.instrumentation_scope = self._scope
        record.limits = self._limits
        record.weight = weight
        try:
            self._logger.emit(record)
        finally:
            log.context = NO_CONTEXT

    def _weigh(self, attributes: dict[str, Any]) -> int:
        """Return about how many bytes attributes hold; 0 where the SDK would not keep them as they are."""
        count = len(attributes)
        if self._longest is not None or (self._most is not None and count > self._most):
            return 0
        weight = ATTRIBUTE * (count + 1)
        for value in attributes.values():  # a loop: `all` and its generator take twice as long
            kind = value.__class__
            if kind is str:
                weight += len(value) if value.isascii() else 4 * len(value)
            elif kind is bytes:
                weight += len(value)
            elif kind not in _NUMBERS:
                return 0
        return 0 if "" in attributes else weight


def over(logger: Any) -> Any:
    """Return the fast logger over one of the SDK, or the logger itself where it has to make its records."""
    if type(logger) is not Logger:
        return logger
    if probe():
        return FastLogger(logger)
    warn(
        "fast records",
        "otel_trading: this release of opentelemetry-sdk is not known to the fast log records, "
        "so its own are made: correct, and slower",
    )
    return logger


@functools.cache
def probe() -> bool:
    """Say whether a fast record of the installed SDK tells the same as one of its own."""
    try:
        return _probe()
    except Exception:  # noqa: BLE001 - a private name that is gone may fail in any way
        return False


class _Caught(LogRecordProcessor):
    """Keeps what the records of the probe tell."""

    def __init__(self) -> None:
        self.told: list[list[Any]] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Keep it."""
        self.told.append(_told(log_record))

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits."""
        return timeout_millis >= 0


def _probe() -> bool:
    caught, provider = _Caught(), LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(caught)
    logger = provider.get_logger("probe", "1")
    span = NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))
    context = set_span_in_context(span, Context())
    for emitting in (logger, FastLogger(logger)):
        emitting.emit(
            timestamp=1,
            observed_timestamp=2,
            context=context,
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body="said",
            attributes={"text": "1", "n": 1},
            event_name="event",
        )
    theirs, ours = caught.told
    return theirs == ours


def _told(record: ReadWriteLogRecord) -> list[Any]:
    """What a record tells, and everything that the SDK's classes hold of it."""
    log = vars(record.log_record) | {"attributes": None}
    kept: Any = record.log_record.attributes
    held = vars(kept).keys(), dict(kept), kept.maxlen, kept.max_value_len, kept.dropped
    return [log, held, vars(record) | {"log_record": None}, record.dropped_attributes]
