"""The account: what became of everything that was produced: delivered, dropped by reason, or waiting."""

from __future__ import annotations

from collections import Counter
from threading import RLock
from typing import Any, Final

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.clean.redact import redact_text
from otel_trading.pipeline.deliver.health import RouteHealth
from otel_trading.pipeline.deliver.sender import Outcome

AHEAD: Final = "deferred_queue_full"
"""Why spans are lost before they come to any route, where their ends are deferred."""


class ExportAccount:
    """One signal on its way to one exporter.

    Args:
        signal: "traces", "metrics" or "logs".
        exporter: As the setting `exporters` calls it.

    Attributes:
        produced: How many items were handed over; a queue counts them under its own lock.
    """

    def __init__(self, signal: str, exporter: str) -> None:
        self.signal = signal
        self.exporter = exporter
        self.reset()
        self._lost_before = _losses.count(signal, AHEAD)

    def reset(self) -> None:
        """Begin a new account, as a forked child does, whose losses begin anew as well."""
        self._lock = RLock()  # a signal's handler may come here while its thread is
        self._lost_before = 0
        self.produced = 0
        self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self._last_error: str | None = None

    def produce(self, count: int = 1) -> None:
        """Book items that were handed over."""
        with self._lock:
            self.produced += count

    def drop(self, count: int, reason: str) -> None:
        """Book items that never arrive."""
        if count:
            with self._lock:
                self._dropped[reason] += count
            _losses.add(self.signal, reason, count)

    def book(self, outcome: Outcome[Any]) -> None:
        """Book what an export came to; those to be sent again go on waiting."""
        with self._lock:
            self._delivered += outcome.delivered
        for reason, count in outcome.dropped.items():
            self.drop(count, reason)
        if outcome.why:
            self._last_error = redact_text(outcome.why)

    def health(self) -> RouteHealth:
        """Return the account as it stands, with what was lost on the way here."""
        ahead = _losses.count(self.signal, AHEAD) - self._lost_before
        with self._lock:
            waiting = self.produced - self._delivered - self._dropped.total()
            dropped = {**self._dropped, AHEAD: ahead} if ahead else dict(self._dropped)
            return RouteHealth(
                self.signal,
                self.exporter,
                self.produced + ahead,
                self._delivered,
                sum(dropped.values()),
                waiting,
                dropped,
                self._last_error,
            )

    def say(self, outcome: Outcome[Any]) -> None:
        """Warn of what failed; to be called without a lock, since handlers of logging may take any."""
        if not outcome.why:
            return
        warn(
            f"export:{self.signal}:{self.exporter}:{','.join(sorted(outcome.dropped))}",
            "otel_trading: %s to %s: %s (%d dropped, %d to be sent again)",
            self.signal,
            self.exporter,
            redact_text(outcome.why),
            outcome.dropped.total(),
            len(outcome.again),
        )
