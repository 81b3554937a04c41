"""The propagators inside OpenTelemetry's composite propagator."""

from __future__ import annotations

from typing import Any


def components(textmap: Any) -> tuple[Any, ...]:
    """Return the propagators that a composite propagator calls, in their order.

    Args:
        textmap: Any propagator.

    Returns:
        An empty tuple if it is not a composite one, or if a release stores them under another name. The
        caller compares their classes with the known ones, so an empty tuple means its fallback.
    """
    return tuple(getattr(textmap, "_propagators", ()))
