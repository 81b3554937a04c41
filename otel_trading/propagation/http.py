"""Context in the text headers of a carrier: HTTP requests, WebSocket handshakes, anything with keys."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any, TypeVar

from opentelemetry.context import Context

from otel_trading._guard import guard

Carrier = TypeVar("Carrier", bound=MutableMapping[str, str])


def inject(carrier: Carrier, *, context: Context | None = None) -> Carrier:
    """Write the trace context into a carrier, in the formats that `OTEL_PROPAGATORS` names (W3C by default).

    Args:
        carrier: Headers to be sent; changed in place.
        context: The context to send; the current one without it.

    Returns:
        The carrier, so that `requests.get(url, headers=inject({}))` reads well.
    """
    with guard("injection of the trace context"):
        api().inject(carrier, context)
    return carrier


def extract(carrier: Mapping[str, str]) -> Context:
    """Read the trace context out of a carrier.

    Args:
        carrier: Headers as they were received.

    Returns:
        A context for `ot.span(..., context=...)`; empty where the carrier holds none, or a broken one.
    """
    with guard("extraction of the trace context"):
        found: Context = api().extract(carrier, Context())
        return found
    return Context()


@cache
def api() -> Any:
    """Return the API's propagators, which look through every installed package when they are imported."""
    from opentelemetry import propagate  # noqa: PLC0415

    return propagate
