"""The batch: a queue that is bounded in items and in bytes, and a thread that sends what lies in it.

What is put arrives in a deque, without a lock. It is counted and bounded with others: by every 32nd `put`, by
one that is heavy, by the thread when it looks, and by a flush.

The SDK's batch processors are bounded by count alone (2 GB where attributes are large), throw a batch away
after seven seconds of outage, cannot be told how long to wait at a flush or at exit (36 to 51 s where nobody
answers), answer True when nothing was delivered, and do not count what a full queue dropped.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from threading import Condition, Thread
from typing import Final, Generic, TypeVar

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_trading import _losses
from otel_trading._forking import at_fork
from otel_trading._guard import warn
from otel_trading._sdk import locks
from otel_trading.pipeline.collect.lanes import WEIGHT, Entry, Lane, Put, QueueBounds, drained, next_batch
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.sender import Outcome

T = TypeVar("T")

_ARRIVALS: Final = 32
"""How many items arrive before they are counted and bounded."""
_HEAVY: Final = 16 * 1024
"""Bytes above which an item is counted and bounded at once."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_PAUSE_WHILE_WAITED_FOR_S: Final = 0.5


class BatchQueue(Generic[T]):
    """Collects items and sends them in batches on a thread of its own; what cannot be sent now is kept.

    When it is full, the oldest give way; urgent ones only where nothing else is left.

    Args:
        route: The account.
        prepare: Makes an item fit to be sent, on the queue's own thread; one at which it raises is dropped.
        send: Takes a batch and a deadline; says what became of each item.
        stop: Interrupts an export that still runs when the time is over.
        bounds: How much it holds.
    """

    def __init__(
        self,
        route: ExportAccount,
        prepare: Callable[[T], T],
        send: Callable[[Sequence[T], float], Outcome[T]],
        stop: Callable[[], None],
        bounds: QueueBounds,
    ) -> None:
        self._route = route
        self._prepare = prepare
        self._send = send
        self._stop = stop
        self._bounds = bounds
        self._heavy = min(_HEAVY, bounds.size_bytes // _ARRIVALS)
        self._closing = False
        self._stopped = False
        self._start()
        at_fork(in_child=self._after_fork)  # a queue that is gone needs no thread in the child

    def _after_fork(self) -> None:
        """Begin empty: what lies in a parent's queue at the fork is exported by the parent."""
        self._route.reset()
        self._start()

    def _start(self) -> None:
        self._ordinary, self._urgent = Lane.empty(), Lane.empty()
        self._room = 1
        self._weight = 0
        self._lock = locks.reentrant_lock()  # a signal's handler may come here while its thread is
        self._changed = Condition(self._lock)
        self._done = 0  # how many were delivered or lost
        self._lost = 0
        self._sending = 0  # of those not done, how many a request is under way for
        self._wanted = 0  # how many have to be done for those who wait
        self._failures = 0  # in a row
        self._last_attempt = self._not_before = 0.0
        self._worker: Thread | None = None
        self._runs = False
        self._hire()

    def _hire(self) -> None:
        """Start the worker; where no thread can be had, the next `put` tries again."""
        if self._worker is not None:  # it died, of an exhausted memory for instance, with what it had taken
            _losses.add("sdk", "thread_restarted")
            self._lose(self._sending, "internal_error")
            self._sending = 0
            self._weight = sum(map(WEIGHT, chain(self._ordinary.waiting, self._urgent.waiting)))
        worker = Thread(target=self._work, name=f"otel-trading-{self._route.signal}", daemon=True)
        self._runs = True
        try:
            worker.start()
        except RuntimeError:
            self._runs = False
            _losses.add("sdk", "no_thread")
        else:
            self._worker = worker
            if not self._closing:
                self._room = min(_ARRIVALS, self._bounds.batch, self._bounds.size)

    def put(self, item: T, weight: int = 0, *, urgent: bool = False) -> None:
        """Queue an item; never waits for an export.

        Args:
            item: What is to be sent.
            weight: About how many bytes it holds.
            urgent: Whether it gives way last.
        """
        arrived = self._urgent[0] if urgent else self._ordinary[0]
        arrived.append((item, weight, False))
        if len(arrived) >= self._room or weight > self._heavy:
            self.admit()

    def admit(self) -> None:
        """Take into account what has arrived; what interrupted this thread in doing so leaves it to it."""
        if locks.is_owned(self._lock):
            return
        with self._lock:
            self._take_in()
        if self._worker is None:  # said without the lock: a handler of logging may come here again
            warn("no_thread", "otel_trading: no thread can be started to export %s", self._route.signal)

    def _take_in(self) -> None:
        before = self._length
        while self._urgent.arrived or self._ordinary.arrived:
            for lane in (self._urgent, self._ordinary):
                if new := drained(lane.arrived):
                    self._accept(new, lane.waiting)
        if not self._runs and not self._closing:
            self._hire()
        length = self._length
        if length > self._bounds.size or self._weight > self._bounds.size_bytes:
            self._evict()
        if self._stopped:  # while a signal's handler had interrupted this
            self._give_up("already_shutdown")
        if before < self._bounds.batch <= length:  # at any other, nobody waits for it
            self._changed.notify_all()

    def _accept(self, new: list[Put], waiting: deque[Put]) -> None:
        self._route.produced += len(new)
        if self._closing:
            self._route.drop(len(new), "already_shutdown")
            return
        weight = sum(map(WEIGHT, new))
        if weight > self._bounds.size_bytes:
            new, all_of_them = [entry for entry in new if entry[1] <= self._bounds.size_bytes], len(new)
            self._route.drop(all_of_them - len(new), "too_large")
            weight = sum(map(WEIGHT, new))
        waiting.extend(new)
        self._weight += weight

    @contextmanager
    def let_go(self) -> Iterator[None]:
        """Let others have the queue where a signal interrupted this thread in it, as a wait for it would."""
        held = locks.release_all(self._lock) if locks.is_owned(self._lock) else None
        try:
            yield
        finally:
            if held is not None:
                locks.acquire_again(self._lock, held)

    def flush(self, deadline: float) -> bool:
        """Export what was put so far.

        Args:
            deadline: When to stop waiting, on the clock of `time.monotonic`.

        Returns:
            Whether all of it was delivered by then.
        """
        with self._changed:
            self._take_in()
            wanted, lost = self._taken_in, self._lost
            self._wanted = max(self._wanted, wanted)
            self._changed.notify_all()
            in_time = self._changed.wait_for(
                lambda: self._done >= wanted, timeout=max(0.0, deadline - time.monotonic())
            )
            return in_time and self._lost == lost

    def begin_close(self) -> None:
        """Take nothing more, and export what is there."""
        with self._changed:
            self._take_in()
            self._closing = True
            self._room = 1  # whatever arrives from now on is counted at once
            self._wanted = self._taken_in
            self._changed.notify_all()

    def close(self, deadline: float) -> bool:
        """Export what is there and stop; what is not delivered by the deadline is lost and counted."""
        self.begin_close()
        delivered = self.flush(deadline)
        with self._changed:
            self._give_up("shutdown_timeout")
            stopped, self._stopped = self._stopped, True
            self._changed.notify_all()
        if not stopped:
            self._stop()
        return delivered

    def _give_up(self, reason: str) -> None:
        self._lose(self._length + self._sending, reason)
        self._ordinary.waiting.clear()
        self._urgent.waiting.clear()
        self._sending = 0

    @property
    def _length(self) -> int:
        return len(self._ordinary.waiting) + len(self._urgent.waiting)

    @property
    def _taken_in(self) -> int:
        """How many there were so far, whatever became of them."""
        return self._done + self._sending + self._length

    def _evict(self) -> None:
        """Let the oldest go until what is left is within bounds."""
        evicted = 0
        while self._length > self._bounds.size or self._weight > self._bounds.size_bytes:
            waiting = self._ordinary.waiting or self._urgent.waiting
            if not waiting:  # what is too much is on its way
                break
            self._weight -= waiting.popleft()[1]
            evicted += 1
        self._lose(evicted, "queue_full")

    def _lose(self, count: int, reason: str) -> None:
        if count:
            self._route.drop(count, reason)
            self._lost += count
            self._done += count
            if self._done - count < self._wanted:  # else nobody waits for it
                self._changed.notify_all()

    def _work(self) -> None:
        try:
            with suppress_instrumentation():
                while batch := self._take():
                    self._pass_on(batch)
        finally:
            self._runs = False

    def _pass_on(self, batch: list[Entry]) -> None:
        ready = self._prepared(batch)
        outcome = self._export([entry.item for entry in ready]) if ready else Outcome[T]()
        with self._changed:
            self._settle(ready, outcome)
        self._say(outcome)

    def _say(self, outcome: Outcome[T]) -> None:
        """Say what went wrong, without the lock: a handler of logging may wait for it, or be slow."""
        if outcome.why and not self._stopped:
            try:
                self._route.say(outcome)
            except BaseException:  # noqa: BLE001 - the handler is foreign code, and may say SystemExit
                _losses.add("sdk", "internal_error")

    def _prepared(self, batch: list[Entry]) -> list[Entry]:
        """Return the batch as it is sent; one that cannot be made fit is lost, and the others go on."""
        ready = []
        for entry in batch:
            try:
                item = entry.item if entry.prepared else self._prepare(entry.item)
                ready.append(entry._replace(item=item, prepared=True))
            except BaseException as error:  # noqa: BLE001, PERF203 - a redactor is foreign, and may say SystemExit
                self._say(Outcome(dropped=Counter(unexportable=1), why=f"{type(error).__name__}: {error}"))
                with self._changed:
                    if not self._stopped:  # else it was given up meanwhile, and counted
                        self._weight -= entry.weight
                        self._sending -= 1
                        self._lose(1, "unexportable")
        return ready

    def _export(self, items: list[T]) -> Outcome[T]:
        try:
            return self._send(items, time.monotonic() + self._bounds.timeout)
        except BaseException as error:  # noqa: BLE001 - an exporter is foreign code, and may say SystemExit
            return Outcome(dropped=Counter(export_failed=len(items)), why=f"{type(error).__name__}: {error}")

    def _settle(self, batch: list[Entry], outcome: Outcome[T]) -> None:
        """Note what became of a batch; what is to be sent again goes back to where it was."""
        self._sending = 0
        if self._stopped:  # it was given up meanwhile, and counted
            return
        self._route.book(outcome)
        again = set(map(id, outcome.again))
        for entry in reversed(batch):
            if id(entry.item) in again:
                entry.lane.waiting.appendleft(entry[:3])
            else:
                self._weight -= entry.weight
        gone = len(batch) - len(again)
        self._done += gone
        self._lost += gone - outcome.delivered
        self._failures = self._failures + 1 if again else 0
        self._not_before = time.monotonic() + self._pause(outcome.pause) if again else 0.0
        self._evict()
        self._changed.notify_all()

    def _pause(self, asked: float | None) -> float:
        if asked is not None:
            return asked
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - so that services do not come back all at once

    def _take(self) -> list[Entry]:
        """Wait until there is a batch to export; an empty one means that the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(self._is_due, timeout=self._bounds.delay)
                self._take_in()
                if self._length:
                    break
                if self._closing:
                    return []
            while (wait := self._wait()) > 0:
                self._changed.wait(wait)
            batch = next_batch(self._urgent, self._ordinary, self._bounds.batch)
            self._sending = len(batch)
            self._last_attempt = time.monotonic()
            return batch

    def _wait(self) -> float:
        """Return how long to wait after a failure; less where somebody waits for a flush."""
        if self._stopped:
            return 0.0
        until = self._not_before
        if self._wanted > self._done:
            until = min(until, self._last_attempt + _PAUSE_WHILE_WAITED_FOR_S)
        return until - time.monotonic()

    def _is_due(self) -> bool:
        return self._length >= self._bounds.batch or self._wanted > self._done or self._closing
