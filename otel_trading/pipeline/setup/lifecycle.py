"""Lifecycle: close telemetry when the process ends, and restart its counts in a forked child."""

from __future__ import annotations

import atexit
import os
import signal
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, Final, Protocol

from otel_trading import _losses, recording

_LATE: Final = -100
"""The priority of our finalizer in a child of `multiprocessing`: after those of the application."""

_INIT: Final = 1
"""The process id of a container's first process. The kernel ignores signals for it without a handler.

https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
"""


class Closable(Protocol):
    """Telemetry, as far as the lifecycle knows it."""

    def flush(self, timeout: float = 2.0) -> bool:
        """Export everything that was recorded so far."""

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Export everything that was recorded, and stop."""


class Lifecycle:
    """Closes telemetry at exit and at SIGTERM, and restarts the counts of losses in a forked child.

    Children of `multiprocessing` end without running `atexit`, so a finalizer of `multiprocessing` closes
    telemetry there.

    Args:
        telemetry: The telemetry to close.
    """

    def __init__(self, telemetry: Closable) -> None:
        self._telemetry = telemetry
        self._previous: Any = None
        self._installed = False
        self._at_exit = partial(_close, telemetry)
        atexit.register(self._at_exit)
        _close_with_children(telemetry)
        self._take_sigterm()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=partial(_restart_counts, weakref.ref(telemetry)))

    def end(self) -> None:
        """Remove the handlers of exit and SIGTERM."""
        atexit.unregister(self._at_exit)
        if self._installed and _in_main_thread() and signal.getsignal(signal.SIGTERM) == self._on_sigterm:
            signal.signal(signal.SIGTERM, self._previous)
        self._installed = False

    def _take_sigterm(self) -> None:
        if not _in_main_thread():
            return
        previous = signal.getsignal(signal.SIGTERM)
        if previous is signal.SIG_IGN or previous is None:  # None: the handler was not installed from Python
            return
        self._previous = previous
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self._installed = True

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        previous: Callable[[int, FrameType | None], Any] | int = self._previous
        if callable(previous):  # the application decides what SIGTERM means; it may not end
            self._telemetry.flush()
            previous(number, frame)
            return
        if os.getpid() == _INIT:
            self._telemetry.flush()
            return
        self._telemetry.shutdown()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)  # the parent sees the signal as the cause of the exit


def _close(telemetry: Closable) -> None:
    with suppress(KeyboardInterrupt):  # after a second Ctrl-C the user does not want to wait
        telemetry.shutdown()


def _close_with_children(telemetry: Closable) -> None:
    from multiprocessing import parent_process, util  # noqa: PLC0415 - keeps `import otel_trading` fast

    if parent_process() is not None:  # a spawned child: `atexit` will not run
        _finalize(telemetry)
    util.register_after_fork(telemetry, _finalize)


def _finalize(telemetry: Closable) -> None:
    """Register a finalizer of `multiprocessing` that closes telemetry when this child ends."""
    from multiprocessing import util  # noqa: PLC0415 - as above

    util.Finalize(None, telemetry.shutdown, exitpriority=_LATE)


def _restart_counts(telemetry: weakref.ref[Closable]) -> None:
    if telemetry() is not None:  # the parent reports its own losses
        _losses.reset()
        recording.restart()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
