"""What must happen before the last export: instruments register it, the pipeline runs it."""

from __future__ import annotations

from collections.abc import Callable

from otel_trading._guard import guard

_callbacks: list[Callable[[], None]] = []


def register(callback: Callable[[], None]) -> Callable[[], None]:
    """Have `callback` run before the last export of this process.

    Args:
        callback: Takes nothing; an exception of its own is swallowed and counted.

    Returns:
        A function that takes the registration back.
    """
    _callbacks.append(callback)
    return lambda: _callbacks.remove(callback) if callback in _callbacks else None


def run() -> None:
    """Run every registered callback, in the order of registration; they stay registered."""
    for callback in tuple(_callbacks):
        with guard("closing callback"):
            callback()
