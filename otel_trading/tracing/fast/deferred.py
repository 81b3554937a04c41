"""Deferred ends: spans that ended reach the processors on a thread of their own, in the order they ended.

It is the first of the provider's processors, so that a flush or shutdown of the provider delivers what
waits before any other processor flushes.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Event, Lock, Thread
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor

from otel_trading import _losses
from otel_trading._forking import at_fork
from otel_trading._guard import guard
from otel_trading.tracing.fast.fast_span import FastSpan

LIMIT: Final = 16_384
"""How many spans wait at most; the oldest give way, counted."""

_PERIOD_S: Final = 0.05
_CHUNK: Final = 64
"""After so many spans the thread lets others run: a call of the hot path may wait for that long."""

_CLOSING_S: Final = 5.0


class DeferredEnds(SpanProcessor):
    """Takes spans that ended, and delivers them within some hundredths of a second.

    Args:
        limit: How many spans wait at most.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._start()
        at_fork(in_child=self._start)  # what waits at the fork is the parent's to deliver

    def _start(self) -> None:
        self._waiting: deque[FastSpan] = deque()
        self._delivering = Lock()
        self._wanted = Event()
        self._closing = Event()
        self._asleep = False
        Thread(target=self._work, name="otel-trading-span-ends", daemon=True).start()

    def put(self, span: FastSpan) -> None:
        """Take a span; one that ends after `shutdown` is delivered at once."""
        waiting = self._waiting
        if len(waiting) >= self._limit:
            self._lose(1)
        waiting.append(span)
        if self._asleep:
            self._rouse()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Deliver what waits, on this thread; returns whether all of it was delivered in time."""
        deadline = time.monotonic() + timeout_millis / 1000
        while self._delivering.acquire(timeout=max(0.0, deadline - time.monotonic())):
            try:
                self._deliver()
            finally:
                self._delivering.release()
            if not self._waiting:
                return True
            if time.monotonic() >= deadline:
                break
        return False

    def shutdown(self) -> None:
        """Deliver what waits, for at most 5 s, and end the thread; what is left is lost, and counted."""
        self._closing.set()
        self._asleep = True  # for good
        self._wanted.set()
        self._finish()

    def _rouse(self) -> None:
        self._be_awake()  # at once: the thread itself may have to wait for its turn
        if self._asleep:
            self._finish()
        else:
            self._wanted.set()

    def _be_awake(self) -> None:
        self._asleep = False
        if self._closing.is_set():  # looked at last, since a shutdown may come between
            self._asleep = True

    def _finish(self) -> None:
        if not self.force_flush(int(_CLOSING_S * 1000)):
            self._lose(len(self._waiting))

    def _lose(self, count: int) -> None:
        for _ in range(count):
            try:
                self._waiting.popleft()
            except IndexError:  # delivered meanwhile
                return
            _losses.add("traces", "deferred_queue_full")

    def _deliver(self) -> None:
        for _ in range(_CHUNK):
            try:
                span = self._waiting.popleft()
            except IndexError:
                return
            try:
                span.deliver(span)
            except Exception:  # a processor of the user's
                with guard("end of a span"):
                    raise

    def _work(self) -> None:
        closing = self._closing
        while not closing.wait(_PERIOD_S):
            while self._waiting:
                with self._delivering:
                    self._deliver()
                time.sleep(0)  # gives the interpreter's lock away
            self._sleep()

    def _sleep(self) -> None:
        """Wait for the next span, so that an idle process is left in peace."""
        self._wanted.clear()
        self._asleep = True
        if not self._waiting and not self._closing.is_set():
            self._wanted.wait()
        self._be_awake()
