"""Fast records: the SDK's log records, without the SDK's checks of attributes that were checked here already.

If the SDK would not change the attributes of a record, this module makes the record and passes it to the
SDK's logger, which calls its processors. The SDK makes every other record. Private names of the SDK are in
`_sdk.logs`.
"""

from __future__ import annotations

from time import time_ns as _now
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context, get_current
from opentelemetry.sdk._logs import Logger

from otel_trading._sdk import logs
from otel_trading._sdk.probe import warn_unknown_release

ATTRIBUTE_BYTES: Final = 96
"""Approximate bytes of an attribute without its text: the key, the value and the dictionary's entry."""

_NUMBERS: Final = frozenset({int, float, bool, type(None)})

NO_CONTEXT: Final = Context()
"""Replaces the context of a record whose processors have run."""


class FastLogger:
    """Emits the records of one logger of the SDK; its `emit` takes the arguments of the logger's own.

    Args:
        logger: Its resource, scope, limits and processors are those of the records.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        maker = logs.RecordMaker(logger)
        self._make = maker.make
        self._most = maker.max_attributes
        self._longest = maker.max_length

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
        """Emit a record; the arguments are those of the SDK's `Logger.emit`.

        `attributes` is a result of `exportable`, and the record keeps the dictionary.
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
        seen = _now() if observed_timestamp is None else observed_timestamp
        context = context or get_current()
        record = self._make(
            timestamp, seen, context, severity_number, severity_text, body, attributes, event_name
        )
        record.weight = weight
        try:
            self._logger.emit(record)
        finally:
            # a queue keeps the record, and its context would keep the span and all its parents alive
            record.log_record.context = NO_CONTEXT

    def _weigh(self, attributes: dict[str, Any]) -> int:
        """Return the approximate size of attributes in bytes, or 0 if the SDK would change them.

        The SDK drops attributes beyond its limits and empty names, cuts long text, and copies containers:
        https://opentelemetry.io/docs/specs/otel/common/#attribute-limits
        """
        count = len(attributes)
        if self._longest is not None or (self._most is not None and count > self._most):
            return 0
        weight = ATTRIBUTE_BYTES * (count + 1)
        for value in attributes.values():  # a loop, since `all` with a generator takes twice as long
            kind = value.__class__
            if kind is str:
                weight += len(value) if value.isascii() else 4 * len(value)  # UTF-8 takes at most 4 bytes
            elif kind is bytes:
                weight += len(value)
            elif kind not in _NUMBERS:
                return 0
        return 0 if "" in attributes else weight


def fast_logger_for(logger: Any) -> Any:
    """Return a fast logger for a logger of the SDK, or the same logger if the SDK has to make its records."""
    if type(logger) is not Logger:
        return logger
    if logs.probe():
        return FastLogger(logger)
    warn_unknown_release("fast log records")
    return logger
