# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, freethreading_compatible=True
"""The cells: where a number lies between the call that recorded it and the next collection.

A cell's fast path is one range check, at most one bisect, and a few stores. The range check is also the
switch: a cell that is not connected has a range nothing falls into, so `record` and `add` need no second
test, and a bound method that somebody kept keeps working. No other thread can run between the last call
of a fast path and its last store (CPython checks for a switch at calls and at backward jumps only), which
makes the stores of one call one step under the GIL; `sharding` is for interpreters without one.

This module and `sums` are Python, and they are what Cython compiles to `_cells` and `_sums` where a C
compiler is at hand: then a cell's numbers are C doubles. Names of `cython` stand where a record does not
pass, so that the same lines are fast in both forms. `form` says which of them runs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import inf, nan
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from opentelemetry import trace
from opentelemetry.context import Context, get_current

from otel_trading._guard import guard
from otel_trading.values.numbers import LARGEST, Number, as_number, reject

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # the compiler reads it all the same, and knows what the name means
else:
    from otel_trading.recording import _cython as cython

if cython.compiled:
    from cython.cimports.cpython.time import perf_counter as _read
    from cython.cimports.libc.stdlib import calloc, free
else:
    _read = perf_counter
# the real clock, read the fastest way unless a test has put its own in the place of `perf_counter`
_REAL = cython.declare(object, perf_counter)

# the largest finite double: above it are inf, and integers that no double can hold
_LARGEST = cython.declare(cython.double, LARGEST)
# the lower bound of a cell that is switched off
_NEVER = cython.declare(cython.double, inf)
# when a block began that was never entered, so that its time is no value
_NEVER_BEGAN = cython.declare(cython.double, nan)
# where a histogram's numbers lie in its cells
_SUM = cython.declare(cython.Py_ssize_t, 0)
_LOW = cython.declare(cython.Py_ssize_t, 1)
_HIGH = cython.declare(cython.Py_ssize_t, 2)
_COUNTS = cython.declare(cython.Py_ssize_t, 3)
_LOOKS_PER_INTERVAL = cython.declare(cython.int, 16)

_BEFORE_BOUNDS = (-inf, -inf, -inf)  # so that the bisect answers with an index into the cells


class Exemplar(NamedTuple):
    """One recorded value and the trace it belongs to."""

    value: float
    time_unix_nano: int
    context: Context


Drained: TypeAlias = tuple[list[int], float, float, float, Sequence[Exemplar]]
"""What a histogram held: counts per bucket, then sum, smallest and largest value, then exemplars."""

_NO_EXEMPLARS = cython.declare(tuple, ())


@cython.cfunc
def _doubles(size: cython.Py_ssize_t) -> cython.p_double:
    found: cython.p_double = cython.cast(cython.p_double, calloc(size, 8))  # type: ignore[attr-defined]
    if not found:
        raise MemoryError
    return found


@cython.cfunc
def _bounds_of(bounds: tuple[float, ...]) -> cython.p_double:
    """Lay out the bounds; C's have their length where a tuple's have the first of `_BEFORE_BOUNDS`."""
    size: cython.Py_ssize_t = len(bounds)
    index: cython.Py_ssize_t
    found: cython.p_double = _doubles(size)
    for index in range(1, size):
        found[index] = bounds[index]
    found[0] = size
    return found


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _slot(bounds: cython.p_double, value: cython.double) -> cython.Py_ssize_t:
    low: cython.Py_ssize_t = 3
    high: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, bounds[0])  # type: ignore[attr-defined]
    middle: cython.Py_ssize_t
    while low < high:
        middle = (low + high) >> 1
        if bounds[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@cython.cfunc
def _empty(size: cython.Py_ssize_t) -> cython.p_double:
    cells: cython.p_double = _doubles(size)
    cells[1] = inf
    cells[2] = -inf
    return cells


@cython.cfunc
def _counts_of(cells: cython.p_double, size: cython.Py_ssize_t) -> list[int]:
    """Take the counts out of cells that nothing writes to any more, and free them."""
    counts = [cython.cast(cython.longlong, cells[slot]) for slot in range(_COUNTS, size)]  # type: ignore[attr-defined]
    free(cells)
    return counts


if not cython.compiled:
    _slot = bisect_left  # type: ignore[assignment]

    def _bounds_of(bounds: tuple[float, ...]) -> tuple[float, ...]:
        return bounds

    def _empty(size: int) -> list[float]:
        return [0.0, inf, -inf, *[0] * (size - 3)]

    def _counts_of(cells: list[int], size: int) -> list[int]:
        return cells[_COUNTS:size]

    def free(cells: object) -> None:
        """Leave it to Python."""


@cython.final
@cython.cclass
class Histogram:
    """A bound histogram: `record(value)`, or `with time():` for a duration.

    It counts values into buckets, and keeps an exemplar per bucket and interval from sampled spans.
    """

    __slots__ = ("_bounds", "_cells", "_exemplars", "_least", "_looks", "_plain", "_signed", "_size")

    _bounds: cython.p_double
    _cells: cython.p_double
    _size: cython.Py_ssize_t
    _least: cython.double
    _looks: cython.int
    _exemplars: dict[int, Exemplar]
    _plain: Callable[[float], None] | None
    _signed: bool

    def __init__(self) -> None:
        self._bounds = _bounds_of(_BEFORE_BOUNDS)
        self._size = _COUNTS + 1
        self._cells = _empty(self._size)
        self._exemplars = {}
        self._looks = 0
        self._plain = None
        self._signed = False
        self._least = _NEVER

    def __dealloc__(self) -> None:
        free(self._bounds)
        free(self._cells)

    def switch_on(self, bounds: tuple[float, ...], *, signed: bool) -> None:
        """Start to count, from zero.

        Args:
            bounds: Upper bounds of the buckets, inclusive, ascending.
            signed: Whether negative values are valid.
        """
        self._plain = None
        self._signed = signed
        free(self._bounds)
        free(self._cells)
        self._bounds = _bounds_of((*_BEFORE_BOUNDS, *bounds))
        self._size = len(bounds) + _COUNTS + 1
        self._cells = _empty(self._size)
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

    @cython.ccall
    def record(self, value: Number, /) -> None:
        """Count one value; never raises.

        Args:
            value: In the metric's unit. NaN, infinities, what is no number, and negative values of an
                unsigned metric are not recorded but counted as lost.
        """
        number: cython.double
        slot: cython.Py_ssize_t
        if type(value) is float:
            number = value
            if self._least <= number <= _LARGEST:
                slot = _slot(self._bounds, number)
                cells = self._cells  # after the last call, see the module's docstring
                try:
                    cells[slot] += 1
                except IndexError:  # switched on again with fewer buckets, since the bisect
                    self.record(value)
                    return
                cells[_SUM] += number
                if number < cells[_LOW]:  # noqa: PLR1730 - `min` is a call, and costs one
                    cells[_LOW] = number
                if number > cells[_HIGH]:  # noqa: PLR1730
                    cells[_HIGH] = number
                if self._looks and slot not in self._exemplars:
                    self._look(slot, number)
                return
        self._outside(value)

    def time(self) -> Timer:
        """Return a context manager that records the seconds its block took, also when it raises."""
        return _timer(self)

    def drain(self) -> Drained | None:
        """Take out what was counted since the last drain, or None if that is nothing."""
        cells = self._cells
        self._looks = _LOOKS_PER_INTERVAL
        if cells[_LOW] > cells[_HIGH]:
            return None
        self._cells = _empty(self._size)
        exemplars: Any = _NO_EXEMPLARS
        if self._exemplars:
            taken, self._exemplars = self._exemplars, {}
            exemplars = [*taken.values()]
        low, high, total = cells[_LOW], cells[_HIGH], cells[_SUM]
        return _counts_of(cells, self._size), total, low, high, exemplars

    def _look(self, slot: int, value: float) -> None:
        self._looks -= 1
        try:
            context = get_current()
            span = trace.get_current_span(context) if context else None
            if span is None or getattr(span, "unsampled", False):
                return
            if span.get_span_context().trace_flags.sampled:
                self._exemplars[slot] = Exemplar(value, time_ns(), context)
        except Exception:  # whatever somebody attached, or made the current span
            with guard("exemplar of a value"):
                raise

    def _outside(self, value: Any) -> None:
        if self._plain is not None:
            number = as_number(value)
            if number is not None and (number >= 0 or self._signed):
                self._plain(number)
                return
        elif self._least == _NEVER:
            return
        elif type(value) is not float:
            number = as_number(value)
            if number is not None and number >= self._least:
                self.record(float(number))
                return
        reject(value)


@cython.no_gc
@cython.freelist(8)
@cython.final
@cython.cclass
class Timer:
    """Times one `with` block in seconds, also when it raises."""

    __slots__ = ("_histogram", "_start")

    _histogram: Histogram
    _start: cython.double

    def __init__(self, histogram: Histogram, /) -> None:
        self._histogram = histogram
        self._start = _NEVER_BEGAN

    def __enter__(self) -> None:
        """Start the clock."""
        # a statement, and no expression, which would make an object of the number
        if perf_counter is _REAL:
            self._start = _read()
        else:
            self._start = perf_counter()

    def __exit__(
        self,
        kind: object,
        error: object,
        traceback: object,
        /,
    ) -> None:
        if perf_counter is _REAL:
            self._histogram.record(_read() - self._start)
        else:
            self._histogram.record(perf_counter() - self._start)


@cython.cfunc
def _timer(histogram: Histogram) -> Timer:
    """Make a timer without the way through `Timer.__init__`, which takes as long as the clock."""
    timer: Timer = Timer.__new__(Timer)
    timer._histogram = histogram
    timer._start = _NEVER_BEGAN
    return timer


if not cython.compiled:
    _timer = Timer  # type: ignore[assignment]
