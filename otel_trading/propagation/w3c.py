"""W3C: the header of a trace context, without the detours of the propagators that would write it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import get_current_span

DEFAULT = ("TraceContextTextMapPropagator", "W3CBaggagePropagator")
"""What `OTEL_PROPAGATORS` names by default."""


def traceparent(textmap: Any, context: Context | None) -> str | None:
    """Return the value of `traceparent`, if that is all that `textmap` would write; else None.

    That it is, where OpenTelemetry's own propagators are in force, and the context holds nothing but a span
    without vendors' state: no baggage, that is.

    Args:
        textmap: The propagator in force.
        context: The context to send; the current one without it.
    """
    given = get_current() if context is None else context
    if len(given) != 1 or not _is_default(textmap):
        return None
    span = get_current_span(given).get_span_context()
    if not span.is_valid or span.trace_state:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


@lru_cache(maxsize=1)
def _is_default(textmap: Any) -> bool:
    kinds = [type(one) for one in getattr(textmap, "_propagators", ())]
    return (
        all(kind.__module__.startswith("opentelemetry.") for kind in (type(textmap), *kinds))
        and tuple(kind.__name__ for kind in kinds) == DEFAULT
    )
