"""Spans for `with` blocks, spans that are started and ended by hand, and the recording of failures."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue

from otel_trading._guard import guard, report
from otel_trading.tracing.fast.current import with_span
from otel_trading.tracing.fast.safe_span import exportable_attributes, make_safe
from otel_trading.tracing.provider import CURRENT
from otel_trading.values.error_type import error_type
from otel_trading.values.exportable import named
from otel_trading.values.text import described
from otel_trading.values.times import nanoseconds

Attributes = Mapping[str, AttributeValue] | None

_RECORDED = "__otel_trading_recorded__"
_LONGEST_MESSAGE = 4096
_OUTGOING = (SpanKind.CLIENT, SpanKind.PRODUCER)


def start_span(
    name: str,
    attributes: Attributes = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
    links: Sequence[Link] = (),
    start_time: int | None = None,
) -> Span:
    """Start a span without making it the current one; end it with `span.end()`. Never raises.

    Args:
        name: The span's name, without identifiers, so that few different names exist.
        attributes: Keys from the registry or of your own.
        kind: OpenTelemetry's span kind.
        context: The context whose current span is the parent; the current context by default.
        links: Spans of other traces that led to this one.
        start_time: Unix time in nanoseconds, for a span that started earlier.

    Returns:
        The span, or one that records nothing if the span could not be started.
    """
    fast = CURRENT.fast
    try:
        if name.__class__ is not str or not name or not name.isascii():
            name = named(name)
        if start_time is not None:
            start_time = nanoseconds(start_time)
        if fast is None:
            started = CURRENT.tracer.start_span(
                name,
                context,
                kind,
                exportable_attributes(attributes),
                links,
                start_time,
                record_exception=False,
                set_status_on_exception=False,
            )
            return make_safe(started)
        span: Span = fast.start(name, kind, attributes, context, links=links, start_time=start_time)
    except Exception as error:  # noqa: BLE001 - a processor or id generator of the user may raise anything
        report("start of a span", error)
        return INVALID_SPAN
    return span


class SpanScope:
    """A span that is the current one inside a `with` block; an error in the block is raised unchanged."""

    __slots__ = ("_kind", "_span", "_token")

    def __init__(self, span: Span, kind: SpanKind) -> None:
        self._span = span
        self._kind = kind
        self._token: Any = None

    def __enter__(self) -> Span:
        """Make the span the current one."""
        self._token = CURRENT.set_context(with_span(CURRENT.get_context(), self._span))
        return self._span

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                fail(self._span, error, kind=self._kind)
        finally:
            close(self._span, self._token)


def span(
    name: str,
    attributes: Attributes = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
    links: Sequence[Link] = (),
    start_time: int | None = None,
) -> SpanScope:
    """Return a context manager that opens a span around its block; it records an error and re-raises it.

    Args:
        name: The span's name, without identifiers, so that few different names exist.
        attributes: Keys from the registry or of your own.
        kind: OpenTelemetry's span kind.
        context: The context whose current span is the parent, such as `ot.extract(headers)`; the current
            context by default.
        links: Spans of other traces that led to this one.
        start_time: Unix time in nanoseconds, for a span that started earlier.

    Returns:
        A context manager whose value is the OpenTelemetry span.
    """
    started = start_span(name, attributes, kind=kind, context=context, links=links, start_time=start_time)
    return SpanScope(started, kind)


def close(span: Span, token: Token[Context]) -> None:
    """End a span and restore the context around it; never raises.

    Args:
        span: The span.
        token: The token from `CURRENT.set_context`.
    """
    try:
        CURRENT.reset_context(token)
    except Exception:  # noqa: BLE001 - the API's own function logs the reason, and raises nothing
        otel_context.detach(token)
    try:
        span.end()
    except Exception as error:  # noqa: BLE001 - a processor of the user may raise anything
        report("end of a span", error)


def fail(span: Span, error: BaseException, *, kind: SpanKind = SpanKind.INTERNAL) -> None:
    """Record a failure on a span: status and `error.type`, and once per exception an event and a log record.

    The current convention puts exceptions into logs
    (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/); the span has the event
    as well, for viewers that show only the span, such as Jaeger. Two exceptions are not failures, and nothing
    is recorded for them: `GeneratorExit`, from an early `break` out of a generator, and `sys.exit(0)`.

    Args:
        span: The span of the operation that failed.
        error: The exception. A cancellation is a failure with the description "cancelled".
        kind: The span's kind; the failure of an outgoing call is logged as a warning, any other as an error.
    """
    if isinstance(error, GeneratorExit) or (isinstance(error, SystemExit) and error.code in {None, 0}):
        return
    with guard("record of an exception"):
        message = described(error)[:_LONGEST_MESSAGE]
        span.set_attribute("error.type", error_type(error))
        span.set_status(StatusCode.ERROR, "cancelled" if _is_cancellation(error) else message)
        if not _was_recorded(error):
            details = _details(error, message)
            span.add_event("exception", details)
            _log(span, details, kind)


def _is_cancellation(error: BaseException) -> bool:
    """Return whether asyncio cancelled the call; only a program that has imported asyncio can do that."""
    loaded = sys.modules.get("asyncio")
    return loaded is not None and isinstance(error, loaded.CancelledError)


def _was_recorded(error: BaseException) -> bool:
    """Return whether an inner span has recorded this exception, and mark it as recorded.

    The mark is in the exception's `__dict__`, because its class may override `__getattr__` and `__setattr__`.
    """
    known = vars(error)
    if _RECORDED in known:
        return True
    known[_RECORDED] = True
    return False


def _details(error: BaseException, message: str) -> dict[str, str]:
    try:
        stack = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - formatting calls the exception's own `__str__`
        stack = "".join(traceback.format_tb(error.__traceback__))
    return {
        "exception.type": error_type(error),
        "exception.message": message,
        "exception.stacktrace": stack,
    }


def _log(span: Span, details: dict[str, str], kind: SpanKind) -> None:
    severity = SeverityNumber.WARN if kind in _OUTGOING else SeverityNumber.ERROR
    CURRENT.logger.emit(
        context=set_span_in_context(span),
        severity_number=severity,
        severity_text=severity.name,
        body=f"{details['exception.type']}: {details['exception.message']}",
        attributes=details,
        event_name="exception",
    )
