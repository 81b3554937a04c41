# cython: language_level=3
"""The work around each call of a traced function, from its span's start to its end.

Cython compiles this Python to `_calls` where a C compiler is at hand, as it does the cells of recording: then
the context variable and the clock are read in C, and an unsampled span is a struct. `form` chooses.
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
from opentelemetry.trace import DEFAULT_TRACE_STATE, INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags

from otel_trading._guard import guard
from otel_trading._sdk.contexts import SPAN_KEY
from otel_trading.tracing.fast.current import put
from otel_trading.tracing.fast.once import ONCE
from otel_trading.values.times import nanoseconds

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # the compiler reads it all the same, and knows what the name means
else:
    from otel_trading.recording import _cython as cython

if cython.compiled:
    from cython.cimports.cpython.contextvars import PyContextVar_Reset as reset_value
    from cython.cimports.cpython.contextvars import PyContextVar_Set as set_value
    from cython.cimports.cpython.contextvars import get_value
    from cython.cimports.cpython.dict import PyDict_SetItem as set_item
    from cython.cimports.cpython.dict import PyDict_Update
    from cython.cimports.cpython.object import PyObject, PyObject_Call, PyTypeObject
    from cython.cimports.cpython.ref import Py_REFCNT as refcount
    from cython.cimports.cpython.time import perf_counter as _read
else:
    get_value, set_value, reset_value = ContextVar.get, ContextVar.set, ContextVar.reset
    set_item = put

_TRACE_ID = cython.declare(cython.int, 0)  # of a SpanContext
_REMOTE = cython.declare(cython.int, 2)
_FLAGS = cython.declare(cython.int, 3)
_STATE = cython.declare(cython.int, 4)
_VALID = cython.declare(cython.int, 5)
_RANDOM = cython.declare(cython.int, 2)
_LOW_64 = cython.declare(object, (1 << 64) - 1)
_FLAGS_OF = cython.declare(tuple, tuple(map(TraceFlags, range(4))))  # one object for each, not one per span

_new = cython.declare(object, object.__new__)
_tuple = cython.declare(object, tuple.__new__)
# the real clock, read the fastest way unless a test has put its own in the place of `perf_counter`
_REAL = cython.declare(object, perf_counter)
_NO_ARGUMENTS = cython.declare(tuple, ())
_EMPTY = cython.declare(object, Context())


@cython.cfunc
@cython.inline
def _seconds() -> cython.double:
    return _read() if perf_counter is _REAL else perf_counter()


# an empty context that was one of a call, and is nobody's any more: a new one takes four times as long
_spare = cython.declare(object, None)


@cython.cfunc
@cython.inline
def _copy(context: Any) -> Any:
    """Copy a context, without looking up how its class is called."""
    global _spare
    if _spare is not None and not context:
        made: Any = _spare
        _spare = None
        return made
    kind = cython.cast(cython.pointer(PyTypeObject), Context)  # type: ignore[attr-defined]
    nothing = cython.cast(cython.pointer(PyObject), _NO_ARGUMENTS)  # type: ignore[attr-defined]
    made = kind.tp_new(Context, nothing, cython.NULL)  # type: ignore[attr-defined]
    PyDict_Update(made, context)
    return made


@cython.cfunc
@cython.inline
def _let_go(context: Any) -> None:
    global _spare
    set_item(context, SPAN_KEY, None)
    _spare = context


if not cython.compiled:
    _seconds, _copy = perf_counter, Context  # type: ignore[assignment]


@cython.no_gc  # it holds another, which holds none, or numbers
@cython.freelist(8)
@cython.final
@cython.cclass
class UnsampledSpan:
    """A span that is not recorded, and has ids only if somebody asks for them.

    To the API it is a `NonRecordingSpan`; a struct cannot inherit from a class. Its methods take anything:
    where a type stands, the compiled form insists on it, and raises into the caller's code.
    """

    __slots__ = ("__weakref__", "_ids")

    __weakref__: Any
    _ids: Any
    """The context; before somebody asked, a span of the same trace, or what was drawn for the decision."""

    def get_span_context(self) -> Any:
        """Return the context, whose ids are drawn at the first call."""
        if type(self._ids) is not SpanContext:
            self._draw()
        return self._ids

    def _draw(self) -> None:
        above: Any = self._ids
        if type(above) is UnsampledSpan:
            above = above.get_span_context()
        with ONCE.lock:
            if type(self._ids) is SpanContext:
                return
            if type(above) is float:
                trace_id, flags, state = _trace_id(above), _RANDOM, DEFAULT_TRACE_STATE
            else:
                trace_id, flags, state = above.trace_id, above.trace_flags, above.trace_state
            drawn = SpanContext(trace_id, getrandbits(64) or 1, False, _FLAGS_OF[flags], state)  # noqa: FBT003
            if type(self._ids) is not SpanContext:  # nor did a signal's handler draw them meanwhile
                self._ids = drawn

    @cython.cfunc
    def _of_trace(self) -> UnsampledSpan:
        """Return the span that one below takes the trace from: were it the next each time, all were kept."""
        return self._ids if type(self._ids) is UnsampledSpan else self

    def is_recording(self) -> bool:
        """Say no."""
        return False

    def end(self, *given: Any, **named: Any) -> None:
        """Do nothing."""

    set_attribute = set_attributes = add_event = add_link = update_name = end
    set_status = record_exception = __exit__ = end
    unsampled = True  # for whoever need not know more, and have the ids drawn

    def __enter__(self) -> Any:
        """Do nothing."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Be copied and pickled as a span of the API's with the same ids."""
        return NonRecordingSpan, (self.get_span_context(),)

    def __repr__(self) -> str:
        return f"NonRecordingSpan({self.get_span_context()!r})"


