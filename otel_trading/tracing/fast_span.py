"""Fast spans: the SDK's own spans, without what most of them never use.

A `FastSpan` is a span of the SDK that starts without a lock, bounded attributes, events and links. Whatever
touches one of these first makes them, and from then on every method is the SDK's own, so that limits,
statuses and exceptions need no second implementation. An `UnsampledSpan` draws ids when somebody asks.

This is the only module of the room that touches private names of OpenTelemetry; `probe` compares its spans
with the SDK's once, at attach time, and where they differ, every span is a plain one of the SDK.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from random import getrandbits
from threading import Lock
from time import time_ns as _now
from typing import Any, Final, cast

from opentelemetry import context as context_api
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.sdk.trace import (
    ConcurrentMultiSpanProcessor,
    Span,
    SpanProcessor,
    SynchronousMultiSpanProcessor,
)
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import (
    DEFAULT_TRACE_STATE,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)
from opentelemetry.util.types import AttributeValue

from otel_trading._exportable import nanoseconds
from otel_trading._forking import at_fork
from otel_trading._guard import guard
from otel_trading.tracing.current import SPAN_KEY
from otel_trading.tracing.safe_span import exportable_attributes, safe

Attributes = Mapping[str, AttributeValue]

_TRACE_ID, _SPAN_ID, _REMOTE, _FLAGS, _STATE, _VALID = range(6)  # of a SpanContext
_LOW_64: Final = (1 << 64) - 1
_RANDOM: Final = 2
_FLAGS_OF: Final = tuple(TraceFlags(bits) for bits in range(4))  # one object for each, not one per span
_NOTHING: Final[Attributes] = {}
_QUIET: Final = frozenset({SpanProcessor.on_start, BatchSpanProcessor.on_start, SimpleSpanProcessor.on_start})
"""What need not be called when a span starts, since it does nothing."""

_new: Final = object.__new__
_tuple: Final = tuple.__new__
_lock = Lock()
"""Guards what happens at most once in a span's life: its completion, and the drawing of its ids."""


def _renew_lock() -> None:
    """Begin with a free lock in a forked child: a thread of the parent may have held it."""
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class _Completion:
    """The lock of a span, which is not there before its first use: making it makes the rest as well.

    Every method of the SDK that changes a span takes the lock first.
    """

    def __get__(self, span: Any, owner: type) -> Any:
        with _lock:
            made = vars(span)
            if "_lock" not in made:
                span._complete()
                made["_lock"] = Lock()
            return made["_lock"]


class FastSpan(safe(Span)):  # type: ignore[misc]
    """A span whose seldom used parts are made when they are first used; made by a `FastTracer`."""

    _lock: Any = _Completion()
    _attributes: Any
    _events: Any = ()
    _links: Any = ()
    _status = Status(StatusCode.UNSET)
    _start_time: int | None
    _end_time: int | None = None
    _record_exception = False
    _set_status_on_exception = False
    _record_end_metrics = None
    deliver: Callable[[FastSpan], None]
    _hand_on: Callable[[FastSpan], None]

    def _complete(self) -> None:
        limits, given = self._limits, self._attributes
        attributes = BoundedAttributes(
            limits.max_span_attributes, immutable=False, max_value_len=limits.max_span_attribute_length
        )
        attributes._dict.update(given)
        attributes.dropped = getattr(given, "dropped", 0)
        self._attributes = attributes
        self._events = self._new_events()
        if "_links" not in vars(self):  # else it was started with some, or with more than the limits allow
            self._links = self._new_links(())

    def end(self, end_time: int | None = None) -> None:
        """End the span, and hand it to the processors; never raises."""
        ended = _now() if end_time is None else nanoseconds(end_time)
        if self._end_time is not None:
            super().end(end_time)  # says so
            return
        self._end_time = ended  # no call since the look at it, so that no other thread came between
        try:
            self._hand_on(self)
        except Exception:  # a processor of the user's
            with guard("end of a span"):
                raise


