"""The trace of an order: its span, and the events that are told on the span and in the log."""

from __future__ import annotations

from typing import Any

from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import INVALID_SPAN, Status, StatusCode, set_span_in_context

from otel_trading.logs import event
from otel_trading.semconv import order as names
from otel_trading.tracing import start_span


class OrderTrace:
    """The span of one order, from its construction to its completion.

    Args:
        type: The order's type, which names the span.
        identity: What tells the order from others, on the span and on each event.
        quantity: FIX 38 OrderQty at the start.
        context: What the span is a child of; the current context if None.

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

    def tell(self, event_name: str, attributes: dict[str, Any] | None = None, severity: str = "info") -> None:
        """Put an event on the span, where Jaeger shows it, and into the log, with the span's ids."""
        own = attributes or {}
        self._span.add_event(event_name, own)
        event(event_name, {**self.identity, **own}, severity=severity, context=self.context)

    def note(self, event_name: str, attributes: dict[str, Any]) -> None:
        """Put an event on the span alone."""
        self._span.add_event(event_name, attributes)

    def fail(self, reason: str) -> None:
        """Mark the span as that of an order that was refused."""
        self._span.set_attribute(ERROR_TYPE, reason)
        self._span.set_status(Status(StatusCode.ERROR, f"rejected: {reason}"))

    def end(self, attributes: dict[str, Any]) -> None:
        """End the span; what is told later goes to the log alone."""
        self._span.set_attributes(attributes)
        self._span.end()
        self._span = INVALID_SPAN
