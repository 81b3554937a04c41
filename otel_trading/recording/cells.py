# cython: language_level=3, boundscheck=False, wraparound=False, binding=False, freethreading_compatible=True
"""The cells of histograms: a cell holds the numbers of one series between two collections.

The fast path of a cell is one range check, at most one bisect, and a few stores. A cell that is switched off
has an empty range, so `record` and `add` need no second check, and a bound method (`record = cell.record`)
stays valid. CPython switches threads only at calls and at backward jumps, so no other thread runs between the
last call of a fast path and its last store: with a GIL, these stores are atomic. Interpreters without a GIL
use `sharding`.

This module and `sums` are plain Python, and Cython compiles the same source to `_cells` and `_sums` where a C
compiler is installed; then the numbers of a cell are C doubles. Names of `cython` appear only in declarations
and outside the fast path, so the same lines are fast in both forms. `form` chooses the form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import inf, nan
from time import perf_counter, time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context, get_current

from otel_trading._guard import report
from otel_trading.values.numbers import LARGEST, Number, as_number, reject

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # Cython compiles this line although it never runs: it resolves the name at compile time
else:
    from otel_trading.recording import _cython as cython

if cython.compiled:
    from cython.cimports.cpython.time import perf_counter as _read
    from cython.cimports.libc.stdlib import calloc, free
else:
    _read = perf_counter
# `_read` reads the clock without making an object; a test may replace `perf_counter`, which is then called
_REAL = cython.declare(object, perf_counter)

# the largest finite double; infinity and integers too large for a double are above it
_LARGEST = cython.declare(cython.double, LARGEST)
# the lower bound of a cell that is switched off: every value is below it
_OFF = cython.declare(cython.double, inf)
# the start of a block that was never entered: its duration is NaN, which `record` rejects
_NEVER_BEGAN = cython.declare(cython.double, nan)
# the places of a histogram's numbers in its array
_SUM = cython.declare(cython.Py_ssize_t, 0)
_LOW = cython.declare(cython.Py_ssize_t, 1)
_HIGH = cython.declare(cython.Py_ssize_t, 2)
_COUNTS = cython.declare(cython.Py_ssize_t, 3)
# For how many values of one interval a cell searches the current span for an exemplar. A search takes longer
# than the record itself, and is in vain in a process that samples no span. The metrics of the registry have
# about 16 buckets, and like the SDK a cell keeps one exemplar per bucket and collection:
# https://opentelemetry.io/docs/specs/otel/metrics/sdk/#alignedhistogrambucketexemplarreservoir
_SEARCHES_PER_INTERVAL = cython.declare(cython.int, 16)

# precede the bounds, so that the bisect returns an index into the array, after `_SUM`, `_LOW` and `_HIGH`
_BEFORE_BOUNDS = (-inf, -inf, -inf)


class Exemplar(NamedTuple):
    """One recorded value and the trace it belongs to."""

    value: float
    time_unix_nano: int
    context: Context


Drained = tuple[list[int], float, float, float, Sequence[Exemplar]]
"""The numbers of one series in one interval, as a drain takes them out of a histogram.

