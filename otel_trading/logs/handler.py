"""A handler for the standard library: existing `logging` calls become OpenTelemetry log records."""

from __future__ import annotations

import logging
import sys
import traceback
from time import time_ns
from typing import Any, Final, TextIO

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context, get_current

from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading.logs.provider import CURRENT
from otel_trading.values.exportable import exportable, named
from otel_trading.values.text import bounded, described

_BARE: Final = list(vars(logging.makeLogRecord({})))
"""The attributes of a record without `extra`, in their order."""
_BARE_COUNT: Final = len(_BARE)
_LAST: Final = _BARE[-1:]
_STANDARD: Final = frozenset(_BARE) | {"message", "asctime", "taskName"}
"""The attributes of every record; all others come from `extra`."""

_SEVERITIES: Final = {
    logging.CRITICAL: SeverityNumber.FATAL,
    logging.ERROR: SeverityNumber.ERROR,
    logging.WARNING: SeverityNumber.WARN,
    logging.INFO: SeverityNumber.INFO,
    logging.DEBUG: SeverityNumber.DEBUG,
}
_NAMES: Final = {severity: severity.name for severity in SeverityNumber}


class StdlibHandler(logging.Handler):
    """Sends records of the standard library's `logging` to the attached provider.

    A record that an exporter logs while it exports would cause the next export, so it is written to
    `fallback` as plain text instead.

    Args:
        level: The lowest level to export.
        fallback: Receives the records of exporters; stderr by default.
    """

    def __init__(self, level: int = logging.NOTSET, fallback: TextIO | None = None) -> None:
        from opentelemetry.instrumentation.utils import is_instrumentation_enabled  # noqa: PLC0415 - slow

        super().__init__(level)
        self._may_export = is_instrumentation_enabled
        self._fallback = fallback

    def createLock(self) -> None:  # noqa: N802 - `logging` defines the name
        """Create no lock: the handler has no shared state, and a signal handler may log at any time."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> Any:
        """Emit a record that passes the filters; since Python 3.12 a filter may replace it."""
        passed: Any = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Export one record; an error goes to `handleError`, as in every handler of `logging`."""
        try:
            context = get_current()
            # a context that holds only a span does not hold the key that suppresses instrumentation
            if (len(context) == 1 and SPAN_KEY in context) or self._may_export():
                self._emit(record, context)
            else:
                print(self.format(record), file=self._fallback or sys.stderr)
        except Exception:  # noqa: BLE001 - `str` of the arguments is user code
            self.handleError(record)

    def _emit(self, record: logging.LogRecord, context: Context) -> None:
        severity = _SEVERITIES.get(record.levelno) or severity_of(record.levelno)
        CURRENT.logger(record.name).emit(
            timestamp=int(record.created * 1e9),
            observed_timestamp=time_ns(),
            context=context,
            severity_number=severity,
            severity_text=_NAMES[severity],
            body=bounded(record.getMessage()),
            attributes=_attributes(record),
        )


def severity_of(level: int) -> SeverityNumber:
    """Return OpenTelemetry's severity for a level of `logging`, rounded down to the next named level.

    https://opentelemetry.io/docs/specs/otel/logs/data-model-appendix/#appendix-b-severitynumber-example-mappings
    """
    return next((severity for low, severity in _SEVERITIES.items() if level >= low), SeverityNumber.TRACE)


def _attributes(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = {}
    fields = vars(record)
    if len(fields) != _BARE_COUNT:
        names = list(fields)
        # `extra` is added last, so the standard attributes before it need no lookup; a record factory of the
        # application may use another order
        for key in names[_BARE_COUNT:] if names[_BARE_COUNT - 1 : _BARE_COUNT] == _LAST else names:
            if key not in _STANDARD:
                name = named(key)  # `extra` accepts keys of any type
                if not name.startswith("_"):
                    found[name] = exportable(fields[key])
    path = record.pathname
    found["code.file.path"] = path if path.__class__ is str else exportable(path)
    found["code.function.name"] = record.funcName
    found["code.line.number"] = record.lineno
    if record.exc_info and record.exc_info[1] is not None:
        kind, error, trace = record.exc_info
        found["exception.type"] = kind.__qualname__ if kind else ""
        found["exception.message"] = bounded(described(error))
        found["exception.stacktrace"] = bounded("".join(traceback.format_exception(kind, error, trace)))
    return found
