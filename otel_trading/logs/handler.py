"""The stdlib handler: the `logging` calls that are already there become OpenTelemetry log records."""

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
"""The attributes, in their order, of a record that carries nothing else."""
_FEWEST: Final = len(_BARE)
_LAST: Final = _BARE[-1:]
_OWN: Final = frozenset(_BARE) | {"message", "asctime", "taskName"}
"""What every record has; whatever else it carries came by `extra`."""

"""Under which key the API keeps the current span; a context with nothing else does not forbid to export."""

_SEVERITIES: Final = {
    logging.CRITICAL: SeverityNumber.FATAL,
    logging.ERROR: SeverityNumber.ERROR,
    logging.WARNING: SeverityNumber.WARN,
    logging.INFO: SeverityNumber.INFO,
    logging.DEBUG: SeverityNumber.DEBUG,
}
_NAMES: Final = {severity: severity.name for severity in SeverityNumber}


class StdlibHandler(logging.Handler):
    """Hands records of the standard library's `logging` to the attached provider.

    A record that an exporter writes while it exports does not go out again, which would feed the next
    export: it is written to `fallback` as plain text.

    Args:
        level: The lowest level to take.
        fallback: Where those records go; stderr without it.
    """

    def __init__(self, level: int = logging.NOTSET, fallback: TextIO | None = None) -> None:
        from opentelemetry.instrumentation.utils import is_instrumentation_enabled  # noqa: PLC0415 - kept light

        super().__init__(level)
        self._may_export = is_instrumentation_enabled
        self._fallback = fallback

    def createLock(self) -> None:  # noqa: N802 - as `logging` calls it
        """Have none: nothing is shared, and a signal's handler that logs never waits for its own thread."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> Any:
        """Emit a record that passes the filters, which may put another in its place."""
        passed: Any = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return passed

    def emit(self, record: logging.LogRecord) -> None:
        """Translate one record; what is wrong with it goes the way of `logging`'s own errors."""
        try:
            context = get_current()
            if (len(context) == 1 and SPAN_KEY in context) or self._may_export():
                self._emit(record, context)
            else:
                print(self.format(record), file=self._fallback or sys.stderr)
        except Exception:  # noqa: BLE001 - the record's arguments are anybody's code
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
    """Return OpenTelemetry's severity for a level of `logging`, rounded down to the next named one."""
    return next((severity for low, severity in _SEVERITIES.items() if level >= low), SeverityNumber.TRACE)


def _attributes(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = {}
    carried = vars(record)
    if len(carried) != _FEWEST:
        names = list(carried)  # what comes by `extra` comes last, and is not sought among the rest
        for key in names[_FEWEST:] if names[_FEWEST - 1 : _FEWEST] == _LAST else names:
            if key not in _OWN:
                name = named(key)  # `extra` takes keys of any type
                if not name.startswith("_"):
                    found[name] = exportable(carried[key])
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