class UnsampledSpan(NonRecordingSpan):
    """A span that is not recorded, and has ids only if somebody asks for them."""

    _above: UnsampledSpan | None = None
    _known: SpanContext | None = None
    _trace_id: int
    _flags: int = _RANDOM
    _state: TraceState = DEFAULT_TRACE_STATE

    def get_span_context(self) -> SpanContext:
        """Return the context, whose ids are drawn at the first call."""
        return self._known or self._draw()

    @property
    def _context(self) -> SpanContext:  # type: ignore[override]  # what the base class keeps
        return self.get_span_context()

    def _draw(self) -> SpanContext:
        if self._above is not None:
            above = self._above.get_span_context()
            self._trace_id, self._flags, self._state = above.trace_id, above.trace_flags, above.trace_state
        with _lock:
            if self._known is None:
                flags, span_id = _FLAGS_OF[self._flags], getrandbits(64) or 1
                self._known = SpanContext(self._trace_id, span_id, False, flags, self._state)  # noqa: FBT003
            return self._known


class Bounds:
    """A sampler as numbers: a trace is sampled if the lower half of its id is below the bound.

    Attributes:
        root: The bound of a trace that begins here.
        below: The bounds below a parent, by whether it is remote, and whether it is sampled.
        below_unsampled: That below a parent of this process that is not sampled.
    """

    __slots__ = ("below", "below_unsampled", "root")

    def __init__(self, root: int, below: tuple[tuple[int, int], tuple[int, int]]) -> None:
        self.root = root
        self.below = below
        self.below_unsampled = below[0][0]

    @classmethod
    def of(cls, sampler: Sampler) -> Bounds | None:
        """Return the numbers of a sampler of the SDK, or None where it has to be asked."""
        if type(sampler).should_sample is not ParentBased.should_sample:
            bound = _bound(sampler)
            return None if bound is None else cls(bound, ((bound, bound), (bound, bound)))
        parents = cast("ParentBased", sampler)
        root, *below = (
            _bound(one)
            for one in (
                parents._root,
                parents._local_parent_not_sampled,
                parents._local_parent_sampled,
                parents._remote_parent_not_sampled,
                parents._remote_parent_sampled,
            )
        )
        if root is None or None in below:
            return None
        off, on, remote_off, remote_on = cast("list[int]", below)
        return cls(root, ((off, on), (remote_off, remote_on)))


def _bound(sampler: Sampler) -> int | None:
    asked = type(sampler).should_sample
    if asked is TraceIdRatioBased.should_sample:
        return cast("TraceIdRatioBased", sampler).bound
    if asked is not StaticSampler.should_sample:
        return None
    return {Decision.DROP: 0, Decision.RECORD_AND_SAMPLE: 1 << 64}.get(
        cast("StaticSampler", sampler)._decision
    )


