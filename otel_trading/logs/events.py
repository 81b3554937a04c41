"""Events: log records with a name and attributes for programs, instead of a message for people.

https://opentelemetry.io/docs/specs/otel/logs/data-model/#events
"""

from __future__ import annotations

from collections.abc import Mapping
from time import time_ns
from typing import Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context, get_current

from otel_trading._guard import guard
from otel_trading.logs.provider import CURRENT
from otel_trading.values.exportable import exportable

SEVERITIES: Final = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warn": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "fatal": SeverityNumber.FATAL,
}


def event(
    name: str,
    attributes: Mapping[str, object] | None = None,
    *,
    severity: str = "info",
    body: str | None = None,
    context: Context | None = None,
) -> None:
    """Emit an event; never raises.

    It is exported like a log line, with the ids of the current trace.

    Args:
        name: Static and namespaced, such as `trading.order.filled`.
        attributes: The data of the event, under keys of the registry or your own.
        severity: "debug", "info", "warn", "error" or "fatal"; any other text means "info".
        body: A line for people; put the data into attributes.
        context: The context whose trace the event belongs to; the current context by default.
    """
    with guard("event"):
        number = SEVERITIES.get(severity, SeverityNumber.INFO)
        CURRENT.events.emit(
            timestamp=time_ns(),
            context=get_current() if context is None else context,
            severity_number=number,
            severity_text=number.name,
            body=body,
            attributes=exportable(attributes or {}),
            event_name=name,
        )
