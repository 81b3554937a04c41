"""Probes: each tries private names once per process; the caller uses its fallback if the probe fails."""

from __future__ import annotations

import functools
from collections.abc import Callable

from otel_trading._guard import warn


def once(check: Callable[[], bool]) -> Callable[[], bool]:
    """Decorate a probe: it runs once per process, and an exception means that it failed.

    Args:
        check: Returns whether the installed release works as this package expects. A private name that is
            missing may raise anything.
    """

    @functools.cache
    @functools.wraps(check)
    def probe() -> bool:
        try:
            return check()
        except Exception:  # noqa: BLE001 - a private name that is missing may raise anything
            return False

    return probe


def warn_unknown_release(feature: str) -> None:
    """Warn that a feature uses its fallback with the installed release of the SDK.

    Args:
        feature: The feature that uses its fallback, such as "fast spans".
    """
    warn(
        feature,
        "otel_trading: this release of opentelemetry-sdk is not known to the %s, "
        "so the SDK's own are used: correct, and slower",
        feature,
    )
