# cython: language_level=3
"""The work around each call of a traced function, from the start of its span to the end.

Cython compiles this Python to `_calls` where a C compiler is available, as it compiles the cells of
recording: then the context variable and the clock are read in C, and an unsampled span is a struct. `form`
chooses between the two.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from random import getrandbits, random
from time import perf_counter
from time import time_ns as _now
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import DEFAULT_TRACE_STATE, INVALID_SPAN, SpanContext

from otel_trading._guard import report
from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading.tracing.fast.current import put
from otel_trading.tracing.fast.unsampled import FLAGS, RANDOM
from otel_trading.values.times import nanoseconds

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # never executed; the compiler reads this line to know the name
else:
    from otel_trading.recording import _cython as cython

if cython.compiled:
    from cython.cimports.cpython.contextvars import PyContextVar_Reset as reset_value
    from cython.cimports.cpython.contextvars import PyContextVar_Set as set_value
    from cython.cimports.cpython.contextvars import get_value
    from cython.cimports.cpython.dict import PyDict_SetItem as set_item
    from cython.cimports.cpython.dict import PyDict_Update
    from cython.cimports.cpython.object import PyObject, PyObject_Call, PyTypeObject
    from cython.cimports.cpython.ref import Py_REFCNT as reference_count
    from cython.cimports.cpython.time import perf_counter as _read
    from cython.cimports.otel_trading.tracing.fast._unsampled import UnsampledSpan, trace_id_of
else:
    from otel_trading.tracing.fast.unsampled import UnsampledSpan, trace_id_of

    get_value, set_value, reset_value = ContextVar.get, ContextVar.set, ContextVar.reset
    set_item = put

# A `SpanContext` is a tuple; reading an item by its place costs less than reading the property.
_TRACE_ID = cython.declare(cython.int, 0)
_REMOTE = cython.declare(cython.int, 2)
_FLAGS = cython.declare(cython.int, 3)
_STATE = cython.declare(cython.int, 4)
_VALID = cython.declare(cython.int, 5)
_RANDOM = cython.declare(cython.int, RANDOM)
_LOW_64 = cython.declare(object, (1 << 64) - 1)
_FLAGS_OF = cython.declare(tuple, FLAGS)

_new = cython.declare(object, object.__new__)
_tuple = cython.declare(object, tuple.__new__)
_REAL = cython.declare(object, perf_counter)
_NO_ARGUMENTS = cython.declare(tuple, ())
_EMPTY = cython.declare(object, Context())


@cython.cfunc
@cython.inline
def _seconds() -> cython.double:
    """Read the clock in C, unless a test has put a clock of its own in the place of `perf_counter`."""
    return _read() if perf_counter is _REAL else perf_counter()


# The context of a call that has ended, for the next call that no span surrounds. To make a new one instead
# costs a tenth of an unsampled call: see the row `span_unsampled` in README.md. It is safe because
# - a context is kept only while its reference count is 1: no task, thread or variable refers to it, so that
#   nothing sees it change;
# - no Python code runs between the read and the clearing of this variable, so that the GIL makes the two one
#   step, and no two calls take the same context;
# - without a GIL, `form` chooses the Python form, which makes a new context for each call.
_reusable_context = cython.declare(object, None)


@cython.cfunc
@cython.inline
def _return_context(context: Any) -> None:
    """Make the context of an ended call reusable; only the caller may have a reference to it."""
    global _reusable_context
    set_item(context, SPAN_KEY, None)  # releases the span; the next call sets its own under the same key
    _reusable_context = context


@cython.cfunc
@cython.inline
def _copy(context: Any) -> Any:
    """Copy a context, or reuse one for an empty copy, without the lookup of the class's constructor."""
    global _reusable_context
    if not context and _reusable_context is not None:
        taken: Any = _reusable_context
        _reusable_context = None
        return taken
    kind = cython.cast(cython.pointer(PyTypeObject), Context)  # type: ignore[attr-defined]
    nothing = cython.cast(cython.pointer(PyObject), _NO_ARGUMENTS)  # type: ignore[attr-defined]
    made: Any = kind.tp_new(Context, nothing, cython.NULL)  # type: ignore[attr-defined]
    if context:
        PyDict_Update(made, context)
    return made


if not cython.compiled:
    _seconds, _copy = perf_counter, Context  # type: ignore[assignment]