They are the counts per bucket (the last bucket has no upper bound), the sum of the values, the smallest
value, the largest value, and at most one exemplar per bucket. A named tuple would make a collection a tenth
slower (`collection_vs_raw` in the benchmarks), so each reader unpacks the five.
"""

_NO_EXEMPLARS = cython.declare(tuple, ())


@cython.cfunc
def _doubles(size: cython.Py_ssize_t) -> cython.p_double:
    found: cython.p_double = cython.cast(cython.p_double, calloc(size, 8))  # type: ignore[attr-defined]
    if not found:
        raise MemoryError
    return found


@cython.cfunc
def _bounds_of(bounds: tuple[float, ...]) -> cython.p_double:
    """Copy the bounds into a C array, and put its length into its first element."""
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
    """Return the counts of an array, and free it; no record may write to it any more."""
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
        """Do nothing: Python frees the list."""


@cython.final
@cython.cclass
class Histogram:
    """A bound histogram: `record(value)`, or `with time():` for a duration.

    It counts values into buckets. From sampled spans it keeps one exemplar per bucket and interval.
    """

    __slots__ = ("_bounds", "_cells", "_exemplars", "_least", "_plain", "_searches_left", "_signed", "_size")

    _bounds: cython.p_double
    _cells: cython.p_double
    _size: cython.Py_ssize_t
    _least: cython.double
    _searches_left: cython.int
    _exemplars: dict[int, Exemplar]
    _plain: Callable[[float], None] | None
    _signed: bool

    def __init__(self) -> None:
        self._bounds = _bounds_of(_BEFORE_BOUNDS)
        self._size = _COUNTS + 1
        self._cells = _empty(self._size)
        self._exemplars = {}
        self._searches_left = 0
        self._plain = None
        self._signed = False
        self._least = _OFF

    def __dealloc__(self) -> None:
        free(self._bounds)
        free(self._cells)

    def switch_on(self, bounds: tuple[float, ...], *, signed: bool) -> None:
        """Start to count at zero.

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
        self._searches_left = _SEARCHES_PER_INTERVAL
        self._least = -_LARGEST if signed else 0.0

    def switch_to(self, plain: Callable[[float], None]) -> None:
        """Pass every valid value to `plain` instead of counting it, for a histogram that cannot be folded."""
        self.switch_off()
        self._plain = plain

    def switch_off(self) -> None:
        """Ignore every value from now on."""
        self._least = _OFF
        self._plain = None

    @cython.ccall
    def record(self, value: Number, /) -> None:
        """Count one value; never raises.

        Args:
            value: In the metric's unit. NaN, infinities, values that are not numbers, and negative values
                of an unsigned metric are counted as lost instead.
        """
        number: cython.double
        slot: cython.Py_ssize_t
        if type(value) is float:
            number = value
            if self._least <= number <= _LARGEST:
                slot = _slot(self._bounds, number)
                cells = self._cells  # read after the last call: a drain in between replaces the array
                try:
                    cells[slot] += 1
                except IndexError:  # after the bisect, another thread switched the cell on with fewer buckets
                    self.record(value)
                    return
                cells[_SUM] += number
                if number < cells[_LOW]:  # noqa: PLR1730 - `min` would be a call
                    cells[_LOW] = number
                if number > cells[_HIGH]:  # noqa: PLR1730 - `max` would be a call
                    cells[_HIGH] = number
                if self._searches_left and slot not in self._exemplars:
                    self._find_exemplar(slot, number)
                return
        self._outside(value)

    def time(self) -> Timer:
        """Return a context manager that records the duration of its block in seconds, also if it raises."""
        return _timer(self)

    def drain(self) -> Drained | None:
        """Take out the numbers since the last drain; None if there are none."""
        cells = self._cells
        self._searches_left = _SEARCHES_PER_INTERVAL
        if cells[_LOW] > cells[_HIGH]:  # as in a new array, so no value was recorded
            return None
        self._cells = _empty(self._size)  # from here on, records write to the new array
        exemplars: Any = _NO_EXEMPLARS
        if self._exemplars:
            taken, self._exemplars = self._exemplars, {}
            exemplars = [*taken.values()]
        low, high, total = cells[_LOW], cells[_HIGH], cells[_SUM]
        return _counts_of(cells, self._size), total, low, high, exemplars

    def _find_exemplar(self, slot: int, value: float) -> None:
        self._searches_left -= 1
        try:
            context = get_current()
            span = trace.get_current_span(context) if context else None
            if span is None or getattr(span, "unsampled", False):
                return
            if span.get_span_context().trace_flags.sampled:
                self._exemplars[slot] = Exemplar(value, time_ns(), context)
        except Exception as error:  # noqa: BLE001 - user code may attach any object as context or span
            report("exemplar of a value", error)

    def _outside(self, value: Any) -> None:
        if self._plain is not None:
            number = as_number(value)
            if number is not None and (number >= 0 or self._signed):
                self._plain(number)
                return
        elif self._least == _OFF:
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
    """Times one `with` block in seconds, also if it raises."""

    __slots__ = ("_histogram", "_start")

    _histogram: Histogram
    _start: cython.double

    def __init__(self, histogram: Histogram, /) -> None:
        self._histogram = histogram
        self._start = _NEVER_BEGAN

    def __enter__(self) -> None:
        """Start the clock."""
        # two statements: a conditional expression would box the C double
        if perf_counter is _REAL:
            self._start = _read()
        else:
            self._start = perf_counter()

    def __exit__(
        self,
        error_class: object,
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
    """Make a timer without calling `Timer.__init__`, which takes as long as a reading of the clock."""
    timer: Timer = Timer.__new__(Timer)
    timer._histogram = histogram
    timer._start = _NEVER_BEGAN
    return timer


if not cython.compiled:
    _timer = Timer  # type: ignore[assignment]
