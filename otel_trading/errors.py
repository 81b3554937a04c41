"""The errors that otel_trading raises, all of them before the first measurement.

OtelTradingError
├── ConfigurationError       a setting, an endpoint, a port; `otel-trading` ends with exit code 2
│   └── MissingExtraError    an optional dependency that is not installed
└── LabelError               a label that a metric does not have, or one that it needs (a ValueError too)

Each message is one sentence: what was given, what is allowed, and the nearest match where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable


class OtelTradingError(Exception):
    """Base of every error this package raises."""


class ConfigurationError(OtelTradingError):
    """A setting is unknown, has a wrong value, or cannot be put into force."""


class MissingExtraError(ConfigurationError):
    """A part of the package needs an extra that is not installed."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(f"{needed_for} needs the extra [{extra}]: pip install 'otel_trading[{extra}]'")


class LabelError(OtelTradingError, ValueError):
    """A label name or value does not fit the metric it is bound to."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Name the allowed word that looks most like the given one.

    Args:
        given: What the user wrote.
        allowed: What would have been accepted.

    Returns:
        ` Did you mean 'word'?` with a leading space, or an empty string where nothing is close.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    matches = get_close_matches(given, list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {matches[0]!r}?" if matches else ""
