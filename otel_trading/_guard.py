"""The guard: nothing of ours reaches user code, and nothing of ours goes unnoticed."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import ContextDecorator
from threading import RLock
from types import TracebackType

from otel_trading import _losses
from otel_trading._forking import hold_at_fork

_INTERVAL_S = 60.0

_log = logging.getLogger("otel_trading")
_lock = RLock()  # a signal's handler may come here while its thread is
hold_at_fork(_lock)
_last_warning: dict[str, float] = {}
_clock: Callable[[], float] = time.monotonic


def warn(cause: str, message: str, *args: object) -> None:
    """Log a warning once per cause, then at most once a minute.

    Args:
        cause: What the rate limit counts by; a constant, or one of few values.
        message: A %-format for `args`, as in `logging`.
        *args: Values for `message`.
    """
    now = _clock()
    with _lock:
        due = now - _last_warning.get(cause, -_INTERVAL_S) >= _INTERVAL_S
        if due:
            _last_warning[cause] = now
    if due:
        _log.warning(message, *args)


def report(doing: str, error: Exception) -> None:
    """Count and log an exception of ours that was caught, so that it does not reach the caller.

    For a hot path, where entering a `guard` costs as much as the guarded call. Under pytest the exception is
    raised, so that a mistake surfaces in a test.

    Args:
        doing: What failed, as the warning names it.
        error: What was caught.
    """
    if _is_under_pytest():
        raise error
    _losses.add("sdk", "internal_error")
    warn(f"guard:{doing}", "otel_trading: %s failed: %s: %s", doing, type(error).__name__, error)


def _is_under_pytest() -> bool:
    return "PYTEST_VERSION" in os.environ


class guard(ContextDecorator):  # noqa: N801 - reads as a statement: `with guard("order event"):`
    """Keep an `Exception` of ours from the caller: count it, warn, go on.

    Under pytest it is raised, so that a mistake surfaces in a test; `BaseException` always is.

    Args:
        doing: What failed, as the warning names it.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Enter the guarded block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or _is_under_pytest():
            return False
        report(self._doing, error)
        return True
