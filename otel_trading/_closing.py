"""Callbacks that run before the last export: instruments register them, and the pipeline runs them."""

from __future__ import annotations

from collections.abc import Callable

from otel_trading._guard import guard

_callbacks: list[Callable[[], None]] = []


def register(callback: Callable[[], None]) -> Callable[[], None]:
    """Run `callback` before the last export of this process.

    Args:
        callback: A function without arguments; its exceptions are suppressed and counted.

    Returns:
        A function that unregisters the callback.
    """
    _callbacks.append(callback)
    return lambda: _callbacks.remove(callback) if callback in _callbacks else None


def run() -> None:
    """Run every registered callback in the order of registration; the callbacks stay registered."""
    for callback in tuple(_callbacks):
        with guard("closing callback"):
            callback()
