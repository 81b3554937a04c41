"""The W3C `traceparent` header, written without calling each propagator.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from opentelemetry.context import Context, get_current
from opentelemetry.trace import get_current_span

from otel_trading._sdk.propagation import components

_DEFAULT: Final = ("TraceContextTextMapPropagator", "W3CBaggagePropagator")
"""The classes that the default of `OTEL_PROPAGATORS` names."""


def traceparent(textmap: Any, context: Context | None) -> str | None:
    """Return the value of `traceparent`, or None if `textmap` might write more or other headers.

    `traceparent` is the only header if `textmap` is OpenTelemetry's default, and the context holds a span
    without vendor state (`tracestate`) and nothing else, such as baggage.

    Args:
        textmap: The global propagator.
        context: The context to send; the current one by default.
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
    kinds = [type(one) for one in components(textmap)]
    # the module too: an application may have a propagator class of the same name
    return (
        all(kind.__module__.startswith("opentelemetry.") for kind in (type(textmap), *kinds))
        and tuple(kind.__name__ for kind in kinds) == _DEFAULT
    )
