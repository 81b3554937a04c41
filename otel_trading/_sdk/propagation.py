"""The propagators inside OpenTelemetry's composite propagator."""

from __future__ import annotations

from typing import Any


def components(textmap: Any) -> tuple[Any, ...]:
    """Return the propagators that a composite propagator calls, in their order.

    Args:
        textmap: Any propagator.

    Returns:
        An empty tuple if `textmap` is not a composite propagator, or if the installed release stores its
        parts under another name. The caller then finds none of the classes it knows, and uses its fallback.
    """
    return tuple(getattr(textmap, "_propagators", ()))
