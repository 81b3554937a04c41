"""Threads that may not be had: the process has too many, or is about to exit."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from otel_trading import _losses
from otel_trading._guard import warn


def start(work: Callable[[], None], name: str, otherwise: str) -> Thread:
    """Run something on a daemon thread; where none can be had, that is counted and warned of.

    Args:
        work: What to run.
        name: Of the thread.
        otherwise: What is so without it.

    Returns:
        The thread, which runs unless none could be had.
    """
    thread = Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _losses.add("sdk", "no_thread")
        warn("no_thread", "otel_trading: %s: %s", otherwise, error)
    return thread
