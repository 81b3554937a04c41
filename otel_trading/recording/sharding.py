"""Cells for interpreters without a GIL (PEP 703), where two threads may be inside `record` at once.

Each thread records into a cell of its own, its shard, under a lock that only a collection contends for. The
last `set` decides a level, so a level stays one cell. The locks are reentrant, because a signal handler may
interrupt a record and record itself. A forked child renews them (see `_forking`), because a thread of the
parent may have held one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from math import nan
from threading import get_ident
from time import perf_counter
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from otel_trading._forking import renewed_lock
from otel_trading.recording.cells import Drained
from otel_trading.values.numbers import Number


class Switched(Protocol):
    """The method that every cell has."""

    def switch_off(self) -> None:
        """Ignore every value from now on."""


Cell = TypeVar("Cell", bound=Switched)


class _Shards(Generic[Cell]):
    """One cell per thread; all are switched on and off together."""

    __slots__ = ("_lock", "_make", "_shards", "_switch")

    def __init__(self, make: Callable[[], Cell]) -> None:
        self._lock = renewed_lock()
        self._make = make
        self._switch: Callable[[Cell], object] = _switch_off
        self._shards: dict[int, tuple[Any, Cell]] = {}

    def switch_off(self) -> None:
        """Ignore every value from now on."""
        self._switch_all(_switch_off)

    def _switch_all(self, switch: Callable[[Cell], object]) -> None:
        with self._lock:
            self._switch = switch  # for the cells of threads that record for the first time later
            self._each(switch)

    def _each(self, call: Callable[[Cell], Any]) -> list[Any]:
        """Call a function with each shard, and return the results; the caller holds `_lock`."""
        results = []
        for lock, cell in tuple(self._shards.values()):  # a copy, since a signal handler may add a shard
            with lock:
                results.append(call(cell))
        return results

    def _join(self) -> tuple[Any, Cell]:
        """Make the cell of the calling thread.

        Python reuses the identifier of a thread that has ended; a later thread then records into its cell.
        """
        with self._lock:
            cell = self._make()
            self._switch(cell)
            # `setdefault`, since a signal handler may have recorded meanwhile and made the cell
            return self._shards.setdefault(get_ident(), (renewed_lock(), cell))


class ShardedHistogram(_Shards[Any]):
    """The shards of a histogram, with the methods of `cells.Histogram`."""

    __slots__ = ()

    def switch_on(self, bounds: tuple[float, ...], *, signed: bool) -> None:
        """Start to count at zero."""
        self._switch_all(lambda cell: cell.switch_on(bounds, signed=signed))

    def switch_to(self, plain: Callable[[float], None]) -> None:
        """Pass every valid value to `plain` instead."""
        self._switch_all(lambda cell: cell.switch_to(plain))

    def record(self, value: Number, /) -> None:
        """Count one value; never raises."""
        lock, cell = self._shards.get(get_ident()) or self._join()
        with lock:  # a collection is the only other thread that acquires it
            cell.record(value)

    def time(self) -> ShardedTimer:
        """Return a context manager that records the duration of its block in seconds, also if it raises."""
        return ShardedTimer(self)

    def drain(self) -> Drained | None:
        """Take out the numbers since the last drain; None if there are none."""
        with self._lock:
            found = [drained for drained in self._each(lambda cell: cell.drain()) if drained is not None]
        if len(found) < 2:  # noqa: PLR2004 - nothing to merge
            return found[0] if found else None
        counts, totals, lows, highs, exemplars = zip(*found, strict=True)
        merged = list(map(sum, zip(*counts, strict=True)))
        return merged, sum(totals), min(lows), max(highs), [*chain.from_iterable(exemplars)]


class ShardedTimer:
    """Times one `with` block in seconds, also if it raises."""

    __slots__ = ("_histogram", "_start")

    def __init__(self, histogram: ShardedHistogram) -> None:
        self._histogram = histogram
        self._start = nan  # the duration of a block that was never entered is NaN, which `record` rejects

    def __enter__(self) -> None:
        """Start the clock."""
        self._start = perf_counter()

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._histogram.record(perf_counter() - self._start)


class ShardedCounter(_Shards[Any]):
    """The shards of a counter, with the methods of `sums.Counter`."""

    __slots__ = ()

    def switch_on(self) -> None:
        """Start to add at zero."""
        self._switch_all(lambda cell: cell.switch_on())

    def add(self, amount: Number = 1, /) -> None:
        """Add an amount; never raises."""
        lock, cell = self._shards.get(get_ident()) or self._join()
        with lock:
            cell.add(amount)

    def read(self) -> Number:
        """Return the sum so far."""
        with self._lock:
            total: Number = sum(self._each(lambda cell: cell.read()))
            return total


class LockedLevel:
    """One level under a lock, with the methods of `sums.Level`."""

    __slots__ = ("_cell", "_lock")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._lock = renewed_lock()
        self._cell = make()

    def switch_on(self) -> None:
        """Start with an unknown level."""
        with self._lock:
            self._cell.switch_on()

    def switch_off(self) -> None:
        """Ignore every value from now on."""
        with self._lock:
            self._cell.switch_off()

    def add(self, amount: Number = 1, /) -> None:
        """Move the level by an amount, up or down; never raises."""
        with self._lock:
            self._cell.add(amount)

    def set(self, value: Number, /) -> None:
        """Set the level; never raises."""
        with self._lock:
            self._cell.set(value)

    def read(self) -> Number | None:
        """Return the level, or None before the first `set` or `add`."""
        with self._lock:
            level: Number | None = self._cell.read()
            return level


def _switch_off(cell: Switched) -> None:
    cell.switch_off()