class FastTracer:
    """Starts the spans of one tracer of the SDK.

    Args:
        tracer: Whose sampler, ids, limits, resource, scope and processors they get.
        ends: Takes the spans that end, and calls their `deliver` later; without it the processors get them
            at once.
    """

    def __init__(self, tracer: Any, ends: Any = None) -> None:
        self._tracer = tracer
        self._bounds = cast("Bounds", Bounds.of(tracer.sampler))
        self._ids = tracer.id_generator
        self._draws = type(tracer.id_generator) is RandomIdGenerator
        self._random = _RANDOM if tracer.id_generator.is_trace_id_random() else 0
        self._limits = tracer._span_limits
        self._processors = tracer.span_processor
        self._ends = ends
        if ends is not None:
            self._processors._span_processors = (ends, *self._processors._span_processors)
        self._look()
        at_fork(in_child=self._look)  # a forked child has a resource of its own

    def close(self) -> None:
        """Deliver the spans whose end is deferred, and leave the tracer's processors as they were."""
        if self._ends is not None:
            self._ends.shutdown()
            others = self._processors._span_processors
            self._processors._span_processors = tuple(one for one in others if one is not self._ends)

    def _look(self) -> None:
        """See which processors there are: those that want to know of starts are called, others are not."""
        self._seen = self._processors._span_processors
        self._starts = any(_function(one.on_start) not in _QUIET for one in self._seen)
        ends = any(_function(one._on_ending) is not SpanProcessor._on_ending for one in self._seen)
        deliver = self._end if ends else self._processors.on_end
        self._span: Any = type(
            "FastSpan",
            (FastSpan,),
            {
                "_resource": self._tracer.resource,
                "_instrumentation_scope": self._tracer._instrumentation_scope,
                "_instrumentation_info": self._tracer.instrumentation_info,
                "_limits": self._limits,
                "_span_processor": self._processors,
                "deliver": staticmethod(deliver),
                "_hand_on": staticmethod(deliver if self._ends is None else self._ends.put),
            },
        )

    def _end(self, span: Any) -> None:
        self._processors._on_ending(span)
        self._processors.on_end(span)

    def clean(self, attributes: Attributes | None) -> Attributes:
        """Return a copy of attributes as the SDK would keep them on a span."""
        plain: Attributes = exportable_attributes(attributes)
        if not plain:
            return _NOTHING
        most, longest = self._limits.max_span_attributes, self._limits.max_span_attribute_length
        fits = longest is None and (most is None or len(plain) <= most)
        if fits and plain is attributes:  # nothing in it that the SDK would look into
            return dict(plain)
        return BoundedAttributes(most, plain, max_value_len=longest)

    def start(  # noqa: C901, PLR0912 - in one piece: a call costs a tenth of it
        self,
        name: str,
        kind: SpanKind,
        attributes: Attributes | None,
        context: Context,
        *,
        clean: bool = False,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
    ) -> Any:
        """Start a span.

        Args:
            name: Its name.
            kind: OpenTelemetry's span kind.
            attributes: Its attributes.
            context: Whose current span is the parent.
            clean: Whether `clean` returned the attributes.
            links: Spans of other traces that led here.
            start_time: Unix time in nanoseconds, if it started earlier.

        Returns:
            A `FastSpan`, or an `UnsampledSpan`.
        """
        bounds = self._bounds
        parent: Any = context.get(SPAN_KEY)
        above = None
        if parent is not None:
            if parent.__class__ is UnsampledSpan and not bounds.below_unsampled:
                span = _new(UnsampledSpan)
                span._above = parent
                return span
            above = parent.get_span_context()
            if above is not None and not above[_VALID]:
                above = None
        if above is None:
            trace_id = (getrandbits(128) or 1) if self._draws else self._ids.generate_trace_id()
            flags, state, bound = self._random, DEFAULT_TRACE_STATE, bounds.root
        else:
            trace_id, flags, state = above[_TRACE_ID], above[_FLAGS] & _RANDOM, above[_STATE]
            bound = bounds.below[above[_REMOTE]][above[_FLAGS] & 1]
        if bound <= _LOW_64 and trace_id & _LOW_64 >= bound:
            if not self._draws:
                span_id = self._ids.generate_span_id()
                return NonRecordingSpan(SpanContext(trace_id, span_id, False, _FLAGS_OF[flags], state))  # noqa: FBT003 - is_remote
            span = _new(UnsampledSpan)
            span._trace_id = trace_id
            if above is not None:
                span._flags = flags
                span._state = state
            return span
        if self._processors._span_processors is not self._seen:
            self._look()
        span = _new(self._span)
        flags = _FLAGS_OF[flags | 1]
        if self._draws:
            span._context = _tuple(SpanContext, (trace_id, getrandbits(64) or 1, False, flags, state, True))
        else:
            span._context = SpanContext(trace_id, self._ids.generate_span_id(), False, flags, state)  # noqa: FBT003
        span._parent = above
        span._name = name
        span._kind = kind
        span._attributes = attributes if clean else self.clean(attributes)
        if links:
            span._links = span._new_links(links)
        span._start_time = _now() if start_time is None else start_time
        if self._starts:
            self._processors.on_start(span, parent_context=context)
        return span


def _function(method: Any) -> Any:
    return getattr(method, "__func__", method)


def admits(tracer: Any) -> bool:
    """Say whether the spans of a tracer of the SDK can be fast ones.

    They cannot for a sampler that has to be asked, for a tracer that is switched off or counts its spans,
    and for processors that are not under one of the SDK's own: there the tracer itself is right.
    """
    return (
        Bounds.of(tracer.sampler) is not None
        and isinstance(tracer.span_processor, SynchronousMultiSpanProcessor | ConcurrentMultiSpanProcessor)
        and type(tracer._tracer_metrics).__name__ == "NoOpTracerMetrics"
        and bool(tracer._is_enabled())
    )


def context_variable() -> ContextVar[Context] | None:
    """Return where the current context lies, or None where the API's functions have to be called for it."""
    runtime = getattr(context_api, "_RUNTIME_CONTEXT", None)
    found = getattr(runtime, "_current_context", None) if type(runtime) is ContextVarsRuntimeContext else None
    return found if isinstance(found, ContextVar) else None
