"""The trace of an order: its span, and its events on that span and in the log."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import INVALID_SPAN, Status, StatusCode, set_span_in_context

from otel_trading.logs import event
from otel_trading.semconv import order as names
from otel_trading.semconv.venue import TRADING_VENUE_NAME
from otel_trading.tracing import start_span


class OrderTrace:
    """The span of one order, from its construction to its completion.

    Args:
        type: The order's type, which names the span.
        identity: The attributes that identify the order, for the span and for each event.
        quantity: FIX 38 OrderQty at the start.
        context: The parent of the span; the current context if None.

    Attributes:
        identity: As given.
        context: The context of the span, also after its end.
    """

    __slots__ = ("_span", "context", "identity")

    def __init__(self, type: str, identity: dict[str, Any], quantity: float, context: Context | None) -> None:
        self.identity = identity
        attributes = {**identity, names.TRADING_ORDER_QUANTITY: quantity}
        self._span = start_span(f"order {type}", attributes, context=context)
        self.context = set_span_in_context(self._span, context)

    def emit(self, event_name: str, attributes: dict[str, Any] | None = None, severity: str = "info") -> None:
        """Add an event to the span, and emit it as a log record with the span's ids."""
        own = attributes or {}
        # Both, because Jaeger shows no log records, and a span that is not sampled shows no events.
        self._span.add_event(event_name, own)
        event(event_name, {**self.identity, **own}, severity=severity, context=self.context)

    def add_span_event(self, event_name: str, attributes: dict[str, Any]) -> None:
        """Add an event to the span alone."""
        self._span.add_event(event_name, attributes)

    def mark_rejected(self, reason: str) -> None:
        """Set the span's status to error, with the reason of the rejection as `error.type`."""
        self._span.set_attribute(ERROR_TYPE, reason)
        self._span.set_status(Status(StatusCode.ERROR, f"rejected: {reason}"))

    def end(self, attributes: dict[str, Any]) -> None:
        """End the span. Later events are log records only."""
        self._span.set_attributes(attributes)
        self._span.end()
        # The SDK warns about each event on a span that has ended; the invalid span ignores them.
        self._span = INVALID_SPAN


def emit_unmatched(venue: str, reason: str, ids: dict[str, str]) -> None:
    """Emit the event of an execution that belongs to no order of this process.

    Args:
        venue: The venue that reported it.
        reason: A value of `trading.execution.unmatched.reason`.
        ids: The attributes that identify the order and the execution, as far as they are known.
    """
    attributes = {**ids, TRADING_VENUE_NAME: venue, names.TRADING_EXECUTION_UNMATCHED_REASON: reason}
    event(names.TRADING_EXECUTION_UNMATCHED, attributes, severity="error")
