"""The clock of a test: each reading advances it, and a test can advance it further."""

from __future__ import annotations

from itertools import count
from typing import Final

START_NS: Final = 1_767_225_600_000_000_000
_TICK_NS: Final = 1_000_000


class Clock:
    """A clock that starts at midnight of 2026-01-01, UTC; each reading is a millisecond after the last."""

    def __init__(self) -> None:
        self._readings = count(START_NS, _TICK_NS)
        self._advanced_ns = 0

    def advance(self, seconds: float) -> None:
        """Advance the clock.

        Args:
            seconds: The time to add to the clock.
        """
        self._advanced_ns += round(seconds * 1e9)

    def time_ns(self) -> int:
        """Read the wall clock, in nanoseconds."""
        return next(self._readings) + self._advanced_ns

    def time(self) -> float:
        """Read the wall clock, in seconds."""
        return self.time_ns() / 1e9

    def perf_counter(self) -> float:
        """Read the clock for durations, in seconds since the test began."""
        return (self.time_ns() - START_NS) / 1e9
