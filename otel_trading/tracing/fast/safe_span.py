"""Safe spans: spans whose methods accept any value and never raise into user code."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import Span

from otel_trading._guard import guard
from otel_trading.values.exportable import attributes, exportable, named
from otel_trading.values.times import nanoseconds

_ATTRIBUTE: Final = guard("attribute of a span")
_EVENT: Final = guard("event of a span")
_STATUS: Final = guard("status of a span")
_END: Final = guard("end of a span")


def make_safe(span: Span) -> Span:
    """Replace the class of one of the SDK's spans by its safe subclass, and return the span.

    A span of another implementation is returned unchanged.
    """
    if hasattr(span, "end_time"):
        span.__class__ = safe(type(span))
    return span


def exportable_attributes(given: Any) -> Any:
    """Return attributes with values that the SDK accepts, or None if `given` is not a mapping or is empty."""
    if given.__class__ is not dict and not isinstance(given, Mapping):
        return None
    return attributes(given) if given else None


@functools.cache
def safe(kind: type) -> Any:
    """Return a subclass of a span's class whose methods convert their arguments and never raise."""

    class SafeSpan(kind):  # type: ignore[misc]
        __slots__ = ()  # the same layout, so that Python lets `make_safe` replace the class of a span

        def set_attribute(self, key: str, value: Any) -> None:
            with _ATTRIBUTE:
                super().set_attribute(named(key), exportable(value))

        def set_attributes(self, given: Mapping[str, Any]) -> None:
            with _ATTRIBUTE:
                super().set_attributes(exportable_attributes(given) or {})

        def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
            with _EVENT:
                moment = None if timestamp is None else nanoseconds(timestamp)
                super().add_event(named(name), exportable_attributes(attributes), moment)

        def add_link(self, context: Any, attributes: Any = None) -> None:
            with _EVENT:
                super().add_link(context, exportable_attributes(attributes))

        def record_exception(self, *arguments: Any, **keywords: Any) -> None:
            with _EVENT:
                super().record_exception(*arguments, **keywords)

        def set_status(self, *arguments: Any, **keywords: Any) -> None:
            with _STATUS:
                super().set_status(*arguments, **keywords)

        def update_name(self, name: str) -> None:
            with _STATUS:
                super().update_name(named(name))

        def end(self, end_time: int | None = None) -> None:
            with _END:
                super().end(None if end_time is None else nanoseconds(end_time))

    SafeSpan.__name__ = SafeSpan.__qualname__ = kind.__name__
    return SafeSpan
