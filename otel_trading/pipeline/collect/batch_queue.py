"""Batch queue: a queue that is bounded in items and in bytes, and counts each item that it drops.

The SDK's batch processors are bounded by items alone, so that large attributes can take 2 GB, and they do not
count the items that a full queue drops. `batch_worker` exports the items of this queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from threading import Condition
from typing import Any, Final, Generic, TypeVar

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading._sdk import locks
from otel_trading.pipeline.collect.lanes import (
    WEIGHT,
    Entry,
    Lane,
    QueueBounds,
    QueuedItem,
    drain,
    next_batch,
)
from otel_trading.pipeline.deliver.account import ExportAccount

T = TypeVar("T")

_ARRIVALS: Final = 32
"""How many items arrive before they are counted and bounded."""

_HEAVY_BYTES: Final = 16 * 1024
"""An item above this weight is counted and bounded at once."""


class BatchQueue(Generic[T]):
    """Queues the items of one signal for one exporter.

    A full queue evicts its oldest items. It evicts urgent items only if no ordinary item is left.

    Any thread and any signal handler may call `put` and `admit`. The other methods and the attributes are for
    the worker, which acquires `changed` before it uses them.

    Args:
        account: Counts the items of this signal and exporter.
        bounds: How many items and bytes the queue may contain.
        start_worker: Starts the worker, and returns whether that succeeded.

    Attributes:
        has_worker: Whether the worker runs. The worker sets this.
        changed: Condition over the queue's lock, notified when a batch is full or items are done.
        closing: Whether new items are dropped as "already_shutdown".
        stopped: Whether the queue was closed and dropped its last items.
        done: How many items were delivered or lost.
        lost: How many items were lost.
        exporting: How many items the worker has taken and not settled yet.
        wanted: The count that `done` has to reach for all threads that wait in a flush.
    """

    def __init__(self, account: ExportAccount, bounds: QueueBounds, start_worker: Callable[[], bool]) -> None:
        self.account = account
        self.bounds = bounds
        self._start_worker = start_worker
        self._heavy = min(_HEAVY_BYTES, bounds.size_bytes // _ARRIVALS)
        self._full_arrival_limit = min(_ARRIVALS, bounds.batch, bounds.size)
        self.closing = self.stopped = False
        self.reset()

    def reset(self) -> None:
        """Empty the queue, for its start and for a forked child: the parent exports the items it queued."""
        self._ordinary, self._urgent = Lane.empty(), Lane.empty()
        self._arrival_limit = 1  # until the worker runs, each `put` tries to start it
        self.has_worker = self._start_failed = False
        self._weight = 0
        # Reentrant, because a signal handler may log while its own thread owns the lock:
        # https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
        self._lock = locks.reentrant_lock()
        self.changed = Condition(self._lock)
        self.done = self.lost = self.exporting = self.wanted = 0

    def put(self, item: T, weight: int = 0, *, urgent: bool = False) -> None:
        """Queue an item; never wait for an export.

        Args:
            item: A span or a log record.
            weight: About how many bytes it has.
            urgent: Whether it is evicted last.
        """
        # Appending to a deque is atomic and takes no lock. `[0]` is `arrived`; reading it by name is slower.
        # https://docs.python.org/3/library/collections.html#collections.deque
        arrived = self._urgent[0] if urgent else self._ordinary[0]
        arrived.append((item, weight, False))
        if len(arrived) >= self._arrival_limit or weight > self._heavy:
            self.admit()

    def admit(self) -> None:
        """Move arrived items into the queue and enforce its bounds.

        If a signal handler interrupts this, it returns at once and the interrupted call finishes.
        """
        if locks.is_owned(self._lock):
            return
        with self._lock:
            self.admit_arrivals()
        if self._start_failed:  # without the lock, since a logging handler may call this queue again
            warn("no_thread", "otel_trading: no thread can be started to export %s", self.account.signal)

    @contextmanager
    def lock_released(self) -> Iterator[None]:
        """Release the queue's lock while waiting, if a signal handler interrupted this thread inside it."""
        state = locks.release_all(self._lock) if locks.is_owned(self._lock) else None
        try:
            yield
        finally:
            if state is not None:
                locks.acquire_again(self._lock, state)

    @property
    def length(self) -> int:
        """How many items wait for their export."""
        return len(self._ordinary.waiting) + len(self._urgent.waiting)

    @property
    def admitted(self) -> int:
        """How many items this queue has admitted since its start."""
        return self.done + self.exporting + self.length

    def request_worker(self) -> None:
        """Start the worker. If no thread can be started, the next `admit` tries again."""
        self._start_failed = not self._start_worker()
        if not self._start_failed:
            self._arrival_limit = self._full_arrival_limit

    def admit_arrivals(self) -> None:
        """Count the items that have arrived, and evict the oldest items beyond the bounds."""
        before = self.length
        # A signal handler may put items while the loop runs, so that it ends only when both are empty.
        while self._urgent.arrived or self._ordinary.arrived:
            for lane in (self._urgent, self._ordinary):
                if new := drain(lane.arrived):
                    self._accept(new, lane.waiting)
        if not self.has_worker and not self.closing:
            self.request_worker()
        length = self.length
        if length > self.bounds.size or self._weight > self.bounds.size_bytes:
            self.evict()
        if self.stopped:  # `close` ran while a signal handler had interrupted this method
            self.drop_all("already_shutdown")
        # At any other length no thread waits for these items, and waking one would delay the next `put`.
        if before < self.bounds.batch <= length:
            self.changed.notify_all()

    def _accept(self, new: list[QueuedItem], waiting: deque[QueuedItem]) -> None:
        self.account.produced += len(new)
        if self.closing:
            self.account.drop(len(new), "already_shutdown")
            return
        weight = sum(map(WEIGHT, new))
        if weight > self.bounds.size_bytes:
            fitting = [entry for entry in new if entry[1] <= self.bounds.size_bytes]
            self.account.drop(len(new) - len(fitting), "too_large")
            new, weight = fitting, sum(map(WEIGHT, fitting))
        waiting.extend(new)
        self._weight += weight

    def evict(self) -> None:
        """Drop the oldest items until the rest is within the bounds."""
        evicted = 0
        while self.length > self.bounds.size or self._weight > self.bounds.size_bytes:
            waiting = self._ordinary.waiting or self._urgent.waiting
            if not waiting:  # the batch that is being exported takes all the bytes
                break
            self._weight -= waiting.popleft()[1]
            evicted += 1
        self._drop(evicted, "queue_full")

    def refuse(self) -> None:
        """Drop and count all items that arrive from now on."""
        self.closing = True
        self._arrival_limit = 1  # each new item is counted at once

    def take_batch(self) -> list[Entry]:
        """Remove and return the items of the next export. They keep their bytes until they are settled."""
        batch = next_batch(self._urgent, self._ordinary, self.bounds.batch)
        self.exporting = len(batch)
        return batch

    def drop_taken(self, entry: Entry, reason: str) -> None:
        """Drop one item of the batch that the worker has taken."""
        if not self.stopped:  # else `close` has counted the item
            self._weight -= entry.weight
            self.exporting -= 1
            self._drop(1, reason)

    def settle(self, batch: Sequence[Entry], retry: Sequence[Any], delivered: int) -> None:
        """Release the items of a batch, and return those to be retried to the place they had.

        Args:
            batch: The entries that were exported.
            retry: Their items that have to be exported again.
            delivered: How many of the others arrived.
        """
        returned = set(map(id, retry))
        for entry in reversed(batch):
            if id(entry.item) in returned:
                entry.lane.waiting.appendleft(entry[:3])
            else:
                self._weight -= entry.weight
        settled = len(batch) - len(returned)
        self.done += settled
        self.lost += settled - delivered
        self.evict()
        self.changed.notify_all()

    def abandon_batch(self) -> None:
        """Count the batch of a worker that died as lost."""
        _losses.add("sdk", "thread_restarted")
        self._drop(self.exporting, "internal_error")
        self.exporting = 0
        self._weight = sum(map(WEIGHT, chain(self._ordinary.waiting, self._urgent.waiting)))

    def drop_all(self, reason: str) -> None:
        """Drop all items that wait or are being exported."""
        self._drop(self.length + self.exporting, reason)
        self._ordinary.waiting.clear()
        self._urgent.waiting.clear()
        self.exporting = 0

    def _drop(self, count: int, reason: str) -> None:
        if count:
            self.account.drop(count, reason)
            self.lost += count
            self.done += count
            if self.done - count < self.wanted:  # a thread waits in a flush
                self.changed.notify_all()
