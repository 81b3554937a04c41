"""The cells: where a number lies between the call that recorded it and the next collection.

A cell's fast path is one range check, at most one bisect, and a few stores. The range check is also the
switch: a cell that is not connected has a range nothing falls into, so `record` and `add` need no second
test, and a bound method that somebody kept keeps working. No other thread can run between the last call
of a fast path and its last store (CPython checks for a switch at calls and at backward jumps only), which
makes the stores of one call one step under the GIL.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from math import inf
from time import time_ns
from typing import Final, NamedTuple, SupportsFloat

from opentelemetry import trace
from opentelemetry.context import Context, get_current

from otel_trading import _losses
from otel_trading._guard import warn

FORM: Final = "pure"
"""Which form of this module runs, as `telemetry.health()` says it."""

_LARGEST: Final = 1.7976931348623157e308
"""The largest finite double: above it are inf, and integers that no double can hold."""

_INT64: Final = 2**63

_NEVER: Final = inf
"""The lower bound of a cell that is switched off."""

_SUM, _LOW, _HIGH, _COUNTS = 0, 1, 2, 3
_PADDING: Final = (-inf, -inf, -inf)  # before the bounds, so that bisect answers with an index into the cells
_LOOKS_PER_INTERVAL: Final = 16

Number = float | int


class Exemplar(NamedTuple):
    """One recorded value and the trace it belongs to."""

    value: float
    time_unix_nano: int
    context: Context


class Drained(NamedTuple):
    """What a histogram cell held: counts per bucket, then sum, smallest and largest value."""

    counts: list[int]
    total: float
    low: float
    high: float
    exemplars: list[Exemplar]


class HistogramCell:
    """Counts values into buckets, and keeps an exemplar per bucket and interval from sampled spans."""

    __slots__ = ("_bounds", "_cells", "_exemplars", "_least", "_looks", "_plain", "_signed")

    def __init__(self) -> None:
        self._bounds: tuple[float, ...] = _PADDING
        self._cells = self._empty()
        self._exemplars: dict[int, Exemplar] = {}
        self._least = _NEVER
        self._looks = 0
        self._plain: Callable[[float], None] | None = None
        self._signed = False

    def switch_on(self, bounds: tuple[float, ...], *, signed: bool) -> None:
        """Start to count, from zero.

        Args:
            bounds: Upper bounds of the buckets, inclusive, ascending.
            signed: Whether negative values are valid.
        """
        self._plain = None
        self._signed = signed
        self._bounds = (*_PADDING, *bounds)
        self._cells = self._empty()
        self._exemplars = {}
        self._looks = _LOOKS_PER_INTERVAL
        self._least = -_LARGEST if signed else 0.0

    def switch_to(self, plain: Callable[[float], None]) -> None:
        """Hand every value to `plain` instead, which is how a histogram that cannot be folded is recorded."""
        self.switch_off()
        self._plain = plain

    def switch_off(self) -> None:
        """Ignore what is recorded from now on."""
        self._least = _NEVER
        self._plain = None

    def record(self, value: float) -> None:
        """Count one value; never raises.

        Args:
            value: In the metric's unit. NaN, infinities, what is no number, and negative values of an
                unsigned metric are not recorded but counted as lost.
        """
        kind = value.__class__
        try:
            if (kind is float or kind is int) and self._least <= value <= _LARGEST:
                slot = bisect_left(self._bounds, value)
                cells = self._cells  # after the last call, see the module's docstring
                cells[_SUM] += value
                cells[slot] += 1
                if value < cells[_LOW]:  # noqa: PLR1730 - `min` is a call, and costs one
                    cells[_LOW] = value
                if value > cells[_HIGH]:  # noqa: PLR1730
                    cells[_HIGH] = value
                if self._looks and slot not in self._exemplars:
                    self._look(slot, value)
                return
        except IndexError:  # switched on again with fewer buckets, between the bisect and the stores
            pass
        self._outside(value)

    def drain(self) -> Drained | None:
        """Take out what was counted since the last drain, or None if that is nothing."""
        cells, self._cells = self._cells, self._empty()
        exemplars, self._exemplars = self._exemplars, {}
        self._looks = _LOOKS_PER_INTERVAL
        counts = [int(count) for count in cells[_COUNTS:]]
        if not any(counts):
            return None
        return Drained(
            counts, float(cells[_SUM]), float(cells[_LOW]), float(cells[_HIGH]), [*exemplars.values()]
        )

    def _empty(self) -> list[float]:
        return [0.0, inf, -inf] + [0] * (len(self._bounds) - _COUNTS + 1)

    def _look(self, slot: int, value: float) -> None:
        self._looks -= 1
        span_context = trace.get_current_span().get_span_context()
        if span_context.trace_flags.sampled:
            self._exemplars[slot] = Exemplar(float(value), time_ns(), get_current())

    def _outside(self, value: object) -> None:
        if self._plain is not None:
            number = as_number(value)
            if number is not None and (number >= 0 or self._signed):
                self._plain(number)
                return
        elif self._least == _NEVER:
            return
        elif (number := as_number(value)) is not None and number >= self._least and number is not value:
            self.record(number)
            return
        reject(value)


class SumCell:
    """Adds amounts up; a counter's takes none below zero."""

    __slots__ = ("_floor", "_least", "_total")

    def __init__(self, *, monotonic: bool) -> None:
        self._floor = 0 if monotonic else -_LARGEST
        self._least: Number = _NEVER
        self._total: Number = 0

    def switch_on(self) -> None:
        """Start to add, from zero."""
        self._total = 0
        self._least = self._floor

    def switch_off(self) -> None:
        """Ignore what is added from now on."""
        self._least = _NEVER

    def add(self, amount: float = 1) -> None:
        """Add an amount; never raises.

        Args:
            amount: In the metric's unit. NaN, infinities, what is no number, and negative amounts on a
                counter are not added but counted as lost.
        """
        if amount.__class__ is int:
            if amount >= self._least:
                self._total += amount
                return
        elif amount.__class__ is float and self._least <= amount <= _LARGEST:
            self._total += amount
            return
        self._outside(amount)

    def read(self) -> Number | None:
        """Return the sum so far, as an int while it is one that OTLP can carry."""
        total = self._total
        return total if -_INT64 <= total < _INT64 else float(max(-_LARGEST, min(total, _LARGEST)))

    def _outside(self, amount: object) -> None:
        if self._least == _NEVER:
            return
        number = as_number(amount)
        if number is not None and number >= self._least and number is not amount:
            self.add(number)
        else:
            reject(amount)


