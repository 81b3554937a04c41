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
        if error is None or not isinstance(error, Exception):
            return False
        if "PYTEST_VERSION" in os.environ:
            return False
        _losses.add("sdk", "internal_error")
        kind_name = type(error).__name__
        warn(f"guard:{self._doing}", "otel_trading: %s failed: %s: %s", self._doing, kind_name, error)
        return True
