"""Probes: a probe tries private names once per process; if it fails, the caller uses a fallback."""

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
    """Warn that a feature does not support the installed release of the SDK and uses its fallback.

    Args:
        feature: The feature that uses its fallback, such as "fast spans".
    """
    warn(
        feature,
        "otel_trading: the %s do not support the installed release of opentelemetry-sdk, "
        "so the SDK's own are used: correct, but slower",
        feature,
    )
