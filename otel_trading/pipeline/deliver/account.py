"""Export account: the numbers of items produced, delivered, dropped and waiting, per signal and exporter."""

from __future__ import annotations

from collections import Counter
from threading import RLock
from typing import Any, Final

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.clean.redact import redact_text
from otel_trading.pipeline.deliver.health import RouteHealth
from otel_trading.pipeline.deliver.sender import Outcome

DEFERRED_QUEUE_FULL: Final = "deferred_queue_full"
"""Reason of spans that were lost before they reached a queue, since the queue of deferred ends was full."""


class ExportAccount:
    """Counts the items of one signal on their way to one exporter.

    Args:
        signal: "traces", "metrics" or "logs".
        exporter: The name of the exporter in the setting `exporters`.

    Attributes:
        produced: How many items were handed over. A queue adds to it under its own lock.
    """

    def __init__(self, signal: str, exporter: str) -> None:
        self.signal = signal
        self.exporter = exporter
        self.reset()
        self._lost_at_start = _losses.count(signal, DEFERRED_QUEUE_FULL)

    def reset(self) -> None:
        """Start at zero, as a forked child does. The child's counts of losses start at zero as well."""
        self._lock = RLock()  # reentrant, because a signal handler may record while its thread owns the lock
        self._lost_at_start = 0
        self.produced = 0
        self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self._last_error: str | None = None

    def produce(self, count: int = 1) -> None:
        """Count items that were handed over."""
        with self._lock:
            self.produced += count

    def drop(self, count: int, reason: str) -> None:
        """Count items that were dropped.

        Args:
            count: How many; 0 changes nothing.
            reason: One of a few constants, such as "queue_full".
        """
        if count:
            with self._lock:
                self._dropped[reason] += count
            _losses.add(self.signal, reason, count)

    def book(self, outcome: Outcome[Any]) -> None:
        """Count the items that an export delivered or dropped; the items to be retried are still waiting."""
        with self._lock:
            self._delivered += outcome.delivered
        for reason, count in outcome.dropped.items():
            self.drop(count, reason)
        if outcome.reason:
            self._last_error = redact_text(outcome.reason)

    def health(self) -> RouteHealth:
        """Return the counts at this moment, including spans lost before they reached a queue."""
        lost_before_queue = _losses.count(self.signal, DEFERRED_QUEUE_FULL) - self._lost_at_start
        with self._lock:
            waiting = self.produced - self._delivered - self._dropped.total()
            dropped = dict(self._dropped)
            if lost_before_queue:
                dropped[DEFERRED_QUEUE_FULL] = lost_before_queue
            return RouteHealth(
                self.signal,
                self.exporter,
                self.produced + lost_before_queue,
                self._delivered,
                sum(dropped.values()),
                waiting,
                dropped,
                self._last_error,
            )

    def report_failure(self, outcome: Outcome[Any]) -> None:
        """Warn if an export failed.

        Call it without a lock, since a logging handler may acquire any lock.
        """
        if not outcome.reason:
            return
        warn(
            f"export:{self.signal}:{self.exporter}:{','.join(sorted(outcome.dropped))}",
            "otel_trading: export of %s to %s failed: %s (%d dropped, %d to be retried)",
            self.signal,
            self.exporter,
            redact_text(outcome.reason),
            outcome.dropped.total(),
            len(outcome.retry),
        )
