# cython: language_level=3, binding=False, freethreading_compatible=True
"""The cells of counters, levels and gauges; one source for both forms, like `cells`.

A collection reads them through observable instruments, which report totals:
https://opentelemetry.io/docs/specs/otel/metrics/api/#asynchronous-counter-operations
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from otel_trading.values.numbers import BEYOND_INT64, LARGEST, Number, as_number, clamped, reject

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # Cython compiles this line although it never runs: it resolves the name at compile time
else:
    from otel_trading.recording import _cython as cython

# the largest finite double, and the lower bound of a cell that is switched off, as in `cells`
_LARGEST = cython.declare(cython.double, LARGEST)
_OFF = cython.declare(cython.double, inf)


@cython.cclass
class Sum:
    """A sum of amounts.

    Integers are added to `_whole`, which is a machine word in the compiled form. Each `read` moves it into
    `_total`, a Python object without bounds.
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
        """Ignore every amount from now on."""
        self._least = _OFF

    def add(self, amount: Number = 1, /) -> None:
        """Add an amount; never raises.

        Args:
            amount: In the metric's unit. NaN, infinities, and values that are not numbers are counted as
                lost instead.
        """
        whole: cython.int
        part: cython.double
        if type(amount) is int:
            try:
                whole = amount
            except OverflowError:  # the compiled form's `whole` is a C int
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
        """Return the sum so far: an int if OTLP can carry it (64 bits), else the nearest float."""
        whole = self._whole
        self._whole = 0
        self._total += whole  # inline: during a call another thread could set the level
        total = self._total
        return total if -BEYOND_INT64 <= total < BEYOND_INT64 else clamped(total)

    def _plus(self, amount: Any) -> None:
        try:
            self._total += amount
        except OverflowError:  # an int that is too large for a double, plus a float
            self._total = clamped(self._total) + clamped(amount)

    def _outside(self, amount: Any) -> None:
        if self._least == _OFF:
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
        """Start to add at zero."""
        self._total = self._whole = 0
        self._least = 0

    def add(self, amount: Number = 1, /) -> None:
        """Add an amount; never raises.

        Args:
            amount: In the metric's unit. NaN, infinities, values that are not numbers, and negative amounts
                are counted as lost instead.
        """
        # A copy of the first lines of `Sum.add`: the specialised call of CPython (PEP 659) is twice as fast,
        # but the object's own class has to define the method, and in C.
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
    """A level that is set, or moved by an amount; it has no value before the first call."""

    __slots__ = ("_touched",)

    _touched: bool

    def __init__(self) -> None:
        Sum.__init__(self)
        self._touched = False

    def switch_on(self) -> None:
        """Start with an unknown level."""
        self._total = self._whole = 0
        self._touched = False
        self._least = -_LARGEST

    def add(self, amount: Number = 1, /) -> None:
        """Move the level by an amount, up or down; never raises.

        Args:
            amount: In the metric's unit. Values that are not finite numbers are counted as lost instead.
        """
        self._touched = True
        Sum.add(self, amount)

    def set(self, value: Number, /) -> None:
        """Set the level; never raises.

        Args:
            value: In the metric's unit. Values that are not finite numbers are counted as lost instead.
        """
        if self._least == _OFF:
            return
        number = as_number(value)
        if number is None:
            reject(value)
            return
        self._whole = 0
        self._total = number
        self._touched = True

    def read(self) -> Number | None:
        """Return the level, or None before the first `set` or `add`."""
        return Sum.read(self) if self._touched else None


@cython.final
@cython.cclass
class UpDownCounter(Level):
    """A bound level that can be summed across series: `set(value)` or `add(amount)`."""

    __slots__ = ()


@cython.final
@cython.cclass
class Gauge(Level):
    """A bound level that cannot be summed across series: `set(value)`."""

    __slots__ = ()
