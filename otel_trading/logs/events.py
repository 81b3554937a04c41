"""Events: log records with a name, for what happened rather than for what was said."""

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

    It goes wherever logs go, with the ids of the current trace.

    Args:
        name: Static and namespaced, such as `trading.order.filled`.
        attributes: What happened, by keys of the registry or of your own.
        severity: "debug", "info", "warn", "error" or "fatal".
        body: A line for people; the data belongs into attributes.
        context: Whose trace it belongs to; the current one without it.
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
