"""The open orders: find the order of an execution, and report the orders that are open at shutdown."""

from __future__ import annotations

from collections import OrderedDict
from threading import RLock
from typing import Final, Generic, Protocol, TypeVar

from otel_trading import _closing, _losses
from otel_trading._forking import at_fork
from otel_trading._guard import warn

MAX_OPEN: Final = 50_000
"""The most orders that are kept. One more evicts the oldest, which is exported as incomplete."""

MAX_RECENT: Final = 1024
"""The most completed orders that `find` still returns, so that a late execution finds its order."""


class Tracked(Protocol):
    """An object with an id that can be exported as incomplete."""

    @property
    def client_order_id(self) -> str:
        """The id for `find` (FIX 11 ClOrdID)."""

    def give_up(self) -> None:
        """Export it as incomplete, once."""


T = TypeVar("T", bound=Tracked)


class OpenOrders(Generic[T]):
    """Keeps orders from their construction to their completion; safe to use from any thread.

    A forked child starts with no orders: they are its parent's, and the parent completes them.
    """

    def __init__(self) -> None:
        self._has_hooks = False
        self._forget()

    def add(self, order: T) -> None:
        """Keep `order`; from now on `find` returns it for its id."""
        with self._lock:
            self._register_hooks()
            # ClOrdID must be unique within a trading day, so this is an error of the caller.
            # https://www.onixs.biz/fix-dictionary/4.4/tagNum_11.html
            if order.client_order_id in self._by_id:
                _losses.add("metrics", "duplicate_order_id")
                warn(
                    "duplicate_order_id", "otel_trading: two open orders have one id; the newer one is found"
                )
            self._open[id(order)] = order
            self._by_id[order.client_order_id] = order
            oldest = self._evict_oldest() if len(self._open) > MAX_OPEN else None
        # Outside the lock: `give_up` acquires the order's lock, and a thread that holds an order's lock
        # may wait for this one.
        if oldest is not None:
            oldest.give_up()

    def complete(self, order: T) -> None:
        """Move `order` to the completed ones, of which the last `MAX_RECENT` are kept."""
        with self._lock:
            self._remove(order)
            self._recent[order.client_order_id] = order
            if len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)

    def find(self, client_order_id: str) -> T | None:
        """Return the open order with this id, else the recently completed one, else None."""
        with self._lock:
            return self._by_id.get(client_order_id) or self._recent.get(client_order_id)

    def all(self) -> list[T]:
        """Return the orders that have not completed, oldest first."""
        with self._lock:
            return list(self._open.values())

    def _evict_oldest(self) -> T:
        oldest = next(iter(self._open.values()))
        self._remove(oldest)
        _losses.add("traces", "open_orders")
        warn("open_orders", "otel_trading: more than %d orders were never completed", MAX_OPEN)
        return oldest

    def _remove(self, order: T) -> None:
        self._open.pop(id(order), None)
        if self._by_id.get(order.client_order_id) is order:
            del self._by_id[order.client_order_id]

    def _register_hooks(self) -> None:
        # Called for the first order and not at import, so that a process without orders runs no hooks.
        if self._has_hooks:
            return
        self._has_hooks = True
        _closing.register(self._give_up_all)
        at_fork(in_child=self._forget)

    def _give_up_all(self) -> None:
        for order in self.all():
            order.give_up()

    def _forget(self) -> None:
        # A new lock too: in a forked child, the old one may be held by a thread that no longer exists.
        # https://docs.python.org/3/library/os.html#os.fork
        self._lock = RLock()
        self._open: dict[int, T] = {}
        self._by_id: dict[str, T] = {}
        self._recent: OrderedDict[str, T] = OrderedDict()
