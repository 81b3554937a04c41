"""Trace context in the headers of HTTP requests and WebSocket handshakes, and in other mappings of text."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, TypeVar

from opentelemetry.context import Context

from otel_trading._guard import guard

Carrier = TypeVar("Carrier", bound=MutableMapping[str, str])


def inject(carrier: Carrier, *, context: Context | None = None) -> Carrier:
    """Write the trace context into headers, in the formats that `OTEL_PROPAGATORS` names (W3C by default).

    Args:
        carrier: The headers to send; changed in place.
        context: The context to send; the current one by default.

    Returns:
        The carrier, for calls such as `requests.get(url, headers=inject({}))`.
    """
    with guard("injection of the trace context"):
        api().inject(carrier, context)
    return carrier


def extract(carrier: Mapping[str, str]) -> Context:
    """Read the trace context from headers.

    Args:
        carrier: The received headers.

    Returns:
        A context for `ot.span(..., context=...)`; empty if the headers hold none, or an invalid one.
    """
    with guard("extraction of the trace context"):
        found: Context = api().extract(carrier, Context())
        return found
    return Context()


@cache
def api() -> Any:
    """Import and return `opentelemetry.propagate`; late, since its import searches all installed packages."""
    from opentelemetry import propagate  # noqa: PLC0415

    return propagate
