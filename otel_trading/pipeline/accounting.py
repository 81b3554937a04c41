"""The account: what became of everything that was produced: delivered, dropped by reason, or waiting."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.pipeline.health import RouteHealth
from otel_trading.pipeline.redact import redact_text
from otel_trading.pipeline.sending import Outcome


class Route:
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

    def reset(self) -> None:
        """Begin a new account, as a forked child does."""
        self._lock = Lock()
        self.produced = 0
        self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self._last_error: str | None = None

    @property
    def lost(self) -> int:
        """How many items never arrive."""
        with self._lock:
            return self._dropped.total()

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
            self._fail(outcome)

    def health(self) -> RouteHealth:
        """Return the account as it stands."""
        with self._lock:
            lost = self._dropped.total()
            return RouteHealth(
                self.signal,
                self.exporter,
                self.produced,
                self._delivered,
                lost,
                self.produced - self._delivered - lost,
                dict(self._dropped),
                self._last_error,
            )

    def _fail(self, outcome: Outcome[Any]) -> None:
        self._last_error = redact_text(outcome.why)
        warn(
            f"export:{self.signal}:{self.exporter}:{','.join(sorted(outcome.dropped))}",
            "otel_trading: %s to %s: %s (%d dropped, %d to be sent again)",
            self.signal,
            self.exporter,
            self._last_error,
            outcome.dropped.total(),
            len(outcome.again),
        )