NonRecordingSpan.register(UnsampledSpan)


def _trace_id(drawn: float) -> int:
    """Return an id whose lower half, which samplers compare, is what was drawn for the decision."""
    return (getrandbits(64) << 64 | int(drawn * 2**53) << 11 | getrandbits(11)) or 1


@cython.final
@cython.cclass
class CallSite:
    """Where calls of one function have their spans made: with a class that holds what these have in common.

    Args:
        make: Returns that class, given the class of a tracer's spans.
    """

    _kind: Any
    _make: Callable[[Any], Any]
    _of: Any

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make, self._kind, self._of = make, None, None

    @cython.cfunc
    def _fit(self, kind: Any) -> Any:
        made = self._kind = self._make(kind)
        self._of = kind  # last, since another thread may be looking
        return made


@cython.final
@cython.cclass
class Starter:
    """Starts the spans of one tracer.

    Args:
        tracer: A `fast_span.FastTracer`.
    """

    _below: Any
    _ids: Any
    _inherits: cython.int
    _kind: Any
    _late: cython.int
    _on_start: Any
    _processor: Any
    _processors_of: Any
    _random: cython.int
    _root: Any
    _seen: Any
    _share: cython.double
    _tracer: Any
    _variable: Any

    def __init__(self, tracer: Any) -> None:
        self._tracer, self._variable = tracer, tracer.variable
        self._root, self._below = tracer.bounds.root, tracer.bounds.below
        self._share = self._root / 2**64
        self._ids = tracer.ids
        self._inherits = self._ids is None and not self._below[0][0]
        self._random, self._late = tracer.random, tracer.late
        self._processor, self._processors_of = tracer.processor, tracer.processors_of
        self._seen = self._kind = self._on_start = None

    def look(self) -> None:
        """See which processors there are, and which class the spans are made of."""
        self._kind, self._on_start, self._seen = self._tracer.look()

    @cython.ccall
    def start(self, site: CallSite, context: Any) -> Any:
        """Start the span of one call; `context` is the current one, whose span is the parent; may raise."""
        span = self.begin(site, context)
        if self._on_start is not None and type(span) is not UnsampledSpan:
            self._on_start(span, parent_context=None)  # the current one, as the SDK says it
        return span

    @cython.ccall
    def begin(self, site: CallSite, context: Any) -> Any:  # noqa: C901 - in one piece: a call costs a tenth of it
        """Make a span that no processor knows yet; the arguments are those of `start`."""
        drawn: cython.double
        near: UnsampledSpan
        parent: Any = context.get(SPAN_KEY) if context else None
        above: Any = None
        ids: Any = None
        trace_id: Any = None
        if parent is not None:
            if self._inherits and type(parent) is UnsampledSpan:
                near = parent
                ids = near._of_trace()
            else:
                above = parent.get_span_context()
                if above is not None and not above[_VALID]:
                    above = None
        if above is not None or self._ids is not None:
            trace_id, ids = self._decide(above)
        elif ids is None and self._share < 1:
            ids = random()  # noqa: S311 - as the SDK draws its ids
            drawn = ids
            if drawn < self._share:
                trace_id, ids = _trace_id(ids), None
        if ids is not None:
            unsampled: UnsampledSpan = UnsampledSpan.__new__(UnsampledSpan)
            unsampled._ids = ids
            return unsampled
        if self._processors_of(self._processor) is not self._seen:
            self.look()
        span = _new(site._kind if site._of is self._kind else site._fit(self._kind))
        span._parent = above
        if not self._late:
            span._context = self.context(trace_id, above, 1)
        elif trace_id is not None:
            span._trace_id = trace_id
        span._start_time = _now()
        return span

    @cython.cfunc
    def _decide(self, above: Any) -> tuple[int, SpanContext | None]:
        """Return a trace's id, and a context for a span of it that is not sampled."""
        if above is None:
            trace_id, bound = self._ids.generate_trace_id(), self._root
        else:
            is_remote = 1 if above[_REMOTE] else 0
            trace_id, bound = above[_TRACE_ID], self._below[is_remote][above[_FLAGS] & 1]
        sampled = bound > _LOW_64 or trace_id & _LOW_64 < bound
        return trace_id, None if sampled else self.context(trace_id, above, 0)

    @cython.ccall
    def context(self, trace_id: Any, above: Any, sampled: cython.int) -> Any:
        """Return the context of a span, with an id of its own.

        Args:
            trace_id: The trace's; None where it begins here and is still to be drawn.
            above: The parent's context.
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


# starts the spans of the tracer that is attached, where that can be done here
_starter = cython.declare(Starter, None)


def attach(starter: Starter | None) -> None:
    """Have `starter` start the spans of traced functions from now on; None where that cannot be done here."""
    global _starter
    _starter = starter


def end(span: Any, end_time: Any = None) -> None:
    """End a fast span, and hand it to the processors; never raises."""
    ended = _now() if end_time is None else nanoseconds(end_time)
    if span._end_time is not None:
        span._end_again(end_time)
        return
    span._end_time = ended  # no call since the look at it, so that no other thread came between
    try:
        span._hand_on(span)
    except Exception:  # a processor of the user's
        with guard("end of a span"):
            raise


def wrap(function: Callable[..., Any], call: Any, site: CallSite) -> Callable[..., Any]:
    """Return a function that opens a span around each call of another.

    Args:
        function: Not a coroutine's, nor a generator's.
        call: Where durations and failures go, and what is done where spans cannot be started here.
        site: Has the spans made.
    """
    record = call.duration.record

    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Any:
        starter = _starter
        if starter is None:
            return call.run(function, arguments, keywords)
        around = get_value(starter._variable)
        if not isinstance(around, dict):  # whatever somebody attached
            around = _EMPTY
        try:
            span = starter.start(site, around)
        except Exception:  # a processor or an id generator of the user's
            with guard("start of a span"):
                raise
            span = INVALID_SPAN
        inside = _copy(around)
        set_item(inside, SPAN_KEY, span)
        token = set_value(starter._variable, inside)
        started: cython.double = _seconds()
        try:
            if cython.compiled:  # the compiler's own way to call takes one level of recursion more
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
        if cython.compiled and not around and refcount(inside) == 1:
            _let_go(inside)
        return result

    return wrapper


@cython.cfunc
def _close(span: Any, variable: Any, token: Any) -> None:
    try:
        reset_value(variable, token)
    except Exception:  # noqa: BLE001 - the API's own function says what is wrong, and raises nothing
        otel_context.detach(token)
    if type(span) is not UnsampledSpan:
        try:
            span.end()
        except Exception:
            with guard("end of a span"):
                raise
