"""The errors that this package raises. It raises them at start-up only, before the first measurement.

OtelTradingError
├── ConfigurationError       a wrong setting, endpoint or port; `otel-trading` ends with exit code 2
│   └── MissingExtraError    an optional dependency that is not installed
└── LabelError               an unknown label of a metric, or a missing one (a ValueError too)

Each message is one sentence with the given value, the allowed ones, and the nearest match if one is close.
"""

from __future__ import annotations

from collections.abc import Iterable


class OtelTradingError(Exception):
    """Base of every error this package raises."""


class ConfigurationError(OtelTradingError):
    """A setting is unknown, has a wrong value, or cannot be applied."""


class MissingExtraError(ConfigurationError):
    """A part of the package needs an extra that is not installed."""

    def __init__(self, needed_for: str, extra: str) -> None:
        super().__init__(f"{needed_for} needs the extra [{extra}]: pip install 'otel_trading[{extra}]'")


class LabelError(OtelTradingError, ValueError):
    """A label name or value does not fit the metric it is bound to."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """Return a question that suggests the most similar allowed word.

    Args:
        given: The user's word.
        allowed: The accepted words.

    Returns:
        ` Did you mean 'word'?` with a leading space, or an empty string if no word is close.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only a user's mistake needs it

    matches = get_close_matches(given, list(allowed), n=1, cutoff=0.5)
    return f" Did you mean {matches[0]!r}?" if matches else ""