class LevelCell(SumCell):
    """Holds a level that is set, or moved by an amount; silent until it is first touched."""

    __slots__ = ("_touched",)

    def __init__(self) -> None:
        super().__init__(monotonic=False)
        self._touched = False

    def switch_on(self) -> None:
        """Start to hold a level, as yet unknown."""
        super().switch_on()
        self._touched = False

    def add(self, amount: float = 1) -> None:
        """Move the level by an amount, up or down; never raises.

        Args:
            amount: In the metric's unit; what is not finite or no number is counted as lost.
        """
        self._touched = True
        super().add(amount)

    def set(self, value: float) -> None:
        """Set the level; never raises.

        Args:
            value: In the metric's unit; what is not finite or no number is counted as lost.
        """
        if self._least == _NEVER:
            return
        number = as_number(value)
        if number is None:
            reject(value)
            return
        self._total = number
        self._touched = True

    def read(self) -> Number | None:
        """Return the level, or None while nothing has set it."""
        return super().read() if self._touched else None


def as_number(value: object) -> Number | None:
    """Return `value` as a finite int or float, or None if it is none.

    Decimal, Fraction and numpy scalars become the nearest float; bool and text are no quantities.
    """
    if value.__class__ is not float and value.__class__ is not int:
        if isinstance(value, bool | str | bytes) or not isinstance(value, SupportsFloat):
            return None
        try:
            value = float(value)
        except Exception:  # noqa: BLE001 - `__float__` is user code and may raise anything
            return None
    return value if -_LARGEST <= value <= _LARGEST else None


def reject(value: object) -> None:
    """Count a value that cannot be recorded, and say so at most once a minute."""
    _losses.add("metrics", "invalid_value")
    warn("invalid_value", "otel_trading: a measurement of type %s was not recorded", value.__class__.__name__)
