"""The count of lost items by signal and reason; `telemetry.health()` reports it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from threading import RLock
from typing import Final

from otel_trading._forking import hold_at_fork

_NONE: Final[Mapping[str, int]] = {}

_lock = RLock()  # reentrant: a signal handler may interrupt `add` and call it again
hold_at_fork(_lock)
_losses: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))


def add(signal: str, reason: str, count: int = 1) -> None:
    """Count items that will not be exported, or not with the values that were given.

    Args:
        signal: "metrics", "traces", "logs" or "sdk".
        reason: A short word in snake case, such as "invalid_value" or "queue_full".
        count: How many items.
    """
    with _lock:
        _losses[signal][reason] += count


def snapshot() -> dict[str, dict[str, int]]:
    """Return the losses so far, `{signal: {reason: count}}`, as a copy."""
    with _lock:
        return {signal: dict(reasons) for signal, reasons in _losses.items()}


def count(signal: str, reason: str) -> int:
    """Return how many items of a signal were lost for one reason."""
    with _lock:
        return _losses.get(signal, _NONE).get(reason, 0)


def reset() -> None:
    """Reset all counts to zero, for tests and in a forked child."""
    with _lock:
        _losses.clear()
