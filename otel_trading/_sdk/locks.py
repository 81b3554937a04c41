"""Reentrant locks that report their owner, and that can be released whole or renewed after a fork.

CPython's `RLock` has methods for this, which `threading.Condition` uses, but their names are private. If an
interpreter lacks one of these methods, `TrackedLock` replaces the lock by one in Python.
"""

from __future__ import annotations

from threading import Lock, RLock, get_ident
from types import TracebackType
from typing import Any, Final


class TrackedLock:
    """A reentrant lock in Python, with the private methods of CPython's `RLock`."""

    _owner: int | None
    _count: int

    def __init__(self) -> None:
        self._at_fork_reinit()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock; if this thread owns it already, count one more acquisition.

        Args:
            blocking: Whether to wait for it.
            timeout: Seconds to wait at most; -1 for no limit.
        """
        if self._is_owned():
            self._count += 1
            return True
        if not self._lock.acquire(blocking, timeout):
            return False
        # only the thread that holds `_lock` writes these, so `_is_owned` needs no lock
        self._owner, self._count = get_ident(), 1
        return True

    def release(self) -> None:
        """Undo one acquisition; the lock is free after as many releases as acquisitions.

        Raises:
            RuntimeError: This thread does not own it.
        """
        if not self._is_owned():
            raise RuntimeError("cannot release a lock that another thread owns")
        self._count -= 1
        if not self._count:
            self._owner = None  # before the release: the next owner writes it after its acquisition
            self._lock.release()

    def __enter__(self) -> bool:
        """Acquire the lock."""
        return self.acquire()

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _is_owned(self) -> bool:
        return self._owner == get_ident()

    def _release_save(self) -> int:
        count, self._count, self._owner = self._count, 0, None
        self._lock.release()
        return count

    def _acquire_restore(self, count: int) -> None:
        self._lock.acquire()
        self._owner, self._count = get_ident(), count

    def _at_fork_reinit(self) -> None:
        self._lock = Lock()
        self._owner = None
        self._count = 0


def probe(make_lock: Any) -> bool:
    """Return whether a lock has the methods that this module calls, and they work.

    Args:
        make_lock: A class or function that makes a reentrant lock.
    """
    try:
        lock = make_lock()
        with lock, lock:
            saved = lock._release_save()
            free = not lock._is_owned()
            lock._acquire_restore(saved)
            owned = lock._is_owned()
        left = not lock._is_owned()
        lock.acquire()
        lock._at_fork_reinit()
        renewed = not lock._is_owned() and lock.acquire(blocking=False)
        lock.release()
    except Exception:  # noqa: BLE001 - a private name that is missing may fail in any way
        return False
    return free and owned and left and bool(renewed)


_MAKE_LOCK: Final[Any] = RLock if probe(RLock) else TrackedLock


def reentrant_lock() -> Any:
    """Return a reentrant lock for the functions of this module: CPython's own if it has the methods."""
    return _MAKE_LOCK()


def is_owned(lock: Any) -> bool:
    """Return whether this thread owns a lock that `reentrant_lock` made."""
    return bool(lock._is_owned())


def release_all(lock: Any) -> Any:
    """Release a lock that this thread owns, however often it acquired it.

    Args:
        lock: Made by `reentrant_lock`.

    Returns:
        The state for `acquire_again`.
    """
    return lock._release_save()


def acquire_again(lock: Any, state: Any) -> None:
    """Acquire a lock as often as it was acquired before `release_all`.

    Args:
        lock: Made by `reentrant_lock`.
        state: Returned by `release_all`.
    """
    lock._acquire_restore(state)


def renew(lock: Any) -> None:
    """Free a lock of any owner: for a forked child, in which the parent's other threads do not exist.

    https://docs.python.org/3/library/os.html#os.fork
    """
    lock._at_fork_reinit()
