"""Forks: what an object has to do around one, for as long as there is the object, and what a lock has to."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from otel_trading._sdk import locks

Method = Callable[[], None]


class Lock(Protocol):
    """A lock of `threading`, of either kind."""

    def acquire(self) -> Any:
        """Wait for it."""

    def release(self) -> None:
        """Let it go."""


def at_fork(*, before: Method | None = None, in_parent: Method | None = None, in_child: Method) -> None:
    """Have methods run around each fork of this process; they do not keep their object alive.

    Where a platform does not fork, nothing is done.

    Args:
        before: A bound method that takes nothing, for before the fork.
        in_parent: One for the parent, after it.
        in_child: One for the child, after it.
    """
    given = {"before": before, "after_in_parent": in_parent, "after_in_child": in_child}
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(**{when: _weak(method) for when, method in given.items() if method is not None})


def hold_at_fork(lock: Lock) -> None:
    """Hold a lock while this process forks, so that no child starts with it taken by a thread it has not.

    Call it where the module is imported: what is registered first holds a fork up last, and goes on first,
    so that everything else that is done around a fork finds the lock free.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def renewed_lock() -> Any:
    """Return a reentrant lock that a forked child finds free, unless the thread that forked has it.

    For objects that users make, of any number: a fork waits for none of them.
    """
    lock = locks.reentrant_lock()
    _renewed.add(lock)
    return lock


_renewed: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def _renew() -> None:
    for lock in _renewed:
        if not locks.is_owned(lock):
            locks.renew(lock)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _weak(method: Method) -> Method:
    found = weakref.WeakMethod(method)

    def call() -> None:
        alive = found()
        if alive is not None:
            alive()

    return call
