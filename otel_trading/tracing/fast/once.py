"""Once: the lock for what happens at most once in a span's life."""

from __future__ import annotations

from threading import RLock
from typing import Final

from otel_trading._forking import at_fork


class Once:
    """A lock that is free in a forked child: a thread of the parent may have held it.

    Its own thread may come back to it, in a signal's handler or a finalizer, and has to look again after what
    it made.
    """

    def __init__(self) -> None:
        self._renew()
        at_fork(in_child=self._renew)

    def _renew(self) -> None:
        self.lock = RLock()


ONCE: Final = Once()
