"""The current span: a context that holds it, made without the API's detours."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

SPAN_KEY: Final = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""Under which key the API keeps the current span in a context."""

put: Final = dict.__setitem__
"""Sets a key of a context that is nobody's yet, which its own method refuses."""


def with_span(context: Any, span: Any) -> Context:
    """Return a context like `context`, whose current span is `span`."""
    inside = Context(context) if isinstance(context, dict) else Context()  # anything may be attached
    put(inside, SPAN_KEY, span)
    return inside
