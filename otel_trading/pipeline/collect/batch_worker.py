"""Batch worker: a thread that exports the items of a `BatchQueue` in batches, and retries after an outage.

The SDK's batch processors drop a batch after seven seconds of outage, have no deadline for a flush or an exit
(36 to 51 s if no endpoint answers), and return True from a flush that delivered nothing.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Final, Generic, TypeVar

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_trading import _losses
from otel_trading._forking import at_fork
from otel_trading.pipeline.collect.batch_queue import BatchQueue
from otel_trading.pipeline.collect.lanes import Entry, QueueBounds
from otel_trading.pipeline.deliver.account import ExportAccount
from otel_trading.pipeline.deliver.deadline import left
from otel_trading.pipeline.deliver.sender import Outcome
from otel_trading.values.text import error_text

T = TypeVar("T")

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_PAUSE_DURING_FLUSH_S: Final = 0.5


class BatchWorker(Generic[T]):
    """Owns a queue and exports its items on a thread of its own.

    Args:
        account: Counts the items of this signal and exporter.
        prepare: Sanitizes and redacts an item, on the worker's thread. An item at which it raises is dropped.
        send: Exports items until a deadline, and returns their outcome.
        stop: Interrupts an export that still runs after the worker was closed.
        bounds: How many items and bytes may wait, and how batches are formed.

    Attributes:
        queue: The queue that spans or log records are put into.
    """

    def __init__(
        self,
        account: ExportAccount,
        prepare: Callable[[T], T],
        send: Callable[[Sequence[T], float], Outcome[T]],
        stop: Callable[[], None],
        bounds: QueueBounds,
    ) -> None:
        self._prepare = prepare
        self._send = send
        self._stop = stop
        self._bounds = bounds
        self.queue: BatchQueue[T] = BatchQueue(account, bounds, self._start_thread)
        self._start()
        at_fork(in_child=self._after_fork)

    def _start(self) -> None:
        self._thread: Thread | None = None
        self._failures = 0  # since the last export that left nothing to retry
        self._last_attempt = self._not_before = 0.0
        if not self.queue.closing:
            self.queue.request_worker()

    def _after_fork(self) -> None:
        """Start without items in a forked child, in which only the thread that forked still runs.

        https://man7.org/linux/man-pages/man2/fork.2.html
        """
        self.queue.account.reset()
        self.queue.reset()
        self._start()

    def _start_thread(self) -> bool:
        """Start the thread; return whether that succeeded. The queue calls this with its lock acquired."""
        queue = self.queue
        if self._thread is not None:  # the thread died, for example of a MemoryError
            queue.abandon_batch()
        thread = Thread(target=self._run, name=f"otel-trading-{queue.account.signal}", daemon=True)
        queue.has_worker = True  # before the start, since a thread that dies at once sets it to False
        try:
            thread.start()
        except RuntimeError:  # the process has too many threads, or the interpreter exits
            queue.has_worker = False
            _losses.add("sdk", "no_thread")
            return False
        self._thread = thread
        return True

    def _run(self) -> None:
        try:
            # Otherwise an instrumented HTTP client would record a span for each export of spans.
            with suppress_instrumentation():
                while batch := self._take():
                    self._process(batch)
        finally:
            self.queue.has_worker = False

    def _take(self) -> list[Entry]:
        """Wait until a batch is due and return it. An empty batch means that the queue is closed."""
        queue = self.queue
        with queue.changed:
            while True:
                queue.changed.wait_for(self._is_due, timeout=self._bounds.delay)
                queue.admit_arrivals()
                if queue.length:
                    break
                if queue.closing:
                    return []
            while (pause := self._remaining_pause()) > 0:
                queue.changed.wait(pause)
            batch = queue.take_batch()
            self._last_attempt = time.monotonic()
            return batch

    def _is_due(self) -> bool:
        queue = self.queue
        return queue.length >= self._bounds.batch or queue.wanted > queue.done or queue.closing

    def _remaining_pause(self) -> float:
        """Return the seconds to wait after a failure: at most 0.5 s per attempt while a flush waits."""
        if self.queue.stopped:
            return 0.0
        until = self._not_before
        if self.queue.wanted > self.queue.done:
            until = min(until, self._last_attempt + _PAUSE_DURING_FLUSH_S)
        return until - time.monotonic()

    def _process(self, batch: list[Entry]) -> None:
        ready = self._prepared(batch)
        outcome = self._export([entry.item for entry in ready]) if ready else Outcome[T]()
        with self.queue.changed:
            self._settle(ready, outcome)
        self._report(outcome)

    def _prepared(self, batch: list[Entry]) -> list[Entry]:
        """Return the batch with each item prepared; drop the items that cannot be prepared."""
        ready = []
        for entry in batch:
            try:
                item = entry.item if entry.prepared else self._prepare(entry.item)
                ready.append(entry._replace(item=item, prepared=True))
            except BaseException as error:  # noqa: BLE001, PERF203 - a redactor is foreign code, and may raise SystemExit
                self._report(Outcome(dropped=Counter(unexportable=1), reason=error_text(error)))
                with self.queue.changed:
                    self.queue.drop_taken(entry, "unexportable")
        return ready

    def _export(self, items: list[T]) -> Outcome[T]:
        try:
            return self._send(items, time.monotonic() + self._bounds.timeout)
        except BaseException as error:  # noqa: BLE001 - an exporter is foreign code, and may raise SystemExit
            reason = error_text(error)
            return Outcome(dropped=Counter(export_failed=len(items)), reason=reason)

    def _settle(self, batch: list[Entry], outcome: Outcome[T]) -> None:
        """Book the outcome of a batch, return the items to be retried to the queue, and set the pause."""
        queue = self.queue
        queue.exporting = 0
        if queue.stopped:  # `close` dropped and counted the batch during the export
            return
        queue.account.book(outcome)
        self._failures = self._failures + 1 if outcome.retry else 0
        self._not_before = time.monotonic() + self._pause(outcome.pause) if outcome.retry else 0.0
        queue.settle(batch, outcome.retry, outcome.delivered)

    def _pause(self, requested: float | None) -> float:
        """Return the seconds until the next attempt: as the endpoint requested, or exponential with jitter.

        https://opentelemetry.io/docs/specs/otlp/#failures
        """
        if requested is not None:
            return requested
        longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the retries of many services

    def _report(self, outcome: Outcome[T]) -> None:
        """Warn of a failed export, without the lock: a logging handler may be slow or wait for the queue."""
        if outcome.reason and not self.queue.stopped:
            try:
                self.queue.account.report_failure(outcome)
            except BaseException:  # noqa: BLE001 - a logging handler is foreign code, and may raise SystemExit
                _losses.add("sdk", "internal_error")

    def flush(self, deadline: float) -> bool:
        """Export all items that were put so far.

        Args:
            deadline: When to stop waiting, on the clock of `time.monotonic`.

        Returns:
            Whether all items were delivered by then.
        """
        queue = self.queue
        with queue.changed:
            queue.admit_arrivals()
            wanted, lost = queue.admitted, queue.lost
            queue.wanted = max(queue.wanted, wanted)
            queue.changed.notify_all()
            in_time = queue.changed.wait_for(lambda: queue.done >= wanted, timeout=left(deadline))
            return in_time and queue.lost == lost

    def begin_close(self) -> None:
        """Accept no more items, and start to export the rest."""
        queue = self.queue
        with queue.changed:
            queue.admit_arrivals()
            queue.refuse()
            queue.wanted = queue.admitted
            queue.changed.notify_all()

    def close(self, deadline: float) -> bool:
        """Export the remaining items and stop; drop and count the items not delivered by the deadline.

        Args:
            deadline: When to stop waiting, on the clock of `time.monotonic`.

        Returns:
            Whether all items were delivered by then.
        """
        self.begin_close()
        delivered = self.flush(deadline)
        queue = self.queue
        with queue.changed:
            queue.drop_all("shutdown_timeout")
            was_stopped, queue.stopped = queue.stopped, True
            queue.changed.notify_all()
        if not was_stopped:
            self._stop()
        return delivered
