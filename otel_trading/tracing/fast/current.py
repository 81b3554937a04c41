"""The current span: contexts that hold a span, made faster than by the API's own functions."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.context import Context

from otel_trading._sdk.contexts import SPAN_KEY

put: Final = dict.__setitem__
"""Sets a key of a new context that no other code refers to; the context's own method refuses changes."""


def with_span(context: Context, span: Any) -> Context:
    """Return a copy of a context whose current span is `span`.

    Args:
        context: A context; any other object that a user attached counts as an empty one.
        span: The span.
    """
    try:
        inside = Context(context)
    except Exception:  # noqa: BLE001 - cheaper than a check of the type for every span
        inside = Context()
    put(inside, SPAN_KEY, span)
    return inside