@cython.final
@cython.cclass
class CallSite:
    """The place in the code where the spans of one function are made, with a class of their own.

    The class holds everything that these spans have in common, so that a call sets only what differs.

    Args:
        make: Takes the class of a tracer's spans and returns the subclass for this place.
    """

    _made: Any
    _make: Callable[[Any], Any]
    _base: Any

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make, self._made, self._base = make, None, None

    @cython.cfunc
    def _renew(self, base: Any) -> Any:
        made = self._made = self._make(base)
        self._base = base  # last: a thread that sees the new base also sees the class made from it
        return made


@cython.final
@cython.cclass
class Starter:
    """Starts the spans of one tracer.

    Args:
        tracer: A `fast_span.FastTracer`.
    """

    _below: Any  # the bounds of the sampler below a parent, see `SampleBounds`
    _defers: cython.int  # whether the ids of a sampled span are drawn when something reads them
    _ids: Any  # the user's id generator; None draws ids here
    _inherits: cython.int  # whether a span below an unsampled one is unsampled too, without ids
    _kind: Any  # the class of the tracer's spans
    _on_start: Any  # the method to call for a span that starts; None where no processor acts then
    _processor: Any
    _processors: Any  # the processors for which `_kind` and `_on_start` were chosen
    _processors_of: Any
    _random: cython.int  # the flag of traces whose id is random
    _root: Any  # the bound of the sampler for a trace that begins here
    _share: cython.double  # the same from 0 to 1
    _tracer: Any
    _variable: Any  # the context variable of the API

    def __init__(self, tracer: Any) -> None:
        self._tracer, self._variable = tracer, tracer.variable
        self._root, self._below = tracer.bounds.root, tracer.bounds.below
        self._share = self._root / 2**64
        self._ids = tracer.ids
        self._inherits = self._ids is None and not self._below[0][0]
        self._random, self._defers = tracer.random, tracer.defers_ids
        self._processor, self._processors_of = tracer.processor, tracer.processors_of
        self._processors = self._kind = self._on_start = None

    def refresh(self) -> None:
        """Read the provider's processors again, and choose the class of the spans for them."""
        self._kind, self._on_start, self._processors = self._tracer.read_processors()

    @cython.ccall
    def start(self, site: CallSite, context: Any) -> Any:
        """Start the span of one call.

        Args:
            site: The call's place in the code.
            context: The current context, whose span is the parent.

        Returns:
            A `FastSpan`, or an `UnsampledSpan`.

        Raises:
            Exception: A processor or an id generator of the user raised it.
        """
        span = self.begin(site, context)
        if self._on_start is not None and type(span) is not UnsampledSpan:
            self._on_start(span, parent_context=None)  # as from the SDK: None is the current context
        return span

    @cython.ccall
    def begin(self, site: CallSite, context: Any) -> Any:
        """Make a span that no processor knows yet; arguments and result are those of `start`.

        One function, although it is long: in Python, each further function would add a few percent to a call.
        """
        parent: Any = context.get(SPAN_KEY) if context else None
        above: Any = None
        trace_id: Any = None
        drawn: cython.double
        root: UnsampledSpan
        if parent is not None:
            if self._inherits and type(parent) is UnsampledSpan:
                return _below_unsampled(parent)
            above = _valid_context(parent)
        if above is not None or self._ids is not None:
            trace_id, unsampled = self._decide(above)
            if unsampled is not None:
                return unsampled
        elif self._share < 1:
            # A trace begins here. The decision needs 53 random bits, and an unsampled span mostly no id.
            drawn = random()  # noqa: S311 - the SDK draws its ids from the same generator
            if drawn >= self._share:
                root = UnsampledSpan.__new__(UnsampledSpan)
                root._context, root._root, root._drawn = None, None, drawn
                return root
            trace_id = trace_id_of(drawn)
        if self._processors_of(self._processor) is not self._processors:
            self.refresh()
        span = _new(site._made if site._base is self._kind else site._renew(self._kind))
        span._parent = above
        if not self._defers:
            span._context = self.context(trace_id, above, 1)
        elif trace_id is not None:
            span._trace_id = trace_id
        span._start_time = _now()
        return span

    @cython.cfunc
    def _decide(self, above: Any) -> tuple[int, UnsampledSpan | None]:
        """Decide about a trace with a parent, or with an id from the user's generator.

        Returns:
            The trace id, and the span if it is not sampled.
        """
        if above is None:
            trace_id, bound = self._ids.generate_trace_id(), self._root
        else:
            is_remote = 1 if above[_REMOTE] else 0
            trace_id, bound = above[_TRACE_ID], self._below[is_remote][above[_FLAGS] & 1]
        if bound > _LOW_64 or trace_id & _LOW_64 < bound:
            return trace_id, None
        span: UnsampledSpan = UnsampledSpan.__new__(UnsampledSpan)
        span._context, span._root, span._drawn = self.context(trace_id, above, 0), None, 0.0
        return trace_id, span

    @cython.ccall
    def context(self, trace_id: Any, above: Any, sampled: cython.int) -> Any:
        """Return the context of a span, with an id of its own.

        Args:
            trace_id: The trace id; None draws one, for a trace that begins here.
            above: The parent's context, or None.
            sampled: 1 or 0.
        """
        flags: cython.int = self._random
        state: Any = DEFAULT_TRACE_STATE
        if above is not None:
            flags, state = above[_FLAGS] & _RANDOM, above[_STATE]
        flags |= sampled
        if self._ids is not None:
            return SpanContext(trace_id, self._ids.generate_span_id(), False, _FLAGS_OF[flags], state)  # noqa: FBT003
        if trace_id is None:
            trace_id = getrandbits(128) or 1
        return _tuple(SpanContext, (trace_id, getrandbits(64) or 1, False, _FLAGS_OF[flags], state, True))


