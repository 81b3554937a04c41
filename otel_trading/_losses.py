"""What was dropped, by signal and reason: anyone adds, `telemetry.health()` reads."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock

lock = Lock()
"""Held during a fork, see `pipeline.lifecycle`, so that no child starts with it taken."""
_losses: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))


def add(signal: str, reason: str, count: int = 1) -> None:
    """Count items that will not arrive, or not as they were given.

    Args:
        signal: "metrics", "traces", "logs" or "sdk".
        reason: A short word in snake case, such as "invalid_value" or "queue_full".
        count: How many items.
    """
    with lock:
        _losses[signal][reason] += count


def snapshot() -> dict[str, dict[str, int]]:
    """Return the losses so far, `{signal: {reason: count}}`, as a copy."""
    with lock:
        return {signal: dict(reasons) for signal, reasons in _losses.items()}


def reset() -> None:
    """Forget every loss; for tests and for a process that was just forked."""
    with lock:
        _losses.clear()
