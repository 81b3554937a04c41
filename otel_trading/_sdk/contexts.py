"""The places where OpenTelemetry's API stores the current context, and the current span in a context."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

SPAN_KEY: Final = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""The key of the current span in a context; the API creates it at import, with a random part."""


def context_variable() -> ContextVar[Context] | None:
    """Return the variable that holds the current context.

    Returns:
        None if another runtime context is configured, or if the installed release stores the variable
        elsewhere. Then only the API's functions return the current context.
    """
    runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
    if type(runtime) is not ContextVarsRuntimeContext:
        return None
    found = getattr(runtime, "_current_context", None)
    return found if isinstance(found, ContextVar) else None
