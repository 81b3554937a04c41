"""Fork hooks: run methods around `os.fork` while their object lives, and keep locks usable in the child.

A forked child has only the thread that forked. A lock that another thread held stays locked in the child
forever, so either the forking thread acquires it before the fork (`hold_at_fork`), or the child renews it
(`renewed_lock`):
https://docs.python.org/3/library/os.html#os.register_at_fork
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from otel_trading._sdk import locks

Method = Callable[[], None]


class Lock(Protocol):
    """A lock of `threading`, reentrant or not."""

    def acquire(self) -> Any:
        """Acquire the lock."""

    def release(self) -> None:
        """Release the lock."""


def at_fork(*, before: Method | None = None, in_parent: Method | None = None, in_child: Method) -> None:
    """Run bound methods around each fork of this process, without keeping their object alive.

    On a platform without `fork` this does nothing.

    Args:
        before: A method without arguments, called before the fork.
        in_parent: Called in the parent after the fork.
        in_child: Called in the child after the fork.
    """
    given = {"before": before, "after_in_parent": in_parent, "after_in_child": in_child}
    if hasattr(os, "register_at_fork"):
        # CPython has no way to unregister a hook, so it holds only a weak reference
        os.register_at_fork(**{when: _weak(method) for when, method in given.items() if method is not None})


def hold_at_fork(lock: Lock) -> None:
    """Acquire a lock before each fork and release it afterwards, in the parent and in the child.

    Call it at import time. `before` hooks run in reverse order of registration, and the others in order, so a
    lock that is registered first is acquired last and released first. Hooks that are registered later find it
    free.

    Args:
        lock: A lock that lives as long as the process.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def renewed_lock() -> Any:
    """Return a reentrant lock that is free in a forked child, unless the forking thread owns it.

    For locks whose number has no limit, such as those of the user's objects: a fork does not wait for them.
    """
    lock = locks.reentrant_lock()
    _renewed.add(lock)
    return lock


_renewed: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def _renew() -> None:
    for lock in _renewed:
        # the forking thread goes on in the child, and will release the locks that it owns
        if not locks.is_owned(lock):
            locks.renew(lock)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _weak(method: Method) -> Method:
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call
