"""Daemon threads that may fail to start: the process has too many threads, or is about to exit."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from otel_trading import _losses
from otel_trading._guard import warn


def start(work: Callable[[], None], name: str, consequence: str) -> Thread:
    """Run a function on a daemon thread. If no thread can be started, count that and warn.

    Args:
        work: The function to run.
        name: The name of the thread.
        consequence: What the warning says of a process without this thread.

    Returns:
        The thread, which does not run if it could not be started.
    """
    thread = Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        _losses.add("sdk", "no_thread")
        warn("no_thread", "otel_trading: %s: %s", consequence, error)
    return thread
