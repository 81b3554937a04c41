"""The batch: a bounded queue, and a thread that hands what lies in it to an exporter and counts losses.

The SDK's batch processors cannot be told how long to wait at a flush or at exit (36 to 51 s where nobody
answers), answer True when nothing was delivered, and do not count what a full queue dropped.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Lock, Thread
from typing import Final, Generic, TypeVar

from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import is_instrumentation_enabled, suppress_instrumentation
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import TraceFlags

from otel_trading import _losses
from otel_trading._guard import guard

T = TypeVar("T")

_NO_CONTEXT: Final = Context()

_CLOSING_S: Final = 5.0
"""How long a processor waits that the SDK shuts down without saying for how long."""


class BatchQueue(Generic[T]):
    """Collects items and exports them in batches on a thread of its own.

    Args:
        signal: What the items are, for the count of losses: "traces" or "logs".
        export: Takes a batch; returns whether it was delivered.
        stop: Interrupts an export that still runs when the time is over.
        size: How many items wait at most; the oldest give way.
        batch: How many items one export takes.
        delay: Seconds an item waits for others.
    """

    def __init__(
        self,
        signal: str,
        export: Callable[[Sequence[T]], bool],
        stop: Callable[[], None],
        *,
        size: int,
        batch: int,
        delay: float,
    ) -> None:
        self._signal = signal
        self._export = export
        self._stop = stop
        self._size = size
        self._batch = batch
        self._delay = delay
        self._closing = False
        self._stopped = False
        self._start()
        if hasattr(os, "register_at_fork"):
            again = weakref.WeakMethod(self._start)  # a queue that is gone needs no thread in the child
            os.register_at_fork(after_in_child=lambda: (start := again()) and start())

    def _start(self) -> None:
        """Begin empty: what lies in a parent's queue at the fork is exported by the parent."""
        self._items: deque[T] = deque()
        self._lock = Lock()  # taken by itself where nobody waits: a condition's own way to it is slower
        self._changed = Condition(self._lock)
        self._put = 0
        self._done = 0  # of those put, how many were exported or lost
        self._lost = 0
        self._wanted = 0  # up to which of those put somebody waits
        self._worker = Thread(target=self._work, name=f"otel-trading-{self._signal}", daemon=True)
        self._worker.start()

    def put(self, item: T) -> None:
        """Queue an item; never waits for an export."""
        with self._lock:
            if self._closing:
                _losses.add(self._signal, "already_shutdown")
                return
            if len(self._items) >= self._size:
                self._items.popleft()
                self._lose(1, "queue_full")
            self._items.append(item)
            self._put += 1
            if len(self._items) == 1 or len(self._items) >= self._batch:
                self._changed.notify_all()

    def flush(self, deadline: float) -> bool:
        """Export what was put so far.

        Args:
            deadline: When to stop waiting, on the clock of `time.monotonic`.

        Returns:
            Whether all of it was delivered by then.
        """
        with self._changed:
            wanted, lost = self._put, self._lost
            self._wanted = max(self._wanted, wanted)
            self._changed.notify_all()
            in_time = self._changed.wait_for(
                lambda: self._done >= wanted, timeout=max(0.0, deadline - time.monotonic())
            )
            return in_time and self._lost == lost

    def begin_close(self) -> None:
        """Take nothing more, and export what is there."""
        with self._changed:
            self._closing = True
            self._wanted = self._put
            self._changed.notify_all()

    def close(self, deadline: float) -> bool:
        """Export what is there and stop; what is not delivered by the deadline is lost and counted."""
        self.begin_close()
        delivered = self.flush(deadline)
        with self._changed:
            self._lose(len(self._items), "shutdown_timeout")
            self._items.clear()
            stopped, self._stopped = self._stopped, True
        if not stopped:
            self._stop()
        return delivered

    def _lose(self, count: int, reason: str) -> None:
        if count:
            _losses.add(self._signal, reason, count)
            self._lost += count
            self._done += count
            self._changed.notify_all()

    def _work(self) -> None:
        with suppress_instrumentation():
            while batch := self._take():
                delivered = False
                with guard(f"export of {self._signal}"):
                    delivered = self._export(batch)
                with self._changed:
                    self._done += len(batch)
                    self._lost += 0 if delivered else len(batch)
                    self._changed.notify_all()

    def _take(self) -> list[T]:
        """Wait until there is a batch to export; an empty one means that the queue is closed."""
        with self._changed:
            while not self._items:
                if self._closing:
                    return []
                self._changed.wait()
            self._changed.wait_for(self._is_due, timeout=self._delay)
            return [self._items.popleft() for _ in range(min(self._batch, len(self._items)))]

    def _is_due(self) -> bool:
        return len(self._items) >= self._batch or self._wanted > self._done or self._closing


class BatchedLogs(LogRecordProcessor):
    """Hands log records to a queue, except those that an export itself writes: they would never end."""

    def __init__(self, queue: BatchQueue[ReadableLogRecord]) -> None:
        self.queue = queue

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Queue a copy of the record that does not hold on to its context."""
        if not is_instrumentation_enabled():
            return
        given = log_record.log_record
        record = object.__new__(type(given))  # as `copy` would, in a fifth of its time
        vars(record).update(vars(given), context=_NO_CONTEXT)
        readable = object.__new__(ReadableLogRecord)  # frozen, and slow to fill by its own way
        vars(readable).update(
            log_record=record,
            resource=log_record.resource or Resource.get_empty(),
            instrumentation_scope=log_record.instrumentation_scope,
            limits=log_record.limits,
        )
        self.queue.put(readable)

    def shutdown(self) -> None:
        """Export what is there, for at most 5 s."""
        self.queue.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what is there; returns whether it was delivered in time."""
        return self.queue.flush(time.monotonic() + timeout_millis / 1000)


class BatchedSpans(SpanProcessor):
    """Hands the sampled spans that end to a queue."""

    def __init__(self, queue: BatchQueue[ReadableSpan]) -> None:
        self.queue = queue

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        context = span.context
        if context and context.trace_flags & TraceFlags.SAMPLED:
            self.queue.put(span)

    def shutdown(self) -> None:
        """Export what is there, for at most 5 s."""
        self.queue.close(time.monotonic() + _CLOSING_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what is there; returns whether it was delivered in time."""
        return self.queue.flush(time.monotonic() + timeout_millis / 1000)
