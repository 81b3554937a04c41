"""The open orders: who an execution belongs to, and what is still open when the process ends."""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import Final, Generic, Protocol, TypeVar

from otel_trading import _closing, _losses
from otel_trading._forking import at_fork
from otel_trading._guard import warn

MAX_OPEN: Final = 50_000
"""Orders that are kept; one more, and the oldest is given up as one that nobody will complete."""

MAX_RECENT: Final = 1024
"""Completed orders that are still found, so that a late or repeated execution is told from an unknown one."""


class Tracked(Protocol):
    """What is kept: something with an id, that can be given up."""

    @property
    def client_order_id(self) -> str:
        """The id it is found by (FIX 11 ClOrdID)."""

    def give_up(self) -> None:
        """Export it as incomplete, once."""


T = TypeVar("T", bound=Tracked)


class OpenOrders(Generic[T]):
    """Holds orders from their construction to their completion; safe to use from any thread.

    A forked child starts with none: the orders are its parent's, and the parent completes them.
    """

    def __init__(self) -> None:
        self._hooked = False
        self._forget()

    def add(self, order: T) -> None:
        """Keep `order`; it is the one that `find` gives for its id from now on."""
        with self._lock:
            self._hook()
            if order.client_order_id in self._by_id:
                _losses.add("metrics", "duplicate_order_id")
                warn(
                    "duplicate_order_id", "otel_trading: two open orders have one id; the newer one is found"
                )
            self._open[id(order)] = order
            self._by_id[order.client_order_id] = order
            oldest = self._oldest() if len(self._open) > MAX_OPEN else None
        if oldest is not None:
            oldest.give_up()  # outside the lock: it takes the order's own

    def completed(self, order: T) -> None:
        """Keep `order` no longer, but among the recent ones."""
        with self._lock:
            self._remove(order)
            self._recent[order.client_order_id] = order
            if len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)

    def find(self, client_order_id: str) -> T | None:
        """Return the order of an id: an open one, else one of the last that completed."""
        with self._lock:
            return self._by_id.get(client_order_id) or self._recent.get(client_order_id)

    def all(self) -> list[T]:
        """Return the orders that are kept, oldest first."""
        with self._lock:
            return list(self._open.values())

    def _oldest(self) -> T:
        oldest = next(iter(self._open.values()))
        self._remove(oldest)
        _losses.add("traces", "open_orders")
        warn("open_orders", "otel_trading: more than %d orders were never completed", MAX_OPEN)
        return oldest

    def _remove(self, order: T) -> None:
        self._open.pop(id(order), None)
        if self._by_id.get(order.client_order_id) is order:
            del self._by_id[order.client_order_id]

    def _hook(self) -> None:
        if self._hooked:
            return
        self._hooked = True
        _closing.register(self._give_up_all)
        at_fork(in_child=self._forget)

    def _give_up_all(self) -> None:
        for order in self.all():
            order.give_up()

    def _forget(self) -> None:
        self._lock = RLock()
        self._open: dict[int, T] = {}
        self._by_id: dict[str, T] = {}
        self._recent: OrderedDict[str, T] = OrderedDict()
