"""Where OpenTelemetry's API keeps the current context, and the current span in a context."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

SPAN_KEY: Final = next(iter(set_span_in_context(INVALID_SPAN, Context())))
"""The key of the current span in a context; asked of the API, which makes it at import."""


def context_variable() -> ContextVar[Context] | None:
    """Return the variable that holds the current context.

    Returns:
        None where another runtime context is in force, or a release keeps it elsewhere: then only the API's
        functions know the current context.
    """
    runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
    if type(runtime) is not ContextVarsRuntimeContext:
        return None
    found = getattr(runtime, "_current_context", None)
    return found if isinstance(found, ContextVar) else None
