"""The guard: exceptions of this package do not reach user code; they are counted and logged."""

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
_lock = RLock()  # reentrant: a signal handler may interrupt `warn` and call it again
hold_at_fork(_lock)
_last_warning: dict[str, float] = {}
_clock: Callable[[], float] = time.monotonic


def warn(cause: str, message: str, *args: object) -> None:
    """Log a warning once per cause, then at most once a minute.

    Args:
        cause: The key of the rate limit: a constant, or one of a few values.
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
    """Count and log a caught exception of this package, so that it does not reach the user's code.

    For a hot path, where entering a `guard` costs as much as the guarded call. Under pytest the exception is
    raised, so that a mistake surfaces in a test.

    Args:
        doing: The name of the failed operation, for the warning.
        error: The caught exception.
    """
    if _is_under_pytest():
        raise error
    _losses.add("sdk", "internal_error")
    warn(f"guard:{doing}", "otel_trading: %s failed: %s: %s", doing, type(error).__name__, error)


def _is_under_pytest() -> bool:
    return "PYTEST_VERSION" in os.environ


class guard(ContextDecorator):  # noqa: N801 - reads as a statement: `with guard("order event"):`
    """Suppress an `Exception` of this package: count it, warn, and continue after the block.

    Under pytest it is raised, so that a mistake surfaces in a test. Other `BaseException`s, such as
    `KeyboardInterrupt`, are always raised.

    Args:
        doing: The name of the guarded operation, for the warning.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Enter the guarded block."""

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or _is_under_pytest():
            return False
        report(self._doing, error)
        return True
