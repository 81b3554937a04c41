"""The lifecycle: what happens when the process ends or forks."""

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
"""The priority of what runs when a child of multiprocessing ends: after the application's own."""


_INIT: Final = 1
"""The first process of a container, which outlives each signal that it has no handler of its own for."""


class Closable(Protocol):
    """What ends with the process."""

    def flush(self, timeout: float = 2.0) -> bool:
        """Export what is there."""

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Export what is there and stop."""


class Lifecycle:
    """Closes telemetry at exit and at SIGTERM, and lets a forked child begin its own account.

    Children of `multiprocessing` end without `atexit`; there its own finalizers close telemetry.

    Args:
        telemetry: What is closed.
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
            os.register_at_fork(after_in_child=partial(_begin_account, weakref.ref(telemetry)))

    def end(self) -> None:
        """Leave exit and SIGTERM to others again."""
        atexit.unregister(self._at_exit)
        if self._installed and _in_main_thread() and signal.getsignal(signal.SIGTERM) == self._on_sigterm:
            signal.signal(signal.SIGTERM, self._previous)
        self._installed = False

    def _take_sigterm(self) -> None:
        if not _in_main_thread():
            return
        previous = signal.getsignal(signal.SIGTERM)
        if previous is signal.SIG_IGN or previous is None:  # None: installed by something that is not Python
            return
        self._previous = previous
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self._installed = True

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        previous: Callable[[int, FrameType | None], Any] | int = self._previous
        if callable(previous):  # the application decides what SIGTERM means; it may go on
            self._telemetry.flush()
            previous(number, frame)
            return
        if os.getpid() == _INIT:
            self._telemetry.flush()
            return
        self._telemetry.shutdown()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)  # so that the parent sees which signal it was


def _close(telemetry: Closable) -> None:
    with suppress(KeyboardInterrupt):  # the second one: whoever presses it does not want to wait
        telemetry.shutdown()


def _close_with_children(telemetry: Closable) -> None:
    from multiprocessing import parent_process, util  # noqa: PLC0415 - `import otel_trading` needs none of it

    if parent_process() is not None:  # spawned: `atexit` will not run
        _finalize(telemetry)
    util.register_after_fork(telemetry, _finalize)


def _finalize(telemetry: Closable) -> None:
    """Have multiprocessing close telemetry when this child ends."""
    from multiprocessing import util  # noqa: PLC0415

    util.Finalize(None, telemetry.shutdown, exitpriority=_LATE)


def _begin_account(telemetry: weakref.ref[Closable]) -> None:
    if telemetry() is not None:  # what the parent lost and counted, the parent says
        _losses.reset()
        recording.restart()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
