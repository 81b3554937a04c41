# cython: language_level=3
"""The span that is not sampled: one small object, whose ids are drawn only if something asks for them.

Cython compiles this Python to `_unsampled`, whose `.pxd` file lets `calls` reach the fields in C.
"""

from __future__ import annotations

from random import getrandbits
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.trace import DEFAULT_TRACE_STATE, NonRecordingSpan, SpanContext, TraceFlags

from otel_trading.tracing.fast.once import ONCE

_NEVER_RUN: Final = False
if not TYPE_CHECKING and _NEVER_RUN:
    import cython  # Cython compiles this line although it never runs: it resolves the name at compile time
else:
    from otel_trading.recording import _cython as cython

RANDOM: Final = 2
"""The trace flag "random", see https://www.w3.org/TR/trace-context-2/#random-trace-id-flag."""

FLAGS: Final = tuple(map(TraceFlags, range(4)))
"""The trace flags by number: one object for each instead of one per span."""


@cython.no_gc  # no cycles are possible: a span refers to the root of its trace, and a root refers to no span
@cython.freelist(8)
@cython.final
@cython.cclass
class UnsampledSpan:
    """A span that is not recorded.

    The API accepts it as a `NonRecordingSpan`. It does not inherit from that class, since a struct in C
    cannot. Its methods accept arguments of any type: the compiled form enforces annotations and would raise
    into the caller's code.

    `calls` makes it and sets the fields, which never change afterwards except for `_context`.
    """

    __slots__ = ("__weakref__", "_context", "_drawn", "_root")

    if not cython.compiled:  # the `.pxd` file declares them for the compiler
        __weakref__: Any
        _context: SpanContext | None
        """The ids; None until something asks for them."""
        _root: UnsampledSpan | None
        """The topmost unsampled span of this trace in this process, whose trace id this span has. Each span
        below refers to it directly: a chain of parents would keep every ancestor alive."""
        _drawn: float
        """The random number that decided against the trace, from 0 to 1; meaningful in a root alone."""

    def get_span_context(self) -> Any:
        """Return the context, whose ids are drawn at the first call."""
        if self._context is None:
            self._draw()
        return self._context

    def _draw(self) -> None:
        above: Any = None if self._root is None else self._root.get_span_context()
        with ONCE:
            if self._context is not None:
                return
            if above is None:
                trace_id, flags, state = trace_id_of(self._drawn), RANDOM, DEFAULT_TRACE_STATE
            else:
                trace_id, flags, state = above.trace_id, above.trace_flags, above.trace_state
            drawn = SpanContext(trace_id, getrandbits(64) or 1, False, FLAGS[flags], state)  # noqa: FBT003
            if self._context is None:  # a signal handler may have drawn them since the check above
                self._context = drawn

    def is_recording(self) -> bool:
        """Return False."""
        return False

    def end(self, *given: Any, **named: Any) -> None:
        """Do nothing."""

    set_attribute = set_attributes = add_event = add_link = update_name = end
    set_status = record_exception = __exit__ = end
    unsampled = True  # for the exemplars of recording, which need no ids of such a span

    def __enter__(self) -> Any:
        """Return the span."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the span as a span of the API with the same ids."""
        return NonRecordingSpan, (self.get_span_context(),)

    def __repr__(self) -> str:
        return f"NonRecordingSpan({self.get_span_context()!r})"


NonRecordingSpan.register(UnsampledSpan)


@cython.ccall
def trace_id_of(drawn: cython.double) -> Any:
    """Return a trace id for which a sampler by ratio decides the same again, in this process or the next.

    Such samplers compare the lower 64 bits of an id with a bound. The highest 53 of these bits are those of
    `drawn`; all others are random.

    Args:
        drawn: The random number that decided about the trace, from 0 to 1.
    """
    return (getrandbits(64) << 64 | int(drawn * 2**53) << 11 | getrandbits(11)) or 1
