# cython: language_level=3, binding=False, freethreading_compatible=True
"""The sums: the cells of counters, levels and gauges; written and compiled as `cells` is."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from otel_trading.values.numbers import BEYOND_INT64, LARGEST, Number, as_number, clamped, reject

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # the compiler reads it all the same, and knows what the name means
else:
    from otel_trading.recording import _cython as cython

# the largest finite double, and the lower bound of a cell that is switched off, as in `cells`
_LARGEST = cython.declare(cython.double, LARGEST)
_NEVER = cython.declare(cython.double, inf)


@cython.cclass
class Sum:
    """Adds amounts up.

    Integers are added apart, for the compiled form's sake: in C they are a machine word, which what is
    `read` empties into an integer without bounds.
    """

    __slots__ = ("_least", "_total", "_whole")

    _least: cython.double
    _total: Number
    _whole: cython.longlong

    def __init__(self) -> None:
        self.switch_off()
        self._total = 0
        self._whole = 0

    def switch_off(self) -> None:
        """Ignore what is added from now on."""
        self._least = _NEVER

    def add(self, amount: Number = 1, /) -> None:
        """Add an amount; never raises.

        Args:
            amount: In the metric's unit. NaN, infinities, and what is no number are not added but
                counted as lost.
        """
        whole: cython.int
        part: cython.double
        if type(amount) is int:
            try:
                whole = amount
            except OverflowError:  # more than a word of C holds
                self._outside(amount)
                return
            if whole >= self._least:
                self._whole += whole
                return
        elif type(amount) is float:
            part = amount
            if self._least <= part <= _LARGEST:
                self._plus(part)
                return
        self._outside(amount)

    def read(self) -> Number | None:
        """Return the sum so far, as an int while it is one that OTLP can carry."""
        whole = self._whole
        self._whole = 0
        self._total += whole  # not by a call: a thread that comes between may set a level
        total = self._total
        return total if -BEYOND_INT64 <= total < BEYOND_INT64 else clamped(total)

    def _plus(self, amount: Any) -> None:
        try:
            self._total += amount
        except OverflowError:
            self._total = clamped(self._total) + clamped(amount)

    def _outside(self, amount: Any) -> None:
        if self._least == _NEVER:
            return
        number = amount if type(amount) is int else as_number(amount)
        if number is None or number < self._least:
            reject(amount)
        else:
            self._plus(number)


@cython.final
@cython.cclass
class Counter(Sum):
    """A bound counter: `add(amount)`, never below zero."""

    __slots__ = ()

    def switch_on(self) -> None:
        """Start to add, from zero."""
        self._total = self._whole = 0
        self._least = 0

    def add(self, amount: Number = 1, /) -> None:
        """Add an amount; never raises.

        Args:
            amount: In the metric's unit. NaN, infinities, what is no number, and negative amounts are not
                added but counted as lost.
        """
        # here again, as CPython calls a method of C twice as fast where its class is the object's own
        whole: cython.int
        if type(amount) is int:
            try:
                whole = amount
            except OverflowError:
                self._outside(amount)
                return
            if whole >= self._least:
                self._whole += whole
                return
        Sum.add(self, amount)


@cython.cclass
class Level(Sum):
    """Holds a level that is set, or moved by an amount; silent until it is first touched."""

    __slots__ = ("_touched",)

    _touched: bool

    def __init__(self) -> None:
        Sum.__init__(self)
        self._touched = False

    def switch_on(self) -> None:
        """Start to hold a level, as yet unknown."""
        self._total = self._whole = 0
        self._touched = False
        self._least = -_LARGEST

    def add(self, amount: Number = 1, /) -> None:
        """Move the level by an amount, up or down; never raises.

        Args:
            amount: In the metric's unit; what is not finite or no number is counted as lost.
        """
        self._touched = True
        Sum.add(self, amount)

    def set(self, value: Number, /) -> None:
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
        self._whole = 0
        self._total = number
        self._touched = True

    def read(self) -> Number | None:
        """Return the level, or None while nothing has set it."""
        return Sum.read(self) if self._touched else None


@cython.final
@cython.cclass
class UpDownCounter(Level):
    """A bound level that may be added up across series: `set(value)` or `add(amount)`."""

    __slots__ = ()


@cython.final
@cython.cclass
class Gauge(Level):
    """A bound level that may not be added up: `set(value)`."""

    __slots__ = ()
