"""Deferred ends: a thread passes ended spans to the processors, in the order in which the spans ended.

`DeferredEnds` is the first of the provider's processors, so that a flush or shutdown of the provider delivers
the waiting spans before any other processor flushes.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Event, Lock, Thread
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

from otel_trading import _losses
from otel_trading._forking import at_fork
from otel_trading._guard import report
from otel_trading.tracing.fast.fast_span import FastSpan

LIMIT: Final = 16_384
"""The most spans that wait; for each further span the oldest one is dropped and counted."""

_PERIOD_S: Final = 0.05
_CHUNK: Final = 64
"""After this many spans the thread yields, since a call on the hot path may be waiting for the GIL."""

_CLOSING_S: Final = 5.0


class DeferredEnds(SpanProcessor):
    """Queues ended spans, and delivers them to the processors within some hundredths of a second.

    `put` takes no lock: `append` and `popleft` of a deque are atomic
    (https://docs.python.org/3/library/collections.html#collections.deque).

    Args:
        limit: The most spans that wait.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._start()
        at_fork(in_child=self._start)  # the parent delivers the spans that wait at the fork

    def _start(self) -> None:
        self._waiting: deque[FastSpan] = deque()
        self._delivering = Lock()
        self._woken = Event()
        self._closing = Event()
        self._asleep = False
        Thread(target=self._work, name="otel-trading-span-ends", daemon=True).start()

    def put(self, span: FastSpan) -> None:
        """Queue a span that ended; after `shutdown`, deliver it at once."""
        waiting = self._waiting
        if len(waiting) >= self._limit:
            self._drop(1)
        waiting.append(span)
        if self._asleep:
            self._wake()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Deliver the waiting spans on the calling thread.

        Args:
            timeout_millis: How long to try, in milliseconds.

        Returns:
            Whether all of them were delivered in time.
        """
        deadline = time.monotonic() + timeout_millis / 1000
        while self._delivering.acquire(timeout=max(0.0, deadline - time.monotonic())):
            try:
                self._deliver_chunk()
            finally:
                self._delivering.release()
            if not self._waiting:
                return True
            if time.monotonic() >= deadline:
                break
        return False

    def shutdown(self) -> None:
        """Deliver the waiting spans for at most 5 s, drop and count the rest, and end the thread."""
        self._closing.set()
        self._asleep = True  # for good, so that `put` delivers each later span itself
        self._woken.set()
        self._deliver_or_drop()

    def _wake(self) -> None:
        self._mark_awake()  # here, not on the delivering thread, which may have to wait for the GIL first
        if self._asleep:
            self._deliver_or_drop()
        else:
            self._woken.set()

    def _mark_awake(self) -> None:
        self._asleep = False
        if self._closing.is_set():  # checked last: a shutdown may have run before the line above
            self._asleep = True

    def _deliver_or_drop(self) -> None:
        if not self.force_flush(int(_CLOSING_S * 1000)):
            self._drop(len(self._waiting))

    def _drop(self, count: int) -> None:
        for _ in range(count):
            try:
                self._waiting.popleft()
            except IndexError:  # the thread has delivered the last one
                return
            _losses.add("traces", "deferred_queue_full")

    def _deliver_chunk(self) -> None:
        for _ in range(_CHUNK):
            try:
                span = self._waiting.popleft()
            except IndexError:
                return
            try:
                span.deliver(span)
            except Exception as error:  # noqa: BLE001 - a processor of the user may raise anything
                report("end of a span", error)

    def _work(self) -> None:
        closing = self._closing
        while not closing.wait(_PERIOD_S):
            while self._waiting:
                with self._delivering:
                    self._deliver_chunk()
                time.sleep(0)  # releases the GIL
            self._sleep()

    def _sleep(self) -> None:
        """Wait for the next span without a timeout, so that the thread of an idle process sleeps."""
        self._woken.clear()
        self._asleep = True
        if not self._waiting and not self._closing.is_set():
            self._woken.wait()
        self._mark_awake()