@cython.cfunc
@cython.inline
def _below_unsampled(parent: UnsampledSpan) -> UnsampledSpan:
    """Make a span below an unsampled one of ours, in the same trace, without ids."""
    span: UnsampledSpan = UnsampledSpan.__new__(UnsampledSpan)
    span._context, span._drawn = None, 0.0
    span._root = parent if parent._root is None else parent._root
    return span


@cython.cfunc
def _valid_context(parent: Any) -> Any:
    """Return the context of a parent span, or None where the parent has no valid one."""
    above = parent.get_span_context()
    return above if above is not None and above[_VALID] else None


# the starter of the attached tracer, if fast spans are right for it
_starter = cython.declare(Starter, None)


def attach(starter: Starter | None) -> None:
    """Use a starter for the spans of all traced functions from now on; None returns to the tracer itself."""
    global _starter
    _starter = starter


def end(span: Any, end_time: Any = None) -> None:
    """End a fast span and pass it on to the processors; never raises.

    The specification lets only the first end count, see
    https://opentelemetry.io/docs/specs/otel/trace/api/#end.
    """
    ended = _now() if end_time is None else nanoseconds(end_time)
    if span._end_time is not None:
        span._end_again(end_time)
        return
    span._end_time = ended  # no call since the check, so that no other thread ran between the two
    try:
        span._submit(span)
    except Exception as error:  # noqa: BLE001 - a processor of the user may raise anything
        report("end of a span", error)


def wrap(function: Callable[..., Any], call: Any, site: CallSite) -> Callable[..., Any]:
    """Return a function that opens a span around each call of another.

    Args:
        function: A function, but not a coroutine function or generator function.
        call: Records durations and failures, and runs the function where no starter is attached.
        site: Where the spans are made.
    """
    record = call.duration.record

    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        starter = _starter
        if starter is None:
            return call.run(function, arguments, keywords)
        around = get_value(starter._variable)
        if not isinstance(around, dict):  # `context.attach` of the API accepts any object
            around = _EMPTY
        try:
            span = starter.start(site, around)
        except Exception as error:  # noqa: BLE001 - a processor or id generator of the user may raise anything
            report("start of a span", error)
            span = INVALID_SPAN
        # A context is immutable to its users, so each call sets a copy (PEP 567,
        # https://peps.python.org/pep-0567/): a task or thread that captured the outer one keeps it.
        inside = _copy(around)
        set_item(inside, SPAN_KEY, span)
        token = set_value(starter._variable, inside)
        started: cython.double = _seconds()
        try:
            if cython.compiled:  # Cython's own call counts as one more level of recursion
                result = PyObject_Call(function, arguments, keywords)
            else:
                result = function(*arguments, **keywords)
        except BaseException as error:
            try:
                call.fail(span, _seconds() - started, error)
            finally:
                _close(span, starter._variable, token)
            raise
        if record is not None:
            record(_seconds() - started)
        _close(span, starter._variable, token)
        if cython.compiled and not around and reference_count(inside) == 1:
            _return_context(inside)
        return result

    return wrapper


@cython.cfunc
def _close(span: Any, variable: Any, token: Any) -> None:
    try:
        reset_value(variable, token)
    except Exception:  # noqa: BLE001 - the API's own function reports the reason, and raises nothing
        otel_context.detach(token)
    if type(span) is not UnsampledSpan:
        try:
            span.end()
        except Exception as error:  # noqa: BLE001 - a span that is not ours may raise anything
            report("end of a span", error)
